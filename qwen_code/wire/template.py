"""Renders prompts as text in the formats that Qwen models were trained on, for models run in this process.

`qwen3_coder` gives the text of the chat template of Qwen3-Coder (480B, 30B and Next; Hugging Face,
Qwen/Qwen3-Coder-30B-A3B-Instruct) to the character; `hermes` that of Qwen2.5 and of the Qwen3 models that are
not coders, which name calls in JSON. The text comes in segments, because what a file, a command or a user
says must not be read as markup: untrusted segments are to be tokenised without special tokens, and piece by
piece as `broken_up` gives them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from qwen_code.messages import Message, Prompt, ToolCall, ToolSpec

GENERATION_PROMPT = "<|im_start|>assistant\n"
"""What the model's answer follows."""
END_OF_TURN = "<|im_end|>"
_CODER_DEFAULT = "You are Qwen, a helpful AI assistant that can interact with a computer to solve tasks."
_HERMES_DEFAULT = "You are Qwen, created by Alibaba Cloud. You are a helpful assistant."
_CODER_HOW = """

If you choose to call a function ONLY reply in the following format with NO suffix:

<tool_call>
<function=example_function_name>
<parameter=example_parameter_1>
value_1
</parameter>
<parameter=example_parameter_2>
This is the value for the second parameter
that can span
multiple lines
</parameter>
</function>
</tool_call>

<IMPORTANT>
Reminder:
- Function calls MUST follow the specified format: an inner <function=...></function> block must be nested \
within <tool_call></tool_call> XML tags
- Required parameters MUST be specified
- You may provide optional reasoning for your function call in natural language BEFORE the function call, \
but NOT after
- If there is no function call available, answer the question like normal with your current knowledge \
and do not tell the user about function calls
</IMPORTANT>"""
_HERMES_HOW = """

For each function call, return a json object with function name and arguments within \
<tool_call></tool_call> XML tags:
<tool_call>
{"name": <function-name>, "arguments": <args-json-object>}
</tool_call>"""
_BREAK = re.compile(r"(?<=<)(?=\|[^|<>\s]*\|>|/?(?:tool_call|tool_response|think)>)")
_MARKUP = re.compile(r"<\|[^|<>\s]*\|>|</?tool_(?:call|response)>")


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a prompt. Special tokens are special in it only if it is trusted."""

    text: str
    trusted: bool


def qwen3_coder(prompt: Prompt, *, generate: bool = True) -> list[Segment]:
    """`prompt` for Qwen3-Coder; with the prompt for the model's answer at its end if `generate`."""
    paper = _Paper()
    if prompt.system or prompt.tools:
        paper.write("<|im_start|>system\n" + (prompt.system or _CODER_DEFAULT))
        if prompt.tools:
            paper.write("\n\n# Tools\n\nYou have access to the following functions:\n\n<tools>")
            for tool in prompt.tools:
                paper.describe(_coder_tool(tool))
            paper.write("\n</tools>" + _CODER_HOW)
        paper.write("<|im_end|>\n")
    _write_messages(paper, prompt.messages, _coder_turn, _coder_results)
    if generate:
        paper.write(GENERATION_PROMPT)
    return paper.segments()


def hermes(prompt: Prompt, *, generate: bool = True) -> list[Segment]:
    """`prompt` for models that call tools in JSON; with the prompt for the model's answer if `generate`."""
    paper = _Paper()
    paper.write("<|im_start|>system\n" + (prompt.system or _HERMES_DEFAULT))
    if prompt.tools:
        paper.write(
            "\n\n# Tools\n\nYou may call one or more functions to assist with the user query.\n\n"
            "You are provided with function signatures within <tools></tools> XML tags:\n<tools>"
        )
        for tool in prompt.tools:
            paper.describe("\n" + _dump(_openai_tool(tool)))
        paper.write("\n</tools>" + _HERMES_HOW)
    paper.write("<|im_end|>\n")
    _write_messages(paper, prompt.messages, _hermes_turn, _hermes_results)
    if generate:
        paper.write(GENERATION_PROMPT)
    return paper.segments()


def rendered(segments: Sequence[Segment]) -> str:
    """The whole text."""
    return "".join(segment.text for segment in segments)


def broken_up(text: str) -> list[str]:
    """Untrusted text in pieces that hold no tag which Qwen's tokenizer makes one token of.

    `<tool_call>`, `<think>` and their like are tokens of the user-defined kind, so llama.cpp finds them even
    where special tokens are off; the pieces, tokenised one by one, are the same text without them.
    """
    return _BREAK.split(text)


def render_calls(calls: Sequence[ToolCall]) -> str:
    """Calls as Qwen3-Coder writes them, as one string; what `decode` is the inverse of."""
    paper = _Paper()
    for call in calls:
        _coder_call(paper, call)
    return rendered(paper.segments()).removeprefix("\n")


