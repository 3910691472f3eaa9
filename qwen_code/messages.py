"""The conversation's own types: backend-neutral, frozen, the same for every model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Role: TypeAlias = Literal["user", "assistant", "tool"]

INTERRUPTED = "[interrupted: no result was recorded]"
"""The result of a call whose run was cut short, so that every call in a history is answered."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call as the model made it; `arguments` is decoded but not yet validated."""

    id: str
    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """One entry of the conversation. The system prompt is not a message: see `Conversation.system`."""

    role: Role
    text: str = ""
    reasoning: str = ""
    """What the model thought aloud; kept for the log, sent back only to providers that need it."""
    tool_calls: tuple[ToolCall, ...] = ()
    """Calls of an assistant message, in the order in which their results must follow."""
    tool_call_id: str = ""
    """For role `tool`: the call that this answers."""
    by_harness: bool = field(default=False, compare=False)
    """For role `user`: the program said it, not the person. The model reads both the same way."""


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """What the model is told of a tool. `parameters` is a JSON schema of type object."""

    name: str
    description: str
    parameters: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Usage:
    """What one request, or a sum of them, consumed."""

    prompt_tokens: int = 0
    """Tokens of the whole prompt, cached ones included."""
    cached_tokens: int = 0
    """Of `prompt_tokens`, those the server did not evaluate again."""
    completion_tokens: int = 0
    prefill_s: float = 0.0
    decode_s: float = 0.0
    cost_usd: float | None = None
    """As reported by the provider; None where it reports none."""

    def __add__(self, other: Usage) -> Usage:
        costs = [c for c in (self.cost_usd, other.cost_usd) if c is not None]
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.cached_tokens + other.cached_tokens,
            self.completion_tokens + other.completion_tokens,
            self.prefill_s + other.prefill_s,
            self.decode_s + other.decode_s,
            sum(costs) if costs else None,
        )


@dataclass(frozen=True, slots=True)
class Prompt:
    """All that one request to a model consists of, in the order in which the model reads it.

    `messages` only ever grows at its end during a session, so each request has the one
    before as an exact prefix.
    """

    system: str
    tools: tuple[ToolSpec, ...]
    messages: tuple[Message, ...] = field(default=())
    answer_schema: dict[str, Any] | None = None
    """A JSON schema that the answer must have. A backend that can hold the model to it does."""
