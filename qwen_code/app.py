"""The composition root: the one place that builds all parts and joins them.

An `App` is one person in one project with one model; its session can be cleared, resumed, and handed to
another model. `api.py` opens and closes one for the command line, the REPL and the Python API.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any, Literal

from qwen_code.agent.hosts import HostQuestions
from qwen_code.agent.memory import MemoryEntry
from qwen_code.agent.plan_mode import TOOL
from qwen_code.agent.prompting import DEFAULT_PROFILE, SMALL_PROFILE, Profile, load_profile
from qwen_code.agent.registry import Registry, load_tools
from qwen_code.agent.stats import ContextReport, SessionStats, context_report
from qwen_code.agent.window import SMALL_WINDOW
from qwen_code.assembly import (
    Front,
    Place,
    choose_sandbox,
    find_place,
    profile_of,
    system_text,
    tool_gate,
    window_at_hand,
)
from qwen_code.backends import open_backend
from qwen_code.backends.base import Host, ModelBackend
from qwen_code.errors import ConfigurationError
from qwen_code.events import Event, TurnEnded
from qwen_code.messages import ToolSpec
from qwen_code.open_session import Beginning, Lasting, OpenSession
from qwen_code.permissions.decision import Answer, Mode
from qwen_code.permissions.rules import RuleError
from qwen_code.sandbox.base import Sandbox
from qwen_code.sessions.store import SessionStore, SessionSummary
from qwen_code.settings.model import Settings
from qwen_code.tool import CommandResult, Tool
from qwen_code.workspace.paths import Workspace

RuleScope = Literal["session", "project", "user"]


class App:
    """One person, one project, one model. Build it with `qwen_code.open_app`."""

    def __init__(
        self,
        place: Place,
        front: Front,
        mode: Mode,
        session_id: str | None = None,
        extra_tools: Collection[Tool[Any]] = (),
    ) -> None:
        self.place = place
        self.front = front
        self._host = Host(lambda: self.session_id, front.warn, lambda path: self._session.known_text(path))
        settings = place.settings
        extra = tuple(Path(path) for path in settings.context.include_directories)
        self.workspace = Workspace(place.locations.cwd, extra)
        self.gate = tool_gate(place, self.workspace, mode)
        hosts = HostQuestions(self.gate, front.approver, self._remember)
        self.chooser = choose_sandbox(place, self.workspace, hosts)
        self.gate.git_programs = self._git_programs
        if mode is Mode.AUTO:
            self.chooser.begin()
        self._extra_tools = tuple(extra_tools)
        self._profile = load_profile(profile_of(settings) or DEFAULT_PROFILE)
        self._registry = self._tools_of(self._profile)
        self.backend: ModelBackend = open_backend(settings, place.loaded.variables, self._host)
        self.store = SessionStore(
            place.locations.sessions, cwd=self.workspace.root, kept_states=place.locations.kept_states
        )
        if session_id is not None:
            self.store.check_new(session_id)
        self._lasting = Lasting(
            front,
            self.workspace,
            self.chooser,
            self.gate,
            self.store,
            self._remember,
        )
        if mode is Mode.AUTO:
            self.gate.sandboxed = self.sandbox.name != "none"

    def _git_programs(self) -> str:
        """What would make `git status` run a program of the project's choice, where nothing confines that."""
        if self.trusted or self.sandbox.name != "none":
            return ""
        from qwen_code.workspace.git_programs import programs_of_repository

        return programs_of_repository(self.workspace.root)

    async def begin(self, session_id: str | None = None, resume: str | None = None) -> None:
        """Open the first session: a new one, or the stored one that `resume` names (`LATEST`: the last).

        Raises:
            SessionError: there is no such session, or it can't be read.
        """
        if resume is not None:
            self._open_stored(resume)
        else:
            await self._open_new(session_id)

    # -- what front ends show

    @property
    def settings(self) -> Settings:
        return self.place.settings

    @property
    def trusted(self) -> bool:
        return self.place.trusted

    @property
    def session(self) -> OpenSession:
        return self._session

    @property
    def session_id(self) -> str:
        return self._session.header.id

    @property
    def directory(self) -> str:
        return str(self.workspace.root)

    @property
    def model_name(self) -> str:
        return self.backend.name

    @property
    def model_location(self) -> str:
        return self.backend.location

    @property
    def mode(self) -> Mode:
        return self.gate.mode

    @mode.setter
    def mode(self, mode: Mode) -> None:
        self.gate.mode = mode
        if mode is Mode.AUTO:
            self.gate.sandboxed = self.sandbox.name != "none"
        self._session.mode_changed(mode.value)

    @property
    def mode_name(self) -> str:
        return self.gate.mode.value

    @property
    def sandbox(self) -> Sandbox:
        """What confines commands; found out when first asked for."""
        return self.chooser.sandbox

    @property
    def tool_names(self) -> tuple[str, ...]:
        return tuple(spec.name for spec in self.tools())

    def tools(self) -> tuple[ToolSpec, ...]:
        return self._session.agent.conversation.tools

    def stats(self) -> SessionStats:
        return self._session.stats

    async def context_report(self) -> ContextReport:
        agent = self._session.agent
        return await context_report(self.backend, agent.conversation, self.stats(), agent.compactor.plan)

    def memory(self) -> list[MemoryEntry]:
        """The instructions that the model was told, and those that wait for their files."""
        return self._session.memory()

    def add_memory(self, text: str, scope: Literal["project", "user"]) -> Path:
        """Add a line to the instructions, and tell the model with the next prompt; gives the file.

        Raises:
            InputError: it can't be written.
        """
        return self._session.add_memory(text, user=scope == "user")

    # -- turns

    async def run(self, prompt: str) -> AsyncGenerator[Event, None]:
        """One turn; see `qwen_code.events` for what comes in which order. Closing it interrupts the turn."""
        prompt = self._session.plan_mode.noted(prompt, self.mode, has_tool=TOOL in self.tool_names)
        async with aclosing(self._session.agent.run(prompt)) as events:
            async for event in events:
                yield event

    def answer_with(self, schema: str) -> None:
        """From now on in this session, each turn must end with JSON of `schema`, itself JSON as text.

        Raises:
            UsageError: it is no JSON schema.
        """
        from qwen_code.agent.structured import StructuredAnswer, read_schema

        self._session.agent.structured = StructuredAnswer(read_schema(schema))

    async def complete(self, prompt: str) -> TurnEnded:
        """One turn, of which only the end is of interest."""
        last: Event | None = None
        async with aclosing(self.run(prompt)) as events:
            async for event in events:
                last = event
        assert isinstance(last, TurnEnded)
        return last

    def steer(self, text: str) -> None:
        """Say something to the model before the next request of the running turn."""
        self._session.agent.steer(text)

    def interrupt(self) -> None:
        """Stop the running turn; its generator still ends with TurnEnded."""
        self._session.agent.interrupt()

    async def run_command(self, command: str, on_output: Callable[[str], None]) -> CommandResult:
        """Run a command that the person typed, with the tools' shell."""
        timeout_s = self.settings.tools.shell_timeout_s
        return await self._session.context.commands.run(
            command, directory=None, timeout_s=timeout_s, on_output=on_output
        )

    # -- sessions and model

    def sessions(self) -> list[SessionSummary]:
        return self.store.list()

    async def compress(self, focus: str = "") -> AsyncGenerator[Event, None]:
        """Shorten the conversation now, keeping above all what `focus` says; ends with TurnEnded."""
        async with aclosing(self._session.agent.compress(focus)) as events:
            async for event in events:
                yield event

    async def clear(self) -> None:
        """Begin a new session; the old one stays on disk."""
        await self._session.aclose()
        await self._open_new()

    async def resume(self, session_id: str | None) -> Sequence[Event]:
        """Go on with a stored session (None: `LATEST`); its events, to show it again.

        Raises:
            SessionError: there is no such session, or it can't be read.
        """
        stored_id, old = self.store.find(session_id).stem, self._session
        if stored_id == old.header.id:
            await old.aclose()
            return self._open_stored(stored_id)
        events = self._open_stored(stored_id)  # before the old one is closed: it stays if this fails
        await old.aclose()
        return events

    async def set_model(self, name: str) -> None:
        """Go on with another model.

        Raises:
            ConfigurationError: it can't be used.
        """
        place = self._placed_with("model.name", name)
        if profile_of(place.settings) != profile_of(self.settings):
            raise ConfigurationError(
                f"{name} and {self.model_name} need different prompts, and a session keeps its own. "
                f"Leave, and start `qwen-code -m {name}`."
            )
        backend = open_backend(place.settings, place.loaded.variables, self._host)
        self.place = place
        await self.backend.aclose()
        self.backend = self._session.agent.backend = backend

    def set_verification(self, command: str) -> None:
        """What must succeed before a turn counts as done, from the next turn on; empty for nothing."""
        self.place = self._placed_with("agent.verify", command)
        self._session.verify_with(command)

    def _placed_with(self, key: str, value: str) -> Place:
        """The settings as if the command line had said this too."""
        place = self.place
        flags = {**place.flags, key: value}
        return find_place(place.locations.cwd, place.environ, flags, trust=place.trusted)

    def add_rules(self, scope: RuleScope, rules: Sequence[str]) -> None:
        """Allow what `rules` name, for this session or, kept in a settings file, from now on.

        Raises:
            ConfigurationError: a rule is not one.
        """
        try:
            self.gate.add_session_rules(rules)
        except RuleError as error:
            raise ConfigurationError(f"{error}") from error
        if scope == "session":
            return
        from qwen_code.settings.edit import update_setting

        locations = self.place.locations
        path = locations.user_settings if scope == "user" else locations.project_settings
        update_setting(path, "permissions.allow", lambda kept: [*(kept or ()), *rules])

    async def aclose(self) -> None:
        """End what is still running and close the session."""
        await self._session.aclose()
        self.chooser.close()
        await self.backend.aclose()

    def _tools_of(self, profile: Profile) -> Registry:
        tools = self.settings.tools
        ours = load_tools(only=tools.allowed or profile.tools, without=tools.disabled)
        return Registry([*ours, *self._extra_tools], profile.signatures)

    async def _open_new(self, session_id: str | None = None) -> None:
        """A new session. Its profile is the person's choice, else the one that suits the model's window."""
        window = await window_at_hand(self.backend)
        if not profile_of(self.settings):
            small = window is not None and window < SMALL_WINDOW
            self._profile = load_profile(SMALL_PROFILE if small else DEFAULT_PROFILE)
            self._registry = self._tools_of(self._profile)
        beginning = Beginning(
            session_id or self.store.new_id(), system_text(self._profile.text, self.settings), window
        )
        self._session = OpenSession(self._lasting, self.place, self.backend, self._registry, beginning)

    def _open_stored(self, session_id: str | None) -> Sequence[Event]:
        path = self.store.find(session_id)
        stored = self.store.open(path.stem, self.front.warn)
        self._session = OpenSession(self._lasting, self.place, self.backend, self._registry, stored)
        restored = stored[1]
        for warning in restored.warnings:
            self.front.warn(warning)
        return restored.events

    def _remember(self, answer: Answer) -> None:
        self.add_rules("session" if answer.kind == "session" else "user", answer.rules)
