"""What a session has used so far, and what fills the model's window."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from qwen_code.agent.conversation import Conversation
from qwen_code.backends.base import ModelBackend
from qwen_code.events import AnswerEnded, Compacted, Event, RequestStarted, Retried, ToolFinished, TurnEnded
from qwen_code.messages import Message, Prompt, Usage


@dataclass(slots=True)
class SessionStats:
    """Sums over a session; feed it every event."""

    started: float = field(default_factory=time.time)
    """Unix time."""
    turns: int = 0
    requests: int = 0
    retries: int = 0
    tool_calls: dict[str, int] = field(default_factory=dict[str, int])
    """By tool, in the order of first use."""
    tool_failures: int = 0
    denials: int = 0
    usage: Usage = field(default_factory=Usage)
    last_request: Usage = field(default_factory=Usage)
    """Of the latest answer: its prompt is what the window holds now."""
    files_changed: dict[str, None] = field(default_factory=dict[str, None])
    model_s: float = 0.0
    """Seconds spent waiting for the model."""

    def take(self, event: Event) -> None:
        match event:
            case RequestStarted():
                self.requests += 1
            case Retried():
                self.retries += 1
            case AnswerEnded(usage=usage):
                self.usage += usage
                if usage.prompt_tokens:
                    self.last_request = usage
            case ToolFinished():
                self.tool_calls[event.call.name] = self.tool_calls.get(event.call.name, 0) + 1
                self.tool_failures += not event.ok
                self.denials += event.denial is not None and not event.denial.by_sandbox
                self.files_changed.update(dict.fromkeys(event.files_changed))
            case Compacted():
                self.last_request = Usage()
            case TurnEnded():
                self.turns += 1
                self.model_s += event.model_s
            case _:
                pass

    @property
    def decode_tokens_per_s(self) -> float | None:
        """Of the latest answer, None when the server does not say how long it took."""
        last = self.last_request
        return last.completion_tokens / last.decode_s if last.decode_s else None


@dataclass(frozen=True, slots=True)
class ContextPart:
    name: str
    tokens: int


@dataclass(frozen=True, slots=True)
class ContextReport:
    """What fills the window. `used` is the server's own count where one is known, else an estimate."""

    window: int
    used: int
    cached: int
    exact: bool
    parts: tuple[ContextPart, ...]


async def context_report(
    backend: ModelBackend, conversation: Conversation, stats: SessionStats
) -> ContextReport:
    """Measure the parts of the conversation; each is counted alone, so their sum may differ from `used`."""
    messages = tuple(conversation.messages)
    first, rest = messages[:1], messages[1:]

    async def count(system: str = "", with_tools: bool = False, said: tuple[Message, ...] = ()) -> int:
        tools = conversation.tools if with_tools else ()
        return await backend.count_tokens(Prompt(system, tools, said))

    by_role = {role: tuple(m for m in rest if m.role == role) for role in ("user", "assistant", "tool")}
    parts = (
        ContextPart("system prompt", await count(conversation.system)),
        ContextPart("tools", await count(with_tools=True)),
        ContextPart("environment, instructions and first prompt", await count(said=first)),
        ContextPart("your messages", await count(said=by_role["user"])),
        ContextPart("answers and calls", await count(said=by_role["assistant"])),
        ContextPart("tool results", await count(said=by_role["tool"])),
    )
    last = stats.last_request
    used = last.prompt_tokens + last.completion_tokens
    exact = used > 0
    if not exact:
        used = await backend.count_tokens(Prompt(conversation.system, conversation.tools, messages))
    return ContextReport(await backend.context_window(), used, last.cached_tokens, exact, parts)
