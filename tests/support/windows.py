"""A backend with a window: it counts with Qwen's own tokenizer and refuses what does not fit."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, cast

from qwen_code.agent.compaction import Compactor
from qwen_code.agent.conversation import Conversation
from qwen_code.agent.executor import Executor
from qwen_code.agent.loop import Agent
from qwen_code.agent.registry import Registry
from qwen_code.agent.shortening import Facts
from qwen_code.backends.base import ModelBackend
from qwen_code.chunks import CallChunk, Chunk, Finish, TextChunk
from qwen_code.errors import ContextOverflow
from qwen_code.events import Compacted, Event
from qwen_code.messages import Message, Prompt, ToolCall, ToolSpec, Usage
from qwen_code.permissions.decision import Refuse
from qwen_code.settings.model import LimitSettings
from qwen_code.tool import Access, Tool, ToolContext, ToolResult
from qwen_code.workspace.outputs import OutputFiles
from tests.support import qwen_tokens
from tests.support.agents import AskForWrites, Change, Step, play

SUMMARY = """## Task
Count the stars, one constellation after the other.
## Decisions
Each constellation is counted twice.
## Files
stars.txt: half of it is written.
## Open problems
None.
## Next step
Count the next constellation."""


@lru_cache(maxsize=200_000)
def _count(text: str) -> int:
    return qwen_tokens.count(text)


def tokens_of(prompt: Prompt) -> int:
    """True tokens, with the template's marks around each message."""
    total = _count(prompt.system) + sum(_count(tool.description) for tool in prompt.tools)
    for message in prompt.messages:
        calls = "".join(f"{call.name}{call.arguments}" for call in message.tool_calls)
        total += _count(message.text) + _count(calls) + 5
    return total


def asks_for_summary(prompt: Prompt) -> bool:
    last = prompt.messages[-1]
    return last.role == "user" and last.text.startswith("Stop here and sum up.")


class WindowedBackend:
    """`answer` gives the nth answer to a prompt that fits; requests for a summary get `summary`."""

    name = "windowed"
    location = "local"

    def __init__(
        self,
        answer: Callable[[int], Step],
        window: int,
        *,
        summary: Callable[[int], Step] = lambda n: says(SUMMARY),
        claims: int | None = None,
        tells: bool = True,
    ) -> None:
        """
        Args:
            claims: the window that it names when asked.
            tells: whether a refusal names the true one.
        """
        self._answer, self._summary = answer, summary
        self._window, self._claims, self._tells = window, claims or window, tells
        self.prompts: list[Prompt] = []
        """All that were answered."""
        self.sizes: list[int] = []
        self.refused: list[Prompt] = []

    @property
    def summaries(self) -> list[Prompt]:
        return [prompt for prompt in self.prompts if asks_for_summary(prompt)]

    @property
    def answered(self) -> list[Prompt]:
        return [prompt for prompt in self.prompts if not asks_for_summary(prompt)]

    async def context_window(self) -> int:
        return self._claims

    async def window_at_hand(self) -> int | None:
        return None

    async def count_tokens(self, prompt: Prompt) -> int:
        return tokens_of(prompt)

    async def stream(self, prompt: Prompt) -> AsyncGenerator[Chunk, None]:
        size = tokens_of(prompt)
        if size >= self._window:
            self.refused.append(prompt)
            raise ContextOverflow(
                "The server holds fewer tokens.", window=self._window if self._tells else None
            )
        asked = len(self.summaries) if asks_for_summary(prompt) else len(self.answered)
        step = self._summary(asked) if asks_for_summary(prompt) else self._answer(asked)
        self.prompts.append(prompt)
        self.sizes.append(size)
        for part in step:
            if isinstance(part, BaseException):
                raise part
            if isinstance(part, Finish):
                yield part if part.usage.prompt_tokens else Finish(part.reason, Usage(size, 0, 50))
            elif isinstance(part, (int, float)):
                await asyncio.sleep(part)
            else:
                yield part

    async def check(self) -> None: ...

    async def aclose(self) -> None: ...


def says(text: str) -> list[Chunk]:
    return [TextChunk(text), Finish("stop", Usage())]


