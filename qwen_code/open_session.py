"""One session while it is open: its log, what it has used so far, its tools' context and its agent.

An `App` has one at a time. Clearing and resuming close it and open another; what outlives it (the model, the
permission gate, the tools) is in `Lasting`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from qwen_code.agent.compaction import Compactor
from qwen_code.agent.conversation import Conversation
from qwen_code.agent.executor import Executor
from qwen_code.agent.file_instructions import Advisor
from qwen_code.agent.loop import Agent
from qwen_code.agent.memory import MemoryEntry, add_line, entries, file_to_add_to
from qwen_code.agent.plan_mode import PlanMode
from qwen_code.agent.registry import Registry
from qwen_code.agent.stats import SessionStats
from qwen_code.agent.verify import Verifier
from qwen_code.assembly import (
    Front,
    Place,
    facts_of,
    instruction_sources,
    new_checkpoints,
    new_header,
    scale_output,
    tool_context,
)
from qwen_code.backends.base import ModelBackend
from qwen_code.errors import SessionError
from qwen_code.events import Event
from qwen_code.messages import Message
from qwen_code.permissions.decision import Answer
from qwen_code.permissions.gate import Gate
from qwen_code.sandbox.base import Sandbox
from qwen_code.sandbox.choice import Chooser
from qwen_code.sessions.log import SessionHeader, SessionLog, SessionRecorder
from qwen_code.sessions.restore import Restored
from qwen_code.sessions.rewind import Rewinder
from qwen_code.sessions.store import SessionStore
from qwen_code.sessions.upkeep import expire
from qwen_code.tool import ToolFailure
from qwen_code.workspace.paths import Workspace


@dataclass(frozen=True, slots=True)
class Lasting:
    """What all sessions of one app share."""

    front: Front
    workspace: Workspace
    chooser: Chooser
    gate: Gate
    store: SessionStore
    remember: Callable[[Answer], None]
    """Keeps what a person has allowed for longer than one call."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a new session begins with."""

    id: str
    system: str
    """The system text."""
    window: int | None
    """The model's window, as far as it is known."""


