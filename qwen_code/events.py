"""Everything that the agent tells a front end, in the order in which it comes.

One prompt gives:

    TurnStarted
      ( Steered*
        ( CompactionStarted ( Waited | PrefillProgressed | Retried )* Compacted )?
        WindowFilling?
        RequestStarted
          ( Waited | PrefillProgressed | ReasoningDelta | TextDelta | CallDrafted | Retried )*
        AnswerEnded
          ( ToolStarted  ApprovalNeeded? ToolOutput*  ToolFinished )*      calls of one answer may interleave
        Corrected? )*
      VerificationStarted  ToolOutput*  VerificationFinished               then perhaps requests again
    TurnEnded                                                              always, and exactly once

A request that the server refuses as too long is followed by a compaction and RequestStarted of the same
step.

Events carry data only and survive a round trip through JSON (`encode`, `decode`), so that the session log
and `--output-format stream-json` are projections of the same stream.
"""

from __future__ import annotations

import dataclasses
import functools
import typing
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, TypeAlias

from qwen_code.chunks import BadCall
from qwen_code.errors import ExitCode
from qwen_code.messages import Message, ToolCall, Usage
from qwen_code.tool import Block, FailureKind

CorrectionReason: TypeAlias = Literal[
    "empty", "truncated", "malformed", "loop", "verification", "instructions", "schema"
]
CompactionReason: TypeAlias = Literal["window", "overflow", "asked"]
CompactionKind: TypeAlias = Literal["outputs", "summary", "digest"]


class Outcome(StrEnum):
    """How a turn ended, from best to worst as far as a caller cares."""

    DONE = "done"
    UNFINISHED = "unfinished"
    """The model stopped without an answer."""
    LOOP = "loop"
    FAILED = "failed"
    TURN_LIMIT = "turn_limit"
    BUDGET = "budget"
    DENIED = "denied"
    VERIFICATION_FAILED = "verification_failed"
    UNAVAILABLE = "unavailable"
    MISCONFIGURED = "misconfigured"
    INTERRUPTED = "interrupted"

    @property
    def exit_code(self) -> ExitCode:
        return _EXIT_CODES[self]


_EXIT_CODES: dict[Outcome, ExitCode] = {
    Outcome.DONE: ExitCode.DONE,
    Outcome.UNFINISHED: ExitCode.FAILED,
    Outcome.LOOP: ExitCode.FAILED,
    Outcome.FAILED: ExitCode.FAILED,
    Outcome.TURN_LIMIT: ExitCode.TURN_LIMIT,
    Outcome.BUDGET: ExitCode.BUDGET,
    Outcome.DENIED: ExitCode.DENIED,
    Outcome.VERIFICATION_FAILED: ExitCode.VERIFICATION_FAILED,
    Outcome.UNAVAILABLE: ExitCode.TRY_LATER,
    Outcome.MISCONFIGURED: ExitCode.CONFIGURATION,
    Outcome.INTERRUPTED: ExitCode.INTERRUPTED,
}


@dataclass(frozen=True, slots=True)
class Denial:
    """A call that the permission policy or the person refused."""

    call: ToolCall
    reason: str
    rule: str = ""
    """The rule that refused it, or that would allow it when nothing but a question stood in the way."""
    by_person: bool = False
    """True when somebody was asked and said no: then the run did what it was told."""
    by_sandbox: bool = False
    """True when the call ran and failed because of the sandbox; `rule` is the option that would permit it."""


@dataclass(frozen=True, slots=True)
class TurnStarted:
    """A prompt was accepted and is part of the conversation from now on."""

    prompt: str


@dataclass(frozen=True, slots=True)
class Steered:
    """The person said something while the turn ran; it is part of the conversation from now on."""

    text: str


@dataclass(frozen=True, slots=True)
class RequestStarted:
    """The model is asked; `step` counts from 1 within the turn."""

    step: int
    prompt_tokens: int = 0
    """Of the request, as well as it is known before the answer tells it."""
    window: int = 0
    """Tokens that the model's window holds; 0 while the prompt is so short that nobody has asked."""


@dataclass(frozen=True, slots=True)
class Waited:
    """Still nothing from the server after `seconds`."""

    seconds: float


@dataclass(frozen=True, slots=True)
class PrefillProgressed:
    done: int
    total: int
    cached: int


@dataclass(frozen=True, slots=True)
class ReasoningDelta:
    text: str


@dataclass(frozen=True, slots=True)
class TextDelta:
    text: str


@dataclass(frozen=True, slots=True)
class CallDrafted:
    """The model has begun to write a call of `name`; the call itself follows in AnswerEnded."""

    name: str


@dataclass(frozen=True, slots=True)
class Retried:
    """An attempt failed and is made again after `wait_s`; deltas since RequestStarted are void."""

    attempt: int
    reason: str
    wait_s: float


