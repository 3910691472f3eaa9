"""Which of Qwen's two formats an embedded model speaks, and its prompts in that format, turn by turn."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from qwen_code.errors import ConfigurationError
from qwen_code.local.call_grammar import Notation
from qwen_code.local.model import Model
from qwen_code.local.transcript import Segments
from qwen_code.messages import Message, Prompt, ToolSpec
from qwen_code.wire.template import END_OF_TURN, GENERATION_PROMPT, Segment, hermes, qwen3_coder

_ANCHOR = Message("user")
"""A turn before the one that is rendered, because results of tools are rendered by what precedes them."""
_RENDERERS: dict[Notation, Callable[..., list[Segment]]] = {"xml": qwen3_coder, "json": hermes}
_THOUGHT_OPENING = "<think>\n"


class ChatFormat:
    """A `local.transcript.Template` over the renderers of `wire.template`."""

    def __init__(self, notation: Notation, *, thinking: bool = False, describes_tools: bool = True) -> None:
        """
        Args:
            thinking: the prompt for an answer opens a thought, as for Qwen's thinking-only models.
            describes_tools: false for a model that was trained on a few tools and is not told of them.
        """
        self.notation: Notation = notation
        self._render = render = _RENDERERS[notation]
        self.thinking = thinking
        self._describes_tools = describes_tools
        self._anchor = sum(
            len(segment.text) for segment in render(Prompt("", (), (_ANCHOR,)), generate=False)
        )

    def opening(self, system: str, tools: Sequence[ToolSpec]) -> Segments:
        told = tuple(tools) if self._describes_tools else ()
        return _pairs(self._render(Prompt(system, told), generate=False))

    def turn(self, messages: Sequence[Message]) -> Segments:
        return _after(self._render(Prompt("", (), (_ANCHOR, *messages)), generate=False), self._anchor)

    def answer_opening(self) -> Segments:
        return [(GENERATION_PROMPT + (_THOUGHT_OPENING if self.thinking else ""), True)]

    def answer_closing(self) -> Segments:
        return [(f"{END_OF_TURN}\n", True)]


def chat_format_of(model: Model) -> ChatFormat:
    """The format that the model was trained on, judged by the template that its file carries.

    Raises:
        ConfigurationError: it is not a ChatML model.
    """
    if not {"<|im_start|>", "<|im_end|>"} <= model.special_tokens.keys():
        raise ConfigurationError(
            f"{model.header.name} is not a Qwen model: its vocabulary has no <|im_start|>. Serve it with "
            "`llama-server -m MODEL.gguf --jinja` and set OPENAI_BASE_URL=http://localhost:8080/v1."
        )
    template = model.header.chat_template
    in_xml = "<function=" in template if template else "coder" in model.header.name.lower()
    ending = template.rpartition("add_generation_prompt")[2]
    thinking = "<think>" in ending and "enable_thinking" not in ending
    by_heart = in_xml and bool(template) and re.search(r"\btools\b", template) is None
    return ChatFormat("xml" if in_xml else "json", thinking=thinking, describes_tools=not by_heart)


def _pairs(segments: Sequence[Segment]) -> Segments:
    return [(segment.text, segment.trusted) for segment in segments]


def _after(segments: Sequence[Segment], characters: int) -> Segments:
    """What follows the first `characters` of the text."""
    rest: list[tuple[str, bool]] = []
    for segment in segments:
        text = segment.text[characters:]
        characters = max(0, characters - len(segment.text))
        if text:
            rest.append((text, segment.trusted))
    return rest
