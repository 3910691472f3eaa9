"""A chat template small enough to see through, for tests of what lies beneath the real ones."""

from __future__ import annotations

from collections.abc import Sequence

from qwen_code.local.call_grammar import Notation
from qwen_code.local.transcript import Segments
from qwen_code.messages import Message, ToolSpec


class ChatMl:
    """Every entry a turn of its own; calls as `name(arguments)`, results of one answer in one turn."""

    notation: Notation = "xml"

    def opening(self, system: str, tools: Sequence[ToolSpec]) -> Segments:
        names = ", ".join(tool.name for tool in tools)
        return [(f"<|im_start|>system\n{system}\nTools: {names}<|im_end|>\n", True)]

    def turn(self, messages: Sequence[Message]) -> Segments:
        segments: list[tuple[str, bool]] = [(f"<|im_start|>{messages[0].role}\n", True)]
        for message in messages:
            calls = "".join(f"{call.name}({call.arguments})" for call in message.tool_calls)
            segments.append((message.text + calls, False))
        return [*segments, ("<|im_end|>\n", True)]

    def answer_opening(self) -> Segments:
        return [("<|im_start|>assistant\n", True)]

    def answer_closing(self) -> Segments:
        return [("<|im_end|>\n", True)]
