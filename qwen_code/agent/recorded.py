"""What a session's log has, played in the place of those who made it: the model, the tools, the verification.

`replay.py` joins these with the agent and compares what it does with the log.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast

from qwen_code.agent.compaction import Compactor, Fill
from qwen_code.agent.conversation import Conversation
from qwen_code.agent.executor import Executor, Tell
from qwen_code.agent.limits import Stop
from qwen_code.agent.report import Complaint
from qwen_code.backends.base import ModelBackend
from qwen_code.chunks import CallChunk, Chunk, Finish, FinishReason, ReasoningChunk, TextChunk
from qwen_code.errors import BackendError, BackendUnavailable, ConfigurationError
from qwen_code.events import (
    AnswerEnded,
    Compacted,
    Corrected,
    Event,
    Outcome,
    Steered,
    ToolFinished,
    TurnEnded,
    TurnStarted,
    VerificationFinished,
    decode,
    encode,
)
from qwen_code.messages import Prompt, ToolCall
from qwen_code.sessions.lines import Record
from qwen_code.sessions.log import SessionHeader
from qwen_code.sessions.restore import Telling
from qwen_code.sessions.timeline import effective

TAKEN = (
    TurnStarted, Steered, AnswerEnded, ToolFinished, Corrected, VerificationFinished, Compacted, TurnEnded,
)  # fmt: skip


class Tape:
    """The records that count, and how far they have been played."""

    def __init__(self, records: Sequence[Record]) -> None:
        header = SessionHeader.decode(records[0])
        self.header = header
        self.told = Telling(header.preamble)
        self.at = 0
        self._events: list[Event | Record] = list(_played(effective(records)[1:]))
        self.verifies = any(isinstance(event, VerificationFinished) for event in self._events)

    @property
    def next(self) -> Event | Record | None:
        return self._events[self.at] if self.at < len(self._events) else None

    def later(self) -> Iterator[Event | Record]:
        """What comes behind the next one."""
        yield from self._events[self.at + 1 :]

    def advance(self) -> None:
        event = self._events[self.at]
        self.at += 1
        self.told.take(event if isinstance(event, dict) else encode(event))


def _played(records: Sequence[Record]) -> Iterator[Event | Record]:
    for record in records:
        if record.get("type") == "conversation":
            yield record
            continue
        try:
            event = decode(record)
        except ValueError:
            continue
        if isinstance(event, TAKEN):
            yield event


class RecordedModel:
    """Answers as the model did then."""

    name = "recorded"
    location = "log"

    def __init__(self, tape: Tape, requested: Callable[[Prompt], None]) -> None:
        """`requested` hears of every prompt before it is answered."""
        self._tape = tape
        self._requested = requested

    async def window_at_hand(self) -> int | None:
        return None

    async def context_window(self) -> int:
        return 0

    async def count_tokens(self, prompt: Prompt) -> int:
        return 0

    async def check(self) -> None: ...

    async def aclose(self) -> None: ...

    async def stream(self, prompt: Prompt) -> AsyncGenerator[Chunk, None]:
        self._requested(prompt)
        answer = self._tape.next
        if not isinstance(answer, AnswerEnded):
            raise _end(answer)
        message = answer.message
        if message.reasoning:
            yield ReasoningChunk(message.reasoning)
        if message.text:
            yield TextChunk(message.text)
        for call in message.tool_calls:
            yield CallChunk(call)
        for lost in answer.lost:
            yield lost
        if answer.reason == "cut short":
            raise _end(next(self._tape.later(), None))
        yield Finish(cast("FinishReason", answer.reason), answer.usage)


class RecordedTools(Executor):
    """Gives the results that the calls had then."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape

    async def run(self, calls: Sequence[ToolCall], tell: Tell) -> list[ToolFinished]:
        finished: list[ToolFinished] = []
        while len(finished) < len(calls):
            result = self._tape.next
            if not isinstance(result, ToolFinished):
                raise _end(result)
            finished.append(result)
            tell(result)
        order = {call.id: position for position, call in enumerate(calls)}
        return sorted(finished, key=lambda result: order.get(result.call.id, len(order)))

    def take_touched(self) -> list[Path]:
        return []


class RecordedCompactor(Compactor):
    """Shortens the conversation where it was shortened then, to what it was then."""

    def __init__(self, tape: Tape, conversation: Conversation) -> None:
        self._tape = tape
        self._conversation = conversation

    def turn_began(self) -> None: ...

    def answered(self) -> None: ...

    def cut_short(self, usage: Any) -> None: ...

    def fitting(self, calls: int) -> Callable[[ToolFinished], ToolFinished]:
        return lambda finished: finished

    async def before_request(self, backend: ModelBackend, tell: Tell) -> Fill:
        if isinstance(self._tape.next, dict):
            self._tape.advance()
            self._conversation.replace(self._tape.told.messages)
            if isinstance(compacted := self._tape.next, Compacted):
                tell(compacted)
        return Fill(0, 0)


class RecordedAdvice:
    """Instructions that went with files then; they lie in files that may have changed."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape

    def due(self, paths: Sequence[Path]) -> str | None:
        match self._tape.next:
            case Corrected(reason="instructions", text=text):
                return text
            case _:
                return None


class RecordedSchema:
    """Complains of an answer where it was complained of then; the schema is not in the log."""

    schema = None
    value = None

    def __init__(self, tape: Tape) -> None:
        self._tape = tape

    def asked(self, prompt: str) -> str:
        return prompt

    def complaint(self, text: str) -> Complaint | None:
        match self._tape.next:
            case Corrected(reason="schema", text=told):
                return Complaint("schema", told, told)
            case _:
                return None


class RecordedVerifier:
    """Passes or fails as it did then."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape

    async def run(self, tell: Tell) -> VerificationFinished:
        finished = self._tape.next
        if isinstance(finished, VerificationFinished):
            tell(finished)
            return finished
        return VerificationFinished("", True, "", 0)  # it was not verified then


def _end(event: Event | Record | None) -> BaseException:
    """What ended the turn from outside, as the loop would have seen it."""
    if not isinstance(event, TurnEnded):
        return asyncio.CancelledError()
    match event.outcome:
        case Outcome.UNAVAILABLE:
            return BackendUnavailable(event.detail)
        case Outcome.MISCONFIGURED:
            return ConfigurationError(event.detail)
        case Outcome.FAILED:
            return BackendError(event.detail)
        case Outcome.INTERRUPTED:
            return asyncio.CancelledError()
        case _:
            return Stop(event.outcome, event.detail)
