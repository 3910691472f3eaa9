"""A stand-in for the application behind the REPL: plays prepared turns, event by event."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal, TypeAlias

from qwen_code.agent.memory import MemoryEntry
from qwen_code.agent.stats import ContextPart, ContextReport, SessionStats
from qwen_code.errors import ConfigurationError, SessionError
from qwen_code.events import (
    AnswerEnded,
    Compacted,
    CompactionStarted,
    Event,
    Outcome,
    RequestStarted,
    Steered,
    TextDelta,
    TurnEnded,
    TurnStarted,
)
from qwen_code.messages import Message, ToolSpec, Usage
from qwen_code.permissions.decision import Answer, ApprovalRequest, Approver, Mode
from qwen_code.permissions.rules import RuleSet
from qwen_code.sandbox.choice import Choice
from qwen_code.sessions import LATEST
from qwen_code.sessions.rewind import Rewinder
from qwen_code.sessions.summary import SessionSummary
from qwen_code.settings.layers import load_settings
from qwen_code.settings.locations import Locations
from qwen_code.settings.model import Settings
from qwen_code.tool import CommandResult, PlanReview, Question, UserPort
from qwen_code.workspace.paths import Workspace


@dataclass(frozen=True, slots=True)
class Pause:
    seconds: float


@dataclass(frozen=True, slots=True)
class Hang:
    """Until the turn is interrupted."""


@dataclass(frozen=True, slots=True)
class Approval:
    request: ApprovalRequest
    then: Callable[[Answer], Sequence[Event]] = lambda answer: ()


@dataclass(frozen=True, slots=True)
class Asking:
    questions: Sequence[Question]


@dataclass(frozen=True, slots=True)
class Planning:
    """A plan is put to the person."""

    plan: str


Step: TypeAlias = Event | Pause | Hang | Approval | Asking | Planning


def says(text: str, pieces: int = 1, usage: Usage | None = None) -> list[Step]:
    """One request that is answered with `text`, streamed in so many pieces."""
    size = max(1, -(-len(text) // pieces))
    deltas = [TextDelta(text[at : at + size]) for at in range(0, len(text), size)]
    return [RequestStarted(1), *deltas, AnswerEnded(Message("assistant", text), usage or Usage(900, 300, 40))]


class FakeBackend:
    name = "fake-model"
    location = "local"

    async def context_window(self) -> int:
        return 32_768

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"the REPL has no business with the backend's {name}")


@dataclass
class FakeApp:
    """Give it the turns to play; look at what it was told afterwards."""

    root: Path
    turns: list[list[Step]] = field(default_factory=list[list[Step]])
    stored: dict[str, list[Event]] = field(default_factory=dict[str, list[Event]])
    settings: Settings = field(default_factory=Settings)
    mode: Mode = Mode.DEFAULT
    session_id: str = "20260102-030405-abcd"
    model_name: str = "qwen3-coder"
    model_location: str = "local"
    confines: bool = False
    opening: Step | None = None
    """What happens while the application opens."""

    prompts: list[str] = field(default_factory=list[str])
    steered: list[str] = field(default_factory=list[str])
    answers: list[Answer] = field(default_factory=list[Answer])
    reviews: list[PlanReview | None] = field(default_factory=list[PlanReview | None])
    user_answers: list[Sequence[str] | None] = field(default_factory=list[Sequence[str] | None])
    commands: list[str] = field(default_factory=list[str])
    rules: list[tuple[str, tuple[str, ...]]] = field(default_factory=list[tuple[str, tuple[str, ...]]])
    compressed: list[str] = field(default_factory=list[str])
    remembered: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    closed: bool = False
    title: str = ""

    def __post_init__(self) -> None:
        self.workspace = Workspace(self.root)
        self.backend: Any = FakeBackend()
        self.store: Any = self
        self.session: Any = self
        self.gate: Any = SimpleNamespace(rules=RuleSet.parse(allow=["Bash(make *)"], deny=["Read(./.env)"]))
        self.sandbox: Any = SimpleNamespace(
            name="bubblewrap" if self.confines else "none", confines=self.confines
        )
        self.trusted = False
        self.chooser: Any = SimpleNamespace(choice=Choice(self.sandbox))
        self._look_again({})
        self._stop = asyncio.Event()
        self._stats = SessionStats(started=0.0)

    @asynccontextmanager
    async def open(
        self, approver: Approver, user: UserPort, warn: Callable[[str], None]
    ) -> AsyncGenerator[FakeApp, None]:
        self._approver, self._user, self.warn = approver, user, warn
        match self.opening:
            case Pause(seconds):
                await asyncio.sleep(seconds)
            case Hang():
                raise ConfigurationError("There is no model; name one with -m.")
            case _:
                pass
        try:
            yield self
        finally:
            self.closed = True

    async def run(self, prompt: str) -> AsyncGenerator[Event, None]:
        self.prompts.append(prompt)
        self._stop = asyncio.Event()
        yield TurnStarted(prompt)
        steps = self.turns.pop(0) if self.turns else says("Nothing more is prepared.")
        outcome = Outcome.DONE
        for step in steps:
            if self._stop.is_set():
                break
            if isinstance(step, RequestStarted):
                while self.steered and self.steered[0]:
                    yield Steered(self.steered.pop(0))
            async for event in self._play(step):
                self._stats.take(event)
                yield event
                if isinstance(event, TurnEnded):
                    return
        if self._stop.is_set():
            outcome = Outcome.INTERRUPTED
        yield TurnEnded(outcome)

    async def _play(self, step: Step) -> AsyncGenerator[Event, None]:
        match step:
            case Pause(seconds):
                await self._waits(asyncio.sleep(seconds))
            case Hang():
                await self._stop.wait()
            case Approval(request, then):
                answer = await self._waits(self._approver.approve(request))
                if answer is not None:
                    self.answers.append(answer)
                    for event in then(answer):
                        yield event
            case Asking(questions):
                self.user_answers.append(await self._waits(self._user.ask(questions)))
            case Planning(plan):
                self.reviews.append(await self._waits(self._user.review_plan(plan)))
            case _:
                yield step

    async def _waits(self, work: Any) -> Any:
        """The result of `work`, or None when the turn is interrupted first."""
        task = asyncio.ensure_future(work)
        stopped = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait([task, stopped], return_when=asyncio.FIRST_COMPLETED)
            return task.result() if task.done() else None
        finally:
            for one in (task, stopped):
                one.cancel()

    def interrupt(self) -> None:
        self._stop.set()

    def steer(self, text: str) -> None:
        self.steered.append(text)

    def _look_again(self, flags: dict[str, object]) -> None:
        home = self.root / "home"
        self.place: Any = SimpleNamespace(
            locations=Locations.of(cwd=self.root, home=home, environ={}),
            environ={},
            flags=flags,
            trusted=False,
            loaded=load_settings(cwd=self.root, home=home, environ={}, flags=flags, trusted=False),
        )

    def set_verification(self, command: str) -> None:
        self.settings = replace(self.settings, agent=replace(self.settings.agent, verify=command))

    def rename(self, title: str) -> None:
        self.title = title

    def rewinder(self) -> Rewinder:
        raise SessionError("Nothing was said in this session yet.")

    async def clear(self) -> None:
        self.session_id = "20260102-040000-wxyz"

    async def resume(self, session_id: str | None) -> Sequence[Event]:
        found = [name for name in self.stored if session_id in (None, LATEST) or name.startswith(session_id)]
        if not found:
            raise SessionError(f"There is no session {session_id}.")
        self.session_id = found[-1]
        return self.stored[found[-1]]

    async def set_model(self, name: str) -> None:
        if name == "nowhere":
            raise ConfigurationError("There is no model called nowhere.")
        self.model_name = name

    async def compress(self, focus: str = "") -> AsyncGenerator[Event, None]:
        self.compressed.append(focus)
        yield CompactionStarted("asked", 30_000, 32_768)
        yield Compacted(30_000, 4_000, "summary", 2_000, saved_to="/sessions/outputs/0001-conversation.txt")
        yield TurnEnded(Outcome.DONE)

    def memory(self) -> list[MemoryEntry]:
        return [MemoryEntry("QWEN.md", 320, True), MemoryEntry(".qwen/rules/api.md", 90, False)]

    def add_memory(self, text: str, scope: Literal["project", "user"]) -> Path:
        self.remembered.append((scope, text))
        return self.root / "QWEN.md"

    def sessions(self) -> Sequence[SessionSummary]:
        return [summary(name, events) for name, events in self.stored.items()]

    def export(self, session: str | None = None, form: str = "md") -> str:
        return f"{session} as {form}"

    def tools(self) -> tuple[ToolSpec, ...]:
        schema = {
            "type": "object",
            "properties": {"file_path": {"type": "string", "description": "The file."}},
        }
        return (
            ToolSpec("read_file", "Read a file.", schema),
            ToolSpec("edit", "Replace text in a file.", schema),
        )

    async def context_report(self) -> ContextReport:
        parts = (
            ContextPart("system prompt", 900),
            ContextPart("tools", 1800),
            ContextPart("tool results", 9000),
        )
        return ContextReport(32_768, 11_700, 2_700, True, parts, 29_000)

    def stats(self) -> SessionStats:
        return self._stats

    def add_rules(self, scope: str, rules: Sequence[str]) -> None:
        self.rules.append((scope, tuple(rules)))

    async def run_command(self, command: str, on_output: Callable[[str], None]) -> CommandResult:
        self.commands.append(command)
        if command.startswith("sleep"):
            await asyncio.sleep(60)
        on_output("one\n")
        on_output("two\n")
        return CommandResult("one\ntwo\n", 0 if command != "false" else 1, directory=self.root)


def summary(session_id: str, events: Sequence[Event]) -> SessionSummary:
    first = next((event.prompt for event in events if isinstance(event, TurnStarted)), "")
    when = datetime.now(UTC) - timedelta(days=2, hours=1)
    turns = sum(isinstance(event, TurnStarted) for event in events)
    return SessionSummary(
        id=session_id,
        started=when,
        modified=when,
        first_prompt=first,
        turns=turns,
        model="qwen3-coder",
        git_branch="main",
        title="",
        path=Path(f"{session_id}.jsonl"),
        cwd="/",
    )