@dataclass(frozen=True, slots=True)
class LookParams:
    size: int
    seed: int = 0


class Look(Tool[LookParams]):
    """Answers with `size` tokens."""

    name: ClassVar[str] = "look"
    params: ClassVar[type[Any]] = LookParams
    read_only: ClassVar[bool] = True

    def accesses(self, params: LookParams, ctx: ToolContext) -> Sequence[Access]:
        return [Access("read", "sky", "sky")]

    async def run(self, params: LookParams, ctx: ToolContext, emit: Callable[[str], None]) -> ToolResult:
        return ToolResult(True, words(params.size, params.seed))


def looks(*made: tuple[int, int], say: str = "") -> list[Chunk]:
    """Calls with results of that size and seed each."""
    calls = [ToolCall(f"c{n}", "look", {"size": size, "seed": seed}) for n, (size, seed) in enumerate(made)]
    said = [TextChunk(say)] if say else []
    return [*said, *map(CallChunk, calls), Finish("tool_calls", Usage())]


def changes(name: str) -> list[Chunk]:
    """A call that changes a file."""
    return [CallChunk(ToolCall("c", "change", {"text": name})), Finish("tool_calls", Usage())]


_WORDS = [
    *(
        "star",
        "moon",
        "light",
        "night",
        "north",
        "south",
        "water",
        "river",
        "stone",
        "glass",
        "paper",
        "window",
    ),
    *(
        "garden",
        "road",
        "house",
        "table",
        "chair",
        "book",
        "green",
        "white",
        "black",
        "small",
        "large",
        "early",
    ),
]
"""Each a token of Qwen's, with the blank before it."""


def words(count: int, seed: int = 0) -> str:
    """Text of `count` tokens that is different for each seed."""
    dice = random.Random(seed)
    return " ".join(dice.choices(_WORDS, k=count))


def grown(turns: int) -> list[Message]:
    """What a longer session has said."""
    messages = [Message("user", "PREAMBLE\n\nCount the stars.")]
    for number in range(turns):
        call = ToolCall(f"c{number}", "look", {"size": 60, "seed": number})
        messages.append(Message("assistant", words(20, number + 500), tool_calls=(call,)))
        messages.append(Message("tool", words(60, number), tool_call_id=call.id))
    return messages


def windowed_agent(
    backend: ModelBackend, folder: Path, *, facts: Facts | None = None, **more: Any
) -> tuple[Agent, list[Sequence[Message]]]:
    """An agent whose tools echo, and the conversations that were made durable by compactions."""
    replaced: list[Sequence[Message]] = []
    outputs = OutputFiles(folder / "outputs")
    nothing = cast(Any, None)  # these tools use nothing of their context
    gate = AskForWrites()
    gate.rules.update(f"t{n}" for n in range(1000))
    context = ToolContext(nothing, nothing, nothing, nothing, nothing, outputs)
    conversation = Conversation("You are a test.", (ToolSpec("look", "", {}),), preamble="PREAMBLE")
    agent = Agent(
        backend,
        conversation,
        Executor(Registry([Look(), Change()]), gate, Refuse(), context, lambda answer: None),
        LimitSettings(),
        compactor=Compactor(
            conversation, outputs, facts=lambda: facts or Facts(), replaced=replaced.append, **more
        ),
    )
    return agent, replaced


def compactions(events: Sequence[Event]) -> list[Compacted]:
    return [event for event in events if isinstance(event, Compacted)]


def counting(steps: int, size: int, say: int = 40) -> Callable[[int], Step]:
    """`steps` answers of `say` tokens with a call whose result has `size`, then the end."""

    def answer(number: int) -> Step:
        if number >= steps:
            return says("All stars are counted.")
        return looks((size, number), say=words(say, number + 5000))

    return answer


def continues(before: Prompt, after: Prompt) -> bool:
    return after.messages[: len(before.messages)] == before.messages


def run(backend: WindowedBackend, folder: Path, prompt: str = "Count the stars.") -> list[Event]:
    agent, _ = windowed_agent(backend, folder)
    return asyncio.run(play(agent, prompt))
