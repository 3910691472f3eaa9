"""What a backend streams while a model answers, whatever the wire looked like.

Order within one answer: PrefillProgress*, then ReasoningChunk, TextChunk, CallStarted, CallChunk and
BadCall as they come, and exactly one Finish at the end. A call arrives whole; CallStarted announces it
early, so that a screen can say what is being written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from qwen_code.messages import ToolCall, Usage

FinishReason: TypeAlias = Literal["stop", "tool_calls", "length", "content_filter", "error"]
BadCallKind: TypeAlias = Literal["truncated", "malformed", "schema", "unknown_tool"]


@dataclass(frozen=True, slots=True)
class TextChunk:
    text: str


@dataclass(frozen=True, slots=True)
class ReasoningChunk:
    text: str


@dataclass(frozen=True, slots=True)
class PrefillProgress:
    """The prompt is being evaluated: `done` of `total` tokens, `cached` of them taken from a cache."""

    done: int
    total: int
    cached: int = 0


@dataclass(frozen=True, slots=True)
class CallStarted:
    """The model has begun to write a call of this tool."""

    name: str


@dataclass(frozen=True, slots=True)
class CallChunk:
    """A complete call."""

    call: ToolCall


@dataclass(frozen=True, slots=True)
class BadCall:
    """The model tried to call a tool and the text can't be used as it is."""

    kind: BadCallKind
    message: str
    """One sentence that the model can act on."""
    name: str = ""
    """The tool meant, where that much could be read."""
    call_id: str = ""
    """For kinds `schema` and `unknown_tool`: the call, which was delivered as well."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nothing has come from the server yet, or the stream pauses; `seconds` since the last sign of life."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Retrying:
    """An attempt failed and the request is made again after `wait_s`; all chunks before are void."""

    attempt: int
    reason: str
    wait_s: float


@dataclass(frozen=True, slots=True)
class Finish:
    reason: FinishReason
    usage: Usage


Chunk: TypeAlias = (
    TextChunk
    | ReasoningChunk
    | PrefillProgress
    | CallStarted
    | CallChunk
    | BadCall
    | Waiting
    | Retrying
    | Finish
)
