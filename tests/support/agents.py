"""A backend that plays chunks and a few small tools, to look at the agent's core alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, ClassVar, cast

from qwen_code.agent.compaction import Compactor
from qwen_code.agent.conversation import Conversation
from qwen_code.agent.executor import Executor
from qwen_code.agent.loop import Agent
from qwen_code.agent.registry import Registry
from qwen_code.agent.verify import Verifier
from qwen_code.chunks import CallChunk, Chunk, Finish, TextChunk
from qwen_code.events import Event, TurnEnded
from qwen_code.messages import Prompt, ToolCall, ToolSpec, Usage
from qwen_code.permissions.decision import Answer, ApprovalRequest, Approver, Decision, Refuse
from qwen_code.settings.model import LimitSettings
from qwen_code.tool import Access, Tool, ToolContext, ToolFailure, ToolResult

Step = Iterable[Chunk | float | BaseException]
"""One answer: chunks to send, seconds to wait, and perhaps an error to end with."""


class PlayedBackend:
    """Answers the nth request with the nth step; the last one again when there are more requests."""

    name = "played"
    location = "local"

    def __init__(self, steps: Sequence[Step]) -> None:
        self._steps = list(steps)
        self.prompts: list[Prompt] = []

    async def context_window(self) -> int:
        return 32_768

    async def window_at_hand(self) -> int | None:
        return None

    async def stream(self, prompt: Prompt) -> AsyncGenerator[Chunk, None]:
        step = self._steps[min(len(self.prompts), len(self._steps) - 1)]
        self.prompts.append(prompt)
        for part in step:
            if isinstance(part, BaseException):
                raise part
            if isinstance(part, (int, float)):
                await asyncio.sleep(part)
            else:
                yield part

    async def count_tokens(self, prompt: Prompt) -> int:
        return sum(len(message.text) for message in prompt.messages)

    async def check(self) -> None: ...

    async def aclose(self) -> None: ...


def says(text: str, reason: Any = "stop") -> list[Chunk]:
    return [TextChunk(text), Finish(reason, Usage(prompt_tokens=10, completion_tokens=5))]


def calls(*made: tuple[str, dict[str, Any]], ids: Sequence[str] = (), text: str = "") -> list[Chunk]:
    chunks: list[Chunk] = [TextChunk(text)] if text else []
    for index, (name, arguments) in enumerate(made):
        call_id = ids[index] if index < len(ids) else f"call_{index}"
        chunks.append(CallChunk(ToolCall(call_id, name, arguments)))
    return [*chunks, Finish("tool_calls", Usage(prompt_tokens=10, completion_tokens=5))]


@dataclass(frozen=True, slots=True)
class EchoParams:
    text: str
    seconds: float = 0.0


class Echo(Tool[EchoParams]):
    """Answers with its argument, after a while."""

    name: ClassVar[str] = "echo"
    params: ClassVar[type[Any]] = EchoParams
    read_only: ClassVar[bool] = True

    def accesses(self, params: EchoParams, ctx: ToolContext) -> Sequence[Access]:
        return [Access("read", params.text, params.text)]

    async def run(self, params: EchoParams, ctx: ToolContext, emit: Callable[[str], None]) -> ToolResult:
        emit("…")
        await asyncio.sleep(params.seconds)
        if params.text == "boom":
            raise RuntimeError("a defect")
        if params.text == "no":
            raise ToolFailure("there is no such thing", "not_found")
        return ToolResult(True, params.text)


class Change(Echo):
    """The same, but it says that it changes a file."""

    name: ClassVar[str] = "change"
    read_only: ClassVar[bool] = False

    def accesses(self, params: EchoParams, ctx: ToolContext) -> Sequence[Access]:
        return [Access("write", params.text, params.text)]

    async def run(self, params: EchoParams, ctx: ToolContext, emit: Callable[[str], None]) -> ToolResult:
        result = await super().run(params, ctx, emit)
        return ToolResult(True, result.for_model, files_changed=(f"/w/{params.text}",))


class AskForWrites:
    """A gate: reads pass, `secret` is denied, writes are asked until a rule says otherwise."""

    def __init__(self) -> None:
        self.rules: set[str] = set()

    def decide(self, tool: str, accesses: Sequence[Access]) -> Decision:
        for access in accesses:
            if access.target == "secret":
                return Decision("deny", "secret things are denied", rule="Read(secret)")
            if access.kind == "write" and access.target not in self.rules:
                return Decision("ask", "it writes", suggestions=(f"Edit({access.target})",))
        return Decision("allow", "harmless")

    def decide_unconfined(self, confinement: str) -> Decision:
        return Decision("deny", "nothing leaves here")


class Answers:
    """An approver with its answers ready; keeps what it was asked."""

    def __init__(self, *answers: Answer) -> None:
        self._answers = list(answers)
        self.asked: list[ApprovalRequest] = []

    async def approve(self, request: ApprovalRequest) -> Answer:
        self.asked.append(request)
        await asyncio.sleep(0)
        return self._answers.pop(0)


def make_agent(
    steps: Sequence[Step],
    *,
    approver: Approver | None = None,
    limits: LimitSettings | None = None,
    verifier: Verifier | None = None,
    record: Callable[[Event], None] = lambda event: None,
    preamble: str = "",
) -> tuple[Agent, PlayedBackend]:
    backend = PlayedBackend(steps)
    registry = Registry([Echo(), Change()])
    gate = AskForWrites()
    nothing = cast(Any, None)  # these tools use nothing of their context
    context = ToolContext(nothing, nothing, nothing, nothing, nothing, nothing)
    executor = Executor(
        registry, gate, approver or Refuse(), context, lambda answer: gate.rules.update(answer.rules)
    )
    conversation = Conversation("You are a test.", (ToolSpec("echo", "", {}),), preamble=preamble)
    agent = Agent(
        backend,
        conversation,
        executor,
        limits or LimitSettings(),
        compactor=Compactor(conversation, nothing),
        verifier=verifier,
        record=record,
    )
    return agent, backend


async def play(agent: Agent, prompt: str = "go") -> list[Event]:
    async with aclosing(agent.run(prompt)) as events:
        return [event async for event in events]


def ended(events: Sequence[Event]) -> TurnEnded:
    last = events[-1]
    assert isinstance(last, TurnEnded)
    assert sum(isinstance(event, TurnEnded) for event in events) == 1
    return last
