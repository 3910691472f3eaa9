"""Runs a recorded session again: the model's answers and the tools' results come from the log, everything
between them from this program, and every request must be the one that was made.

Tools are not run: what a command printed then, it need not print now, and on another machine it can't run at
all. A conversation that was shortened is taken as it was recorded, since that depends on the model's window.
See docs/decisions/007.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from qwen_code.agent.compaction import Compactor, Fill
from qwen_code.agent.conversation import Conversation
from qwen_code.agent.executor import Executor, Tell
from qwen_code.agent.file_instructions import Advisor
from qwen_code.agent.limits import Stop
from qwen_code.agent.loop import Agent
from qwen_code.agent.report import Complaint
from qwen_code.agent.structured import StructuredAnswer
from qwen_code.agent.verify import Verifier
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
from qwen_code.messages import Message, Prompt, ToolCall
from qwen_code.sessions.lines import Record
from qwen_code.sessions.log import SessionHeader
from qwen_code.sessions.restore import Telling
from qwen_code.sessions.timeline import effective
from qwen_code.settings.model import LimitSettings

_TAKEN = (
    TurnStarted, Steered, AnswerEnded, ToolFinished, Corrected, VerificationFinished, Compacted, TurnEnded,
)  # fmt: skip
_FROM_OUTSIDE = frozenset(
    {
        Outcome.INTERRUPTED, Outcome.BUDGET, Outcome.TURN_LIMIT, Outcome.UNAVAILABLE, Outcome.MISCONFIGURED,
        Outcome.FAILED, Outcome.VERIFICATION_FAILED,
    }
)  # fmt: skip
"""Ends that the log has to tell: limits, servers and people are not there again."""


_NAMES = {"Corrected": "a correction", "TurnEnded": "the end of the turn"}


@dataclass(frozen=True, slots=True)
class Difference:
    """Where the program did something else than it did then."""

    turn: int
    request: int
    """Counted over the session, from 1; the one being made, or the next one."""
    what: str
    recorded: str
    now: str


@dataclass(slots=True)
class Replayed:
    """What came of it."""

    turns: int = 0
    requests: int = 0
    differences: list[Difference] = field(default_factory=list[Difference])


class _Over(Exception):
    """The first difference is found, and no more are wanted."""


class _Tape:
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
        if isinstance(event, _TAKEN):
            yield event


class Replayer:
    """Plays one session. `keep_going` goes on behind a difference, from what was recorded."""

    def __init__(self, records: Sequence[Record], *, keep_going: bool = False) -> None:
        self.tape = _Tape(records)
        self.result = Replayed()
        self._keep_going = keep_going
        header = self.tape.header
        self.conversation = Conversation(header.system, header.tools, preamble=header.preamble)
        self.agent = Agent(
            cast("ModelBackend", _RecordedModel(self)),
            self.conversation,
            _RecordedTools(self.tape),
            LimitSettings(),
            compactor=_RecordedCompactor(self),
            advisor=cast("Advisor", _RecordedAdvice(self.tape)),
            verifier=cast("Verifier", _RecordedVerifier(self.tape)) if self.tape.verifies else None,
            record=self._produced,
        )
        self.agent.structured = cast("StructuredAnswer", _RecordedSchema(self.tape))

    async def run(self) -> Replayed:
        """Play to the end, or to the first difference."""
        with suppress(_Over):
            await self._play()
        return self.result

    async def _play(self) -> None:
        tape = self.tape
        while (event := tape.next) is not None:
            if isinstance(event, TurnStarted):
                self.result.turns += 1
                async with aclosing(self.agent.run(event.prompt)) as events:
                    async for _ in events:
                        pass
            elif isinstance(event, dict):
                tape.advance()
                self.conversation.replace(tape.told.messages)
            else:
                tape.advance()

    def differs(self, what: str, recorded: str, now: str) -> None:
        self.result.differences.append(
            Difference(self.result.turns, self.result.requests, what, recorded, now)
        )
        if not self._keep_going:
            raise _Over

    def requested(self, prompt: Prompt) -> None:
        """Compare a request with the one that the log tells of."""
        tape = self.tape
        while isinstance(tape.next, (Corrected, Steered)):  # told then, and not now
            tape.advance()
        self.result.requests += isinstance(tape.next, AnswerEnded)
        tape.told.close_calls()
        recorded = tuple(tape.told.messages)
        if prompt.messages != recorded:
            then, now = _first_difference(recorded, prompt.messages)
            self.conversation.replace(recorded)
            self.differs("the request", then, now)
        if isinstance(tape.next, AnswerEnded):
            self._steer_before_next()

    def _steer_before_next(self) -> None:
        """What a person said while this answer was worked on waits for the request after it."""
        for event in self.tape.later():
            if isinstance(event, Steered):
                self.agent.steer(event.text)
            elif not isinstance(event, (ToolFinished, Corrected)):
                break

    def _produced(self, event: Event) -> None:
        """What the program tells must be what the log has next."""
        if not isinstance(event, _TAKEN):
            return
        recorded = self.tape.next
        if isinstance(event, TurnEnded) and not isinstance(recorded, TurnEnded):
            return  # the process was killed then, and has no end in the log
        if type(recorded) is not type(event):
            if isinstance(event, Corrected):
                self.differs("a correction", f"{type(recorded).__name__}", event.text)
            return
        then, now = _comparable(recorded), _comparable(event)
        self.tape.advance()
        if then != now:
            self.differs(_NAMES.get(type(event).__name__, type(event).__name__), then, now)


class _RecordedModel:
    """Answers as the model did then."""

    name = "recorded"
    location = "log"

    def __init__(self, replayer: Replayer) -> None:
        self._replayer = replayer
        self._tape = replayer.tape

    async def window_at_hand(self) -> int | None:
        return None

    async def context_window(self) -> int:
        return 0

    async def count_tokens(self, prompt: Prompt) -> int:
        return 0

    async def check(self) -> None: ...

    async def aclose(self) -> None: ...

    async def stream(self, prompt: Prompt) -> AsyncGenerator[Chunk, None]:
        self._replayer.requested(prompt)
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


class _RecordedTools(Executor):
    """Gives the results that the calls had then."""

    def __init__(self, tape: _Tape) -> None:
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


class _RecordedCompactor(Compactor):
    """Shortens the conversation where it was shortened then, to what it was then."""

    def __init__(self, replayer: Replayer) -> None:
        self._replayer = replayer
        self._tape = replayer.tape

    def turn_began(self) -> None: ...

    def answered(self) -> None: ...

    def cut_short(self, usage: Any) -> None: ...

    def fitting(self, calls: int) -> Callable[[ToolFinished], ToolFinished]:
        return lambda finished: finished

    async def before_request(self, backend: ModelBackend, tell: Tell) -> Fill:
        if isinstance(self._tape.next, dict):
            self._tape.advance()
            self._replayer.conversation.replace(self._tape.told.messages)
            if isinstance(compacted := self._tape.next, Compacted):
                tell(compacted)
        return Fill(0, 0)


class _RecordedAdvice:
    """Instructions that went with files then; they lie in files that may have changed."""

    def __init__(self, tape: _Tape) -> None:
        self._tape = tape

    def due(self, paths: Sequence[Path]) -> str | None:
        match self._tape.next:
            case Corrected(reason="instructions", text=text):
                return text
            case _:
                return None


class _RecordedSchema:
    """Complains of an answer where it was complained of then; the schema is not in the log."""

    schema = None
    value = None

    def __init__(self, tape: _Tape) -> None:
        self._tape = tape

    def asked(self, prompt: str) -> str:
        return prompt

    def complaint(self, text: str) -> Complaint | None:
        match self._tape.next:
            case Corrected(reason="schema", text=told):
                return Complaint("schema", told, told)
            case _:
                return None


class _RecordedVerifier:
    """Passes or fails as it did then."""

    def __init__(self, tape: _Tape) -> None:
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


def _comparable(event: Event | Record | None) -> str:
    """What must be the same, as text."""
    match event:
        case TurnStarted(prompt) | Steered(prompt):
            return prompt
        case Corrected(reason, text):
            return f"{reason}: {text}"
        case AnswerEnded():
            return repr(replace(event, usage=event.usage).message)
        case TurnEnded(outcome) if outcome in _FROM_OUTSIDE:
            return ""
        case TurnEnded(outcome, text, detail):
            return f"{outcome.value}: {text}\n{detail}"
        case _:
            return ""


def _first_difference(recorded: Sequence[Message], now: Sequence[Message]) -> tuple[str, str]:
    """The first message that differs, then and now."""
    for then, here in zip(recorded, now, strict=False):
        if then != here:
            return _shown(then), _shown(here)
    longer = recorded[len(now) :] or now[len(recorded) :]
    shown = _shown(longer[0]) if longer else ""
    return (shown, "(nothing)") if len(recorded) > len(now) else ("(nothing)", shown)


def _shown(message: Message) -> str:
    calls = "".join(f"\n{call.name} {call.arguments}" for call in message.tool_calls)
    return f"{message.role}: {message.text}{calls}"
