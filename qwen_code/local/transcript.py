"""Turns prompts into token ids that never change once sent.

A prompt is a list of entries: the opening (system prompt and tools), then one for each turn: a message, or
the results of one answer's calls. What was tokenised or generated for an entry is remembered under a
digest of all entries up to it, so a turn that comes again, also after another conversation in between or
out of a saved session, has the same ids as before. That matters most for what the model wrote itself: its
text, tokenised anew, is often other ids.
"""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby
from typing import Protocol

from qwen_code.local.call_grammar import Notation
from qwen_code.local.prompt_tokens import PromptTokenizer
from qwen_code.messages import Message, Prompt, ToolSpec

_REMEMBERED = 20_000
"""Entries kept; a long session has some hundreds."""

Segments = Sequence[tuple[str, bool]]
"""Texts, each with whether it is trusted."""


class Template(Protocol):
    """The model's chat template, turn by turn."""

    @property
    def notation(self) -> Notation:
        """How the model writes calls."""
        ...

    def opening(self, system: str, tools: Sequence[ToolSpec]) -> Segments: ...

    def turn(self, messages: Sequence[Message]) -> Segments:
        """One message, or the results of one answer's calls."""
        ...

    def answer_opening(self) -> Segments:
        """What stands before the model's own words."""
        ...

    def answer_closing(self) -> Segments:
        """What stands behind them."""
        ...


@dataclass(frozen=True, slots=True)
class Rendered:
    """A prompt as tokens."""

    tokens: list[int]
    chain: tuple[str, ...]
    """For each entry a digest of all up to it."""
    lengths: tuple[int, ...]
    """How many tokens all entries up to each have together; the answer's opening comes after the last."""
    marks: tuple[int, ...]
    """Lengths to which conversations come back: behind the opening, before what a person said, the end."""


class Transcript:
    """The memory of one model's token ids."""

    def __init__(self, template: Template, tokenizer: PromptTokenizer) -> None:
        self._template = template
        self._tokenizer = tokenizer
        self._known: OrderedDict[str, list[int]] = OrderedDict()
        self._answer_opening = tokenizer.encode(template.answer_opening())
        self._answer_closing = tokenizer.encode(template.answer_closing())

    def render(self, prompt: Prompt) -> Rendered:
        """`prompt` as tokens, the opening of the answer included."""
        turns = list(_turns(prompt.messages))
        chain = tuple(_chain(prompt, turns))
        entries = [
            self._entry(digest, prompt, turn) for digest, turn in zip(chain, [(), *turns], strict=True)
        ]
        lengths = tuple(accumulate(len(entry) for entry in entries))
        tokens = [token for entry in entries for token in entry] + self._answer_opening
        before_person = [lengths[index] for index, turn in enumerate(turns) if turn[0].role == "user"]
        marks = tuple(sorted({lengths[0], *before_person, lengths[-1]}))
        return Rendered(tokens, chain, lengths, marks)

    def beginning(self, rendered: Rendered, messages: Sequence[Message]) -> list[int]:
        """What `rendered` holds of its first messages, and the opening of an answer to them."""
        turns = sum(1 for _ in _turns(messages))
        return rendered.tokens[: rendered.lengths[turns]] + self._answer_opening

    def answered(self, rendered: Rendered, answer: Message, drawn: Sequence[int]) -> Rendered:
        """Remember what the model drew for `answer`, and return the prompt with it as one more entry."""
        entry = [*self._answer_opening, *drawn, *self._answer_closing]
        digest = _link(rendered.chain[-1], _digest_of((answer,)))
        self._remember(digest, entry)
        length = rendered.lengths[-1] + len(entry)
        tokens = rendered.tokens[: rendered.lengths[-1]] + entry
        return Rendered(tokens, (*rendered.chain, digest), (*rendered.lengths, length), rendered.marks)

    def restore(self, chain: Sequence[str], lengths: Sequence[int], tokens: Sequence[int]) -> None:
        """Remember the entries of a saved conversation."""
        start = 0
        for digest, end in zip(chain, lengths, strict=True):
            self._remember(digest, list(tokens[start:end]))
            start = end

    def _entry(self, digest: str, prompt: Prompt, turn: Sequence[Message]) -> list[int]:
        known = self._known.get(digest)
        if known is not None:
            self._known.move_to_end(digest)
            return known
        template = self._template
        entry = self._tokenizer.encode(
            template.turn(turn) if turn else template.opening(prompt.system, prompt.tools)
        )
        self._remember(digest, entry)
        return entry

    def _remember(self, digest: str, entry: list[int]) -> None:
        self._known[digest] = entry
        self._known.move_to_end(digest)
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)


def _turns(messages: Sequence[Message]) -> Iterator[Sequence[Message]]:
    for role, group in groupby(messages, key=lambda message: message.role):
        if role == "tool":
            yield tuple(group)
        else:
            yield from ((message,) for message in group)


def _chain(prompt: Prompt, turns: Sequence[Sequence[Message]]) -> Iterator[str]:
    tools = [[tool.name, tool.description, tool.parameters] for tool in prompt.tools]
    link = _link("", _digest([prompt.system, tools]))
    yield link
    for turn in turns:
        link = _link(link, _digest_of(turn))
        yield link


def _link(before: str, digest: str) -> str:
    return hashlib.sha256(f"{before}/{digest}".encode()).hexdigest()[:32]


def _digest_of(turn: Sequence[Message]) -> str:
    """Of what the model reads of a turn. Ids of calls and thoughts are not rendered; the blanks around an
    answer are dropped by whoever keeps it."""
    return _digest(
        [
            [
                message.role,
                message.text.strip() if message.role == "assistant" else message.text,
                [[call.name, call.arguments] for call in message.tool_calls],
            ]
            for message in turn
        ]
    )


def _digest(value: object) -> str:
    text = json.dumps(value, ensure_ascii=True, sort_keys=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
