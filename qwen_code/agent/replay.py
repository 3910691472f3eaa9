"""Runs a recorded session again: the model's answers and the tools' results come from the log, everything
between them from this program, and every request must be the one that was made.

Tools are not run: what a command printed then, it need not print now, and on another machine it can't run at
all. A conversation that was shortened is taken as it was recorded, since that depends on the model's window.
See docs/decisions/007.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import cast

from qwen_code.agent.conversation import Conversation
from qwen_code.agent.file_instructions import Advisor
from qwen_code.agent.loop import Agent
from qwen_code.agent.recorded import (
    TAKEN,
    RecordedAdvice,
    RecordedCompactor,
    RecordedModel,
    RecordedSchema,
    RecordedTools,
    RecordedVerifier,
    Tape,
)
from qwen_code.agent.structured import StructuredAnswer
from qwen_code.agent.verify import Verifier
from qwen_code.backends.base import ModelBackend
from qwen_code.events import (
    AnswerEnded,
    Corrected,
    Event,
    Outcome,
    Steered,
    ToolFinished,
    TurnEnded,
    TurnStarted,
)
from qwen_code.messages import Message, Prompt
from qwen_code.sessions.lines import Record
from qwen_code.settings.model import LimitSettings

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


class Replayer:
    """Plays one session. `keep_going` goes on behind a difference, from what was recorded."""

    def __init__(self, records: Sequence[Record], *, keep_going: bool = False) -> None:
        self.tape = Tape(records)
        self.result = Replayed()
        self._keep_going = keep_going
        header = self.tape.header
        self.conversation = Conversation(header.system, header.tools, preamble=header.preamble)
        self.agent = Agent(
            cast("ModelBackend", RecordedModel(self.tape, self.requested)),
            self.conversation,
            RecordedTools(self.tape),
            LimitSettings(),
            compactor=RecordedCompactor(self.tape, self.conversation),
            advisor=cast("Advisor", RecordedAdvice(self.tape)),
            verifier=cast("Verifier", RecordedVerifier(self.tape)) if self.tape.verifies else None,
            record=self._produced,
        )
        self.agent.structured = cast("StructuredAnswer", RecordedSchema(self.tape))

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
        if not isinstance(event, TAKEN):
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


def _comparable(event: Event | Record | None) -> str:
    """What must be the same, as text."""
    match event:
        case TurnStarted(prompt) | Steered(prompt):
            return prompt
        case Corrected(reason, text):
            return f"{reason}: {text}"
        case AnswerEnded():
            return repr(event.message)
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