class OpenSession:
    """See the module. `header` is what the session began with; it is sent again as it was."""

    def __init__(
        self,
        lasting: Lasting,
        place: Place,
        backend: ModelBackend,
        registry: Registry,
        source: Beginning | tuple[SessionLog, Restored],
    ) -> None:
        """Begins a new session, or goes on with a stored one."""
        self._lasting = lasting
        self._place = place
        self._log, restored = (None, None) if isinstance(source, Beginning) else source
        window = source.window if isinstance(source, Beginning) else None
        self.sources = instruction_sources(place, lasting.workspace, window, lasting.front.warn)
        if isinstance(source, Beginning):
            self.header = self._new_header(backend, registry, source)
        else:
            self.header = source[1].header
        self.stats = SessionStats()
        self.plan_mode = PlanMode()
        self.context = tool_context(
            place, lasting.workspace, lasting.front.user, self.header.id, self._sandbox_of_commands
        )
        if restored is not None:
            for path, digest in restored.files_seen.items():
                self.context.files.remember(Path(path), digest)
            self.stats.usage = restored.usage
            self.stats.files_changed = dict.fromkeys(restored.files_changed)
        self.context.files.on_seen = self._file_seen
        self._checkpoints = new_checkpoints(
            place,
            lasting.workspace,
            self.header.id,
            restored.history if restored else None,
            lambda record: self._opened_log().append(record),
            lasting.front.warn,
        )
        self.context.files.before_write = self._checkpoints.before_write
        self.agent = self._new_agent(backend, registry, restored)

    def _new_agent(self, backend: ModelBackend, registry: Registry, restored: Restored | None) -> Agent:
        lasting, settings, header = self._lasting, self._place.settings, self.header
        conversation = Conversation(
            header.system,
            header.tools,
            preamble=header.preamble,
            messages=restored.messages if restored else (),
        )
        compactor = Compactor(
            conversation,
            self.context.outputs,
            threshold=settings.context.compact_threshold,
            longest_answer=settings.model.sampling.max_tokens,
            facts=lambda: facts_of(self.context, self.stats),
            replaced=self._conversation_replaced,
            on_window=lambda plan: scale_output(self.context, settings, plan),
            measured=restored.measured if restored else None,
        )
        return Agent(
            backend,
            conversation,
            Executor(
                registry,
                lasting.gate,
                lasting.front.approver,
                self.context,
                lasting.remember,
                self._checkpoints.around,
            ),
            settings.limits,
            compactor=compactor,
            advisor=Advisor(self.sources, conversation),
            verifier=self._verifier(settings.agent.verify),
            record=self._record,
        )

    def memory(self) -> list[MemoryEntry]:
        """The instructions that the model was told, and those that wait for their files."""
        return entries(self.sources, self.header.preamble, self.agent.conversation.messages)

    def add_memory(self, text: str, *, user: bool) -> Path:
        """Add a line to the instructions, and tell the model with the next prompt; gives the file."""
        directory = self.sources.user_directory if user else self.sources.root
        path = file_to_add_to(directory, self.sources.names)
        add_line(path, text)
        self.agent.steer(f"I have added to the instructions in {self.sources.origin(path)}: {text}")
        return path

    def known_text(self, path: str) -> str | None:
        """The text of a file, by the path that the model uses, if it knows the file as it is now."""
        try:
            return self.context.files.known_text(self.context.workspace.resolve(path))
        except ToolFailure:
            return None

    def rename(self, title: str) -> None:
        """Give the session a title."""
        SessionRecorder(self._opened_log()).title(title)

    def mode_changed(self, mode: str) -> None:
        """Note it in the log, if there is one yet."""
        if self._log is not None:
            SessionRecorder(self._log).mode(mode)

    def rewinder(self) -> Rewinder:
        """Goes back to before a turn, in files and log; the conversation follows when the session is opened
        again.

        Raises:
            SessionError: nothing was said yet.
        """
        if self._log is None:
            raise SessionError("Nothing was said in this session yet.")
        checkpoints = self._checkpoints
        return Rewinder(self._log, checkpoints.history, checkpoints.store, self._lasting.workspace)

    async def aclose(self) -> None:
        """End the commands that still run, the web client's connections and the log."""
        await self.context.commands.aclose()
        await self.context.web.aclose()
        self._checkpoints.close()
        if self._log is not None:
            self._log.close()

    def _new_header(self, backend: ModelBackend, registry: Registry, beginning: Beginning) -> SessionHeader:
        return new_header(
            self._place,
            self._lasting.workspace,
            beginning.id,
            backend.name,
            beginning.system,
            registry.specs(),
            self.sources,
        )

    def verify_with(self, command: str) -> None:
        """What must succeed from the next turn on; empty for nothing."""
        self.agent.verifier = self._verifier(command)

    def _verifier(self, command: str) -> Verifier | None:
        if not command:
            return None
        return Verifier(command, self.context.commands, self._place.settings.tools.shell_timeout_s * 5)

    def _sandbox_of_commands(self) -> Sandbox:
        """Tells a person, at the first command, that nothing confines it, unless that was wanted."""
        choice = self._lasting.chooser.choice
        if choice.sandbox.name == "none" and self._place.settings.sandbox.enabled and sys.stderr.isatty():
            self._lasting.front.warn(f"Commands are not confined here. {choice.remedy}")
        return choice.sandbox

    def _record(self, event: Event) -> None:
        """Write what must survive, before anything else happens."""
        self.stats.take(event)
        log = self._opened_log()
        SessionRecorder(log).record(event)
        self._checkpoints.history.turn = log.turns

    def _conversation_replaced(self, messages: Sequence[Message]) -> None:
        SessionRecorder(self._opened_log()).conversation(messages)

    def _file_seen(self, path: Path, sha256: str) -> None:
        SessionRecorder(self._opened_log()).file_seen(str(path), sha256)

    def _opened_log(self) -> SessionLog:
        """The log; it comes to be with the first thing to write, so that none is empty."""
        if self._log is None:
            store, front = self._lasting.store, self._lasting.front
            if (days := self._place.settings.sessions.retention_days) is not None:
                expire(store, days)
            self._log = store.create(self.header, on_failure=front.warn)
        return self._log
