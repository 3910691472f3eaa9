"""Makes a conversation short: saves what is left out, and asks the model for a summary of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from qwen_code.agent.conversation import Conversation
from qwen_code.agent.executor import Tell
from qwen_code.agent.shortening import (
    Facts,
    as_text,
    digest,
    summary_request,
    tail_start,
    take_outputs,
    with_references,
    with_summary,
)
from qwen_code.agent.summary import Summary, ask_for_summary
from qwen_code.agent.window import BYTES_PER_TOKEN, WindowPlan
from qwen_code.backends.base import ModelBackend
from qwen_code.backends.token_estimate import estimate_tokens
from qwen_code.errors import ContextOverflow
from qwen_code.events import CompactionKind
from qwen_code.messages import Message, Prompt, Usage
from qwen_code.tool import OutputLimits, OutputStore
from qwen_code.workspace.outputs import GAP_BYTES, byte_length, cap

_NO_LIMIT = 2**31 - 1
_WORDS_PER_TOKEN = 0.55
"""In a summary full of paths and names."""
_REFERENCE = 24
"""Tokens of what stands for a result that was left out."""


@dataclass(frozen=True, slots=True)
class Shortened:
    """What takes the place of a conversation."""

    messages: Sequence[Message]
    kind: CompactionKind
    saved_to: str = ""
    usage: Usage = field(default_factory=Usage)
    answers: tuple[str, ...] = ()


class Cutter:
    """Cuts what is too long, and keeps the whole where the model can read it."""

    def __init__(self, outputs: OutputStore) -> None:
        self._outputs = outputs

    def cut(self, text: str, most: int, label: str) -> str:
        """`text`, or its two ends where it has more than `most` tokens."""
        if len(text) <= most or (size := estimate_tokens(text)) <= most:
            return text
        limits = OutputLimits(_NO_LIMIT, byte_length(text) * most // size + GAP_BYTES)
        return cap(text, limits, self.save(label, text))

    def save(self, label: str, text: str) -> Path | None:
        """None when the disk does not take it: what is left out is lost to the model then, not to the log."""
        try:
            return self._outputs.save(label, text)
        except OSError:
            return None


class Condenser:
    """Shortens one conversation, as it is now, for one model."""

    def __init__(
        self,
        conversation: Conversation,
        backend: ModelBackend,
        plan: WindowPlan,
        cutter: Cutter,
        facts: Callable[[], Facts],
    ) -> None:
        self._conversation = conversation
        self._old = list(conversation.messages)
        self._backend = backend
        self._plan = plan
        self._cutter = cutter
        self._facts = facts

    async def without_outputs(self, start: int, before: int) -> Shortened | None:
        """References for old results, where that frees enough."""
        taken = take_outputs(self._old, start)
        freed = sum(estimate_tokens(self._old[index].text) - _REFERENCE for index in taken.lines)
        if not self._plan.enough_freed(before, before - freed):
            return None
        tried = with_references(self._old, taken, Path("0000-tool-results.txt"))
        if not self._plan.enough_freed(before, await self._tokens(tried)):
            return None
        path = self._cutter.save("tool results", taken.text)
        return Shortened(with_references(self._old, taken, path), "outputs", str(path)) if path else None

    async def latest_cut(self) -> Shortened:
        """What the model has not answered yet, cut to what the window takes; if need be the task too."""
        first, *latest = self._old
        messages = [first, *self._fitted(latest, self._plan.results)]
        if latest and await self._tokens(messages) > self._plan.limit:
            messages[0] = self._first()
        return Shortened(messages, "outputs")

    async def summed_up(self, start: int, before: int, focus: str, tell: Tell) -> Shortened:
        summary = await self._summary(start, before, focus, tell)
        path = self._cutter.save("conversation", as_text(self._old))
        first = self._first()
        facts, budget = self._facts(), self._plan.summary * BYTES_PER_TOKEN

        def rebuilt(start: int, latest: Sequence[Message]) -> list[Message]:
            return with_summary(
                [first, *self._old[1:start], *latest],
                start,
                summary.text or digest(self._old[1:start], budget),
                by_model=bool(summary.text),
                facts=facts,
                requests_budget=budget,
                saved_to=str(path or ""),
            )

        messages = rebuilt(start, self._old[start:])
        if await self._tokens(messages) > self._plan.limit:
            start = tail_start(self._old, 0)
            messages = rebuilt(start, self._fitted(self._old[start:], self._plan.results))
        kind: CompactionKind = "summary" if summary.text else "digest"
        return Shortened(messages, kind, str(path or ""), summary.usage, summary.answers)

    async def _summary(self, start: int, before: int, focus: str, tell: Tell) -> Summary:
        """As the model gives it; with the prefix intact where the window has room for asking that way."""
        request = summary_request(int(self._plan.summary * _WORDS_PER_TOKEN), focus)
        if before <= self._plan.summary_request:
            with suppress(ContextOverflow):
                intact = self._conversation.prompt()
                return await ask_for_summary(self._backend, intact, request, self._plan.summary, tell)
        with suppress(ContextOverflow):
            lean = await self._askable(start)
            return await ask_for_summary(self._backend, lean, request, self._plan.summary, tell)
        return Summary("", Usage())

    async def _askable(self, start: int) -> Prompt:
        """A version of the conversation that leaves room for a summary: without long results, and if that is
        not enough without its middle."""
        lean = list(self._old)
        for end in (start, len(self._old)):
            for index in take_outputs(self._old, end).lines:
                lean[index] = replace(self._old[index], text="[a long result, left out here]")
            if await self._tokens(lean) <= self._plan.summary_request:
                return self._conversation.prompt_of(lean)
        lean[0] = self._first()
        room = self._plan.summary_request - await self._tokens(lean[:1])
        answered = lean[:start]  # what follows stays word for word anyway
        return self._conversation.prompt_of([lean[0], *answered[tail_start(answered, max(room, 0)) :]])

    def _first(self) -> Message:
        """The first message, cut to what it may take."""
        return replace(self._old[0], text=self._cutter.cut(self._old[0].text, self._plan.task, "task"))

    async def _tokens(self, messages: Sequence[Message]) -> int:
        return await self._backend.count_tokens(self._conversation.prompt_of(messages))

    def _fitted(self, messages: Sequence[Message], room: int) -> list[Message]:
        """`messages` with their results and prompts cut so that all of them fit into `room` tokens."""
        long = [m for m in messages if m.role != "assistant" and len(m.text) > 4 * BYTES_PER_TOKEN * 64]
        each = max(room // max(len(long), 1), 64)
        return [
            replace(m, text=self._cutter.cut(m.text, each, m.role)) if m.role != "assistant" else m
            for m in messages
        ]
