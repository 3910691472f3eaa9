"""What the REPL needs of the application behind it: `qwen_code.app.App`, or a stand-in in tests."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from qwen_code.backends.base import ModelBackend
from qwen_code.events import Event
from qwen_code.messages import ToolSpec
from qwen_code.permissions.decision import Approver, Mode
from qwen_code.tool import CommandResult, UserPort

if TYPE_CHECKING:
    from qwen_code.agent.memory import MemoryEntry
    from qwen_code.agent.stats import ContextReport, SessionStats
    from qwen_code.permissions.gate import Gate
    from qwen_code.sandbox.base import Sandbox
    from qwen_code.sandbox.choice import Chooser
    from qwen_code.sessions.rewind import Rewinder
    from qwen_code.sessions.store import SessionStore
    from qwen_code.sessions.summary import SessionSummary
    from qwen_code.settings.loaded import LoadedSettings
    from qwen_code.settings.locations import Locations
    from qwen_code.settings.model import Settings
    from qwen_code.workspace.paths import Workspace

RuleScope: TypeAlias = Literal["session", "user", "project"]


class Placed(Protocol):
    """Where the application finds and keeps things, and what was set for it."""

    @property
    def locations(self) -> Locations: ...
    @property
    def environ(self) -> Mapping[str, str]: ...
    @property
    def flags(self) -> Mapping[str, object]: ...
    @property
    def loaded(self) -> LoadedSettings: ...
    @property
    def trusted(self) -> bool: ...


class FirstRunPlace(Protocol):
    """Where settings are kept, and what they are before the first model is chosen."""

    @property
    def locations(self) -> Locations: ...
    @property
    def loaded(self) -> LoadedSettings: ...


class Session(Protocol):
    """The session that is open."""

    def rename(self, title: str) -> None: ...

    def rewinder(self) -> Rewinder:
        """Goes back to before a turn; raises SessionError where nothing was said yet."""
        ...


class App(Protocol):
    """One person in one project with one model."""

    @property
    def mode(self) -> Mode: ...
    @mode.setter
    def mode(self, mode: Mode) -> None: ...
    @property
    def settings(self) -> Settings: ...
    @property
    def workspace(self) -> Workspace: ...
    @property
    def session(self) -> Session: ...
    @property
    def session_id(self) -> str: ...
    @property
    def model_name(self) -> str: ...
    @property
    def model_location(self) -> str: ...
    @property
    def backend(self) -> ModelBackend: ...

    @property
    def store(self) -> SessionStore: ...
    @property
    def gate(self) -> Gate: ...
    @property
    def sandbox(self) -> Sandbox: ...
    @property
    def chooser(self) -> Chooser: ...
    @property
    def trusted(self) -> bool: ...
    @property
    def place(self) -> Placed: ...

    def run(self, prompt: str) -> AsyncGenerator[Event, None]:
        """One turn; closing the generator interrupts it and keeps what was done."""
        ...

    def interrupt(self) -> None:
        """Stop the running turn; its generator still ends with TurnEnded."""
        ...

    def steer(self, text: str) -> None:
        """Said to the model before the next request of the running turn."""
        ...

    def compress(self, focus: str = "") -> AsyncGenerator[Event, None]:
        """Shorten the conversation; ends with TurnEnded, like a turn."""
        ...

    def memory(self) -> Sequence[MemoryEntry]:
        """The instructions that the model was told or will be told."""
        ...

    def add_memory(self, text: str, scope: Literal["project", "user"]) -> Path:
        """Add a line to them; gives the file."""
        ...

    async def clear(self) -> None: ...

    async def resume(self, session_id: str | None) -> Sequence[Event]:
        """Go on with a stored session; what happened in it, for the screen."""
        ...

    async def set_model(self, name: str) -> None: ...
    def set_verification(self, command: str) -> None:
        """What must succeed before a turn counts as done; empty for nothing."""
        ...

    def sessions(self) -> Sequence[SessionSummary]: ...
    def tools(self) -> tuple[ToolSpec, ...]: ...
    async def context_report(self) -> ContextReport: ...
    def stats(self) -> SessionStats: ...
    def add_rules(self, scope: RuleScope, rules: Sequence[str]) -> None: ...

    async def run_command(self, command: str, on_output: Callable[[str], None]) -> CommandResult:
        """A command of the person's own (`!cmd`)."""
        ...


AppFactory: TypeAlias = Callable[
    [Approver, UserPort, Callable[[str], None]], AbstractAsyncContextManager[App]
]
"""Opens the application with the two ways to ask the person, and one to warn; closes it at the end."""