class _Paper:
    """Collects text; neighbours of the same trust become one segment."""

    def __init__(self) -> None:
        self._pieces: list[tuple[str, bool]] = []

    def write(self, text: str) -> None:
        """Our own text, with markup."""
        self._pieces.append((text, True))

    def quote(self, text: str) -> None:
        """Text of others."""
        self._pieces.append((text, False))

    def describe(self, text: str) -> None:
        """What a tool's author says: like our own text, as in training, unless it holds markup."""
        self._pieces.append((text, _MARKUP.search(text) is None))

    def segments(self) -> list[Segment]:
        joined: list[Segment] = []
        run: list[str] = []
        for index, (text, trusted) in enumerate(self._pieces):
            run.append(text)
            if index + 1 == len(self._pieces) or self._pieces[index + 1][1] != trusted:
                if whole := "".join(run):
                    joined.append(Segment(whole, trusted))
                run = []
        return joined


def _write_messages(
    paper: _Paper,
    messages: Sequence[Message],
    turn: Callable[[_Paper, Message], None],
    results: Callable[[_Paper, Sequence[Message], bool], None],
) -> None:
    """Each message as a turn of its own, but results of tools that follow each other as one."""
    at = 0
    while at < len(messages):
        if messages[at].role != "tool":
            turn(paper, messages[at])
            at += 1
            continue
        end = at
        while end < len(messages) and messages[end].role == "tool":
            end += 1
        results(paper, messages[at:end], at == 0)
        at = end


def _coder_turn(paper: _Paper, message: Message) -> None:
    if not message.tool_calls:
        _plain_turn(paper, message)
        return
    paper.write(f"<|im_start|>{message.role}")
    if text := message.text.strip():
        paper.write("\n")
        paper.quote(text)
        paper.write("\n")
    for call in message.tool_calls:
        _coder_call(paper, call)
    paper.write("<|im_end|>\n")


def _coder_call(paper: _Paper, call: ToolCall) -> None:
    paper.write("\n<tool_call>\n<function=")
    paper.describe(call.name)
    paper.write(">\n")
    for name, value in call.arguments.items():
        paper.write("<parameter=")
        paper.describe(name)
        paper.write(">\n")
        paper.quote(_dump(value) if isinstance(value, (dict, list, tuple)) else str(value))
        paper.write("\n</parameter>\n")
    paper.write("</function>\n</tool_call>")


def _coder_results(paper: _Paper, results: Sequence[Message], first: bool) -> None:
    if not first:
        paper.write("<|im_start|>user\n")
    for result in results:
        paper.write("<tool_response>\n")
        paper.quote(result.text)
        paper.write("\n</tool_response>\n")
    paper.write("<|im_end|>\n")


def _hermes_turn(paper: _Paper, message: Message) -> None:
    if not message.tool_calls:
        _plain_turn(paper, message)
        return
    paper.write(f"<|im_start|>{message.role}")
    if message.text:
        paper.write("\n")
        paper.quote(message.text)
    for call in message.tool_calls:
        paper.write('\n<tool_call>\n{"name": "')
        paper.describe(call.name)
        paper.write('", "arguments": ')
        paper.quote(_dump(call.arguments))
        paper.write("}\n</tool_call>")
    paper.write("<|im_end|>\n")


def _hermes_results(paper: _Paper, results: Sequence[Message], first: bool) -> None:
    paper.write("<|im_start|>user")
    for result in results:
        paper.write("\n<tool_response>\n")
        paper.quote(result.text)
        paper.write("\n</tool_response>")
    paper.write("<|im_end|>\n")


def _plain_turn(paper: _Paper, message: Message) -> None:
    paper.write(f"<|im_start|>{message.role}\n")
    paper.quote(message.text)
    paper.write("<|im_end|>\n")


def _coder_tool(tool: ToolSpec) -> str:
    parts = [f"\n<function>\n<name>{tool.name}</name>"]
    parts.append(f"\n<description>{tool.description.strip()}</description>\n<parameters>")
    properties = tool.parameters.get("properties")
    if isinstance(properties, dict):
        for name, schema in cast("dict[str, Any]", properties).items():
            parts.append(_coder_parameter(name, schema))
    parts.append(_other_keys(tool.parameters, ("type", "properties")))
    parts.append("\n</parameters>\n</function>")
    return "".join(parts)


def _coder_parameter(name: str, schema: Any) -> str:
    fields = cast("dict[str, Any]", schema) if isinstance(schema, dict) else {}
    parts = [f"\n<parameter>\n<name>{name}</name>"]
    if "type" in fields:
        parts.append(f"\n<type>{fields['type']}</type>")
    if "description" in fields:
        parts.append(f"\n<description>{str(fields['description']).strip()}</description>")
    parts.append(_other_keys(fields, ("name", "type", "description")))
    parts.append("\n</parameter>")
    return "".join(parts)


def _other_keys(fields: dict[str, Any], handled: Sequence[str]) -> str:
    return "".join(
        f"\n<{key}>{_dump(value) if isinstance(value, (dict, list, tuple)) else value}</{key}>"
        for key, value in fields.items()
        if key not in handled
    )


def _openai_tool(tool: ToolSpec) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    return {"type": "function", "function": function}


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