@dataclass(frozen=True, slots=True)
class AnswerEnded:
    """The model's whole answer, now part of the conversation."""

    message: Message
    usage: Usage
    reason: str = "stop"
    """Why it ended: a `FinishReason`, or `cut short` when the turn ended within it."""
    lost: tuple[BadCall, ...] = ()
    """Calls that could not be used; with them the session can be replayed."""


@dataclass(frozen=True, slots=True)
class ToolStarted:
    """A call is about to be judged and run. `title` names it in one line, e.g. `src/app.py`."""

    call: ToolCall
    title: str


@dataclass(frozen=True, slots=True)
class ApprovalNeeded:
    """A person is being asked about this call; comes before the question appears."""

    call_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class ToolOutput:
    """A piece of live output; shown, never sent to the model. For verification `call_id` is `verify`."""

    call_id: str
    text: str


@dataclass(frozen=True, slots=True)
class ToolFinished:
    """The call's result, now part of the conversation as the tool message `for_model`."""

    call: ToolCall
    ok: bool
    for_model: str
    for_user: Block | None = None
    files_changed: tuple[str, ...] = ()
    failure: FailureKind | None = None
    denial: Denial | None = None
    duration_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Corrected:
    """The harness, not the person, told the model something; `text` is the user message that it got."""

    reason: CorrectionReason
    text: str


@dataclass(frozen=True, slots=True)
class VerificationStarted:
    command: str


@dataclass(frozen=True, slots=True)
class VerificationFinished:
    command: str
    passed: bool
    output: str
    attempt: int


@dataclass(frozen=True, slots=True)
class WindowFilling:
    """The window will soon be full; told once before each compaction. Sizes in tokens."""

    used: int
    window: int
    limit: int
    """The size at which the conversation is shortened."""


@dataclass(frozen=True, slots=True)
class CompactionStarted:
    """The conversation is about to be shortened: it fills the window, was refused, or a person asked."""

    reason: CompactionReason
    before: int
    window: int


@dataclass(frozen=True, slots=True)
class Compacted:
    """The conversation was shortened and is another one behind its first message. Sizes in tokens."""

    before: int
    after: int
    kind: CompactionKind = "summary"
    """Old tool results became references to a file; or the model summed up what was said; or, where it could
    not, the program's own notes stand for it."""
    evaluated_again: int = 0
    """What it costs: the part of `after` that the model has to read anew."""
    usage: Usage = dataclasses.field(default_factory=Usage)
    """Of the request for the summary."""
    saved_to: str = ""
    """The file with all that was left out."""
    answers: tuple[str, ...] = ()
    """What the model said to each request for a summary, as it came: with it the session can be replayed."""


@dataclass(frozen=True, slots=True)
class Verification:
    command: str
    passed: bool


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """The turn is over; what happened, exactly."""

    outcome: Outcome
    text: str = ""
    """The model's last answer."""
    detail: str = ""
    """For every outcome but `done`: one sentence that says what stopped it and what to do."""
    usage: Usage = dataclasses.field(default_factory=Usage)
    steps: int = 0
    tool_calls: int = 0
    duration_s: float = 0.0
    model_s: float = 0.0
    """Of `duration_s`, the time spent waiting for the model."""
    files_changed: tuple[str, ...] = ()
    denials: tuple[Denial, ...] = ()
    verification: Verification | None = None
    structured: Any = None
    """The last answer as JSON, where a schema was given and it fits."""


Event: TypeAlias = (
    TurnStarted
    | Steered
    | RequestStarted
    | Waited
    | PrefillProgressed
    | ReasoningDelta
    | TextDelta
    | CallDrafted
    | Retried
    | AnswerEnded
    | ToolStarted
    | ApprovalNeeded
    | ToolOutput
    | ToolFinished
    | Corrected
    | VerificationStarted
    | VerificationFinished
    | WindowFilling
    | CompactionStarted
    | Compacted
    | TurnEnded
)

_TYPES: dict[str, type[Any]] = {t.__name__: t for t in typing.get_args(Event)}


def encode(event: Event) -> dict[str, Any]:
    """`event` as a JSON object with its class name under `type`."""
    return {"type": type(event).__name__, **_plain(event)}


def decode(data: dict[str, Any]) -> Event:
    """The inverse of `encode`. Unknown fields are ignored, so that newer logs can be read.

    Raises:
        ValueError: not an event.
    """
    kind = _TYPES.get(str(data.get("type")))
    if kind is None:
        raise ValueError(f"not an event: {data.get('type')!r}")
    fields = {k: v for k, v in data.items() if k != "type"}
    event: Event = _adapter(kind).validate_python(fields)
    return event


@functools.cache
def _adapter(kind: type[Any]) -> Any:
    """Made once: it takes longer than decoding a thousand events."""
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in typing.cast(list[Any], value)]
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in typing.cast(dict[str, Any], value).items()}
    return value
