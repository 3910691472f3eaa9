"""What a session has used so far, and what fills the model's window."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from qwen_code.agent.conversation import Conversation
from qwen_code.agent.window import WindowPlan
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
            case Compacted(usage=usage):
                self.usage += usage
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
    """Their sum is `used`."""
    limit: int = 0
    """The size at which the conversation is shortened."""


async def context_report(
    backend: ModelBackend, conversation: Conversation, stats: SessionStats, plan: WindowPlan | None
) -> ContextReport:
    """Measure the parts of the conversation."""
    window = await backend.context_window()
    plan = plan or WindowPlan(window)
    messages = tuple(conversation.messages)
    last = stats.last_request
    used = last.prompt_tokens + last.completion_tokens
    exact = used > 0 and _ends_with_plain_answer(messages)
    if not exact:
        used = await backend.count_tokens(Prompt(conversation.system, conversation.tools, messages))
        exact = backend.location == "local"
    parts = await _parts(backend, conversation)
    return ContextReport(
        window, used, last.cached_tokens, exact, _scaled(parts, used), min(plan.limit, window)
    )


def _ends_with_plain_answer(messages: Sequence[Message]) -> bool:
    """Whether all was counted with the last answer; what a model thinks is counted, but not sent again."""
    return bool(messages) and messages[-1].role == "assistant" and not messages[-1].reasoning


async def _parts(backend: ModelBackend, conversation: Conversation) -> list[ContextPart]:
    """Each counted alone."""
    first, *rest = conversation.messages or [Message("user")]
    preamble = conversation.preamble if first.text.startswith(conversation.preamble) else ""
    task = replace(first, text=first.text.removeprefix(preamble).lstrip())
    said = [message for message in rest if message.role == "user"]

    async def count(messages: Sequence[Message] = (), system: str = "", tools: bool = False) -> int:
        specs = conversation.tools if tools else ()
        return await backend.count_tokens(Prompt(system, specs, tuple(messages)))

    nothing = await count()
    measured = (
        ("system prompt", await count(system=conversation.system)),
        ("tools", await count(tools=True)),
        ("environment and instructions", await count([Message("user", preamble)] if preamble else [])),
        ("your prompts", await count([*([task] if task.text else []), *_by(said, harness=False)])),
        ("notes of the program", await count(_by(said, harness=True))),
        ("answers and calls", await count([m for m in rest if m.role == "assistant"])),
        ("tool results", await count([m for m in rest if m.role == "tool"])),
    )
    return [ContextPart(name, max(tokens - nothing, 0)) for name, tokens in measured]


def _by(messages: Sequence[Message], *, harness: bool) -> list[Message]:
    return [message for message in messages if message.by_harness is harness]


def _scaled(parts: Sequence[ContextPart], total: int) -> tuple[ContextPart, ...]:
    """`parts` so that they add up to `total`: what is left by rounding goes to the largest."""
    whole = sum(part.tokens for part in parts)
    if not whole:
        return tuple(parts)
    sizes = [part.tokens * total // whole for part in parts]
    sizes[sizes.index(max(sizes))] += total - sum(sizes)
    return tuple(ContextPart(part.name, size) for part, size in zip(parts, sizes, strict=True))
