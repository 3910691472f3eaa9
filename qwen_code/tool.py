"""The contract of a tool.

A tool is one file in `tools/` with one class derived from `Tool`, and one prompt of the same name in
`prompts/tools/`. It declares what it will touch (`accesses`), shows it (`preview`) and does it (`run`);
it never asks for permission and never knows who runs it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, Protocol, TypeAlias, TypeVar

if TYPE_CHECKING:
    from qwen_code.workspace.paths import Workspace
    from qwen_code.workspace.text_files import TextFiles

P = TypeVar("P")

AccessKind: TypeAlias = Literal["read", "write", "run", "net"]

FailureKind: TypeAlias = Literal[
    "not_found",
    "ambiguous",
    "no_change",
    "exists",
    "file_not_found",
    "not_regular_file",
    "invalid_path",
    "binary",
    "not_text",
    "too_large",
    "stale",
    "io_error",
    "not_permitted",
    "schema",
    "unknown_tool",
    "failed",
]


@dataclass(frozen=True, slots=True)
class Access:
    """One thing that a call will touch, as facts for the permission gate.

    For `read` and `write`, `target` is the absolute path as asked for (`..` and `.` removed, links not
    followed) and `resolved` where it leads once links are followed; the two differ only through links.
    For `run`, `target` is the command line and `resolved` its working directory. For `net`, `target` is
    the URL.
    """

    kind: AccessKind
    target: str
    resolved: str = ""
    links: int = 1
    """For `write`: how many names the file has. More than one means that another path, perhaps outside the
    workspace, shares its content; a person is asked then."""


@dataclass(frozen=True, slots=True)
class TextBlock:
    """Plain text; a tool's summary for people."""

    text: str


@dataclass(frozen=True, slots=True)
class DiffBlock:
    """A change to one file, as a unified diff without its two header lines."""

    path: str
    diff: str
    added: int
    removed: int
    created: bool = False


@dataclass(frozen=True, slots=True)
class CommandBlock:
    """A command, and once it has run, the end of its output."""

    command: str
    directory: str
    output: str = ""
    exit_code: int | None = None
    notes: tuple[str, ...] = ()
    """What else a person should know, e.g. which hosts it connected to."""


@dataclass(frozen=True, slots=True)
class Todo:
    content: str
    status: Literal["pending", "in_progress", "completed"]


@dataclass(frozen=True, slots=True)
class TodoBlock:
    todos: tuple[Todo, ...]


Block: TypeAlias = TextBlock | DiffBlock | CommandBlock | TodoBlock


@dataclass(frozen=True, slots=True)
class Confinement:
    """What the sandbox kept a command from."""

    reason: str
    """For people and the model, e.g. `there is no network`."""
    remedy: str
    """The option that would permit it from the start, e.g. `--network allow:NAME`."""


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What came of a call: one text for the model, one block for the person."""

    ok: bool
    for_model: str
    for_user: Block | None = None
    files_changed: tuple[str, ...] = ()
    """Absolute paths that this call wrote, created or deleted."""
    confinement: Confinement | None = None
    """For a call that failed because the sandbox stopped it: it may be made again, unconfined, if a person
    says so."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What of a call a person may rewrite before it runs: a command, or a file as the call would leave it."""

    text: str
    suffix: str = ""
    """Of the file that an editor is given, e.g. `.py`."""


class ToolFailure(Exception):
    """The call could not be done; the text goes to the model so that it can try again."""

    def __init__(self, message: str, kind: FailureKind = "failed") -> None:
        super().__init__(message)
        self.kind: FailureKind = kind


@dataclass(frozen=True, slots=True)
class CommandResult:
    """How a command ended. `text` is capped head and tail; the whole output lies in `saved_to`."""

    text: str
    exit_code: int | None
    """None when it was ended by a signal."""
    signal: str = ""
    timed_out: bool = False
    total_bytes: int = 0
    saved_to: Path | None = None
    """File with the whole output; None when `text` already is the whole."""
    directory: Path | None = None
    """Where the shell stood when it ended, if it got that far."""
    notes: tuple[str, ...] = ()
    """Sentences about what else happened, e.g. that a process left running was ended."""
    hosts: tuple[str, ...] = ()
    """What was decided about each connection that it wanted, for people."""
    confinement: Confinement | None = None
    """Why the sandbox made it fail, if it did."""


@dataclass(frozen=True, slots=True)
class BackgroundTask:
    """A command that runs on beside the conversation."""

    id: str
    command: str
    pid: int
    running: bool
    exit_code: int | None
    text: str
    """Output since the last look, capped."""
    saved_to: Path | None = None
    """File with the whole output from the start."""


class CommandRunner(Protocol):
    """Runs shell commands; the sandbox's handle. Nothing it started outlives it."""

    @property
    def directory(self) -> Path:
        """Where the next command starts; kept across calls, always inside the workspace."""
        ...

    async def run(
        self,
        command: str,
        *,
        directory: Path | None,
        timeout_s: float,
        on_output: Callable[[str], None],
        confined: bool = True,
    ) -> CommandResult:
        """`confined` off: without the sandbox, which only a person can permit."""
        ...

    async def start(self, command: str, *, directory: Path | None) -> BackgroundTask: ...

    async def look(self, task_id: str, *, wait_s: float = 0.0) -> BackgroundTask:
        """Raises ToolFailure for an unknown id."""
        ...

    async def stop(self, task_id: str) -> BackgroundTask: ...

    def tasks(self) -> Sequence[BackgroundTask]: ...

    async def aclose(self) -> None:
        """End every process that is still running."""
        ...


@dataclass(frozen=True, slots=True)
class WebPage:
    url: str
    """Where the answer really came from, after redirects."""
    status: int
    content_type: str
    text: str


class WebClient(Protocol):
    """Fetches pages for `web_fetch`."""

    async def fetch(self, url: str, *, max_bytes: int, timeout_s: float) -> WebPage: ...

    async def aclose(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Question:
    text: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanReview:
    """What the person makes of a plan."""

    approved: bool
    plan: str = ""
    """Approved: the plan as the person wants it; it may have been edited."""
    note: str = ""
    """Refused: a sentence for the model."""


class UserPort(Protocol):
    """Lets a tool ask the person; one-shot runs have nobody and say so."""

    async def ask(self, questions: Sequence[Question]) -> Sequence[str] | None:
        """The answers in order, or None when nobody can answer."""
        ...

    async def review_plan(self, plan: str) -> PlanReview | None:
        """Put a plan to the person. An approved one has ended plan mode. None when nobody is there."""
        ...


class OutputStore(Protocol):
    """Keeps what is too long for the model, in files that it can read in ranges."""

    def save(self, label: str, content: str | bytes) -> Path: ...


@dataclass(frozen=True, slots=True)
class OutputLimits:
    """How much of one result the model reads: head and tail, the middle goes to a file."""

    lines: int = 400
    bytes: int = 16_384


@dataclass(slots=True)
class ToolContext:
    """All that a tool may use. Built once a session; nothing in it is optional."""

    workspace: Workspace
    files: TextFiles
    commands: CommandRunner
    web: WebClient
    user: UserPort
    outputs: OutputStore
    limits: OutputLimits = field(default_factory=OutputLimits)
    todos: list[Todo] = field(default_factory=list[Todo])
    shell_timeout_s: float = 120.0
    """For commands whose call names no timeout (`tools.shell_timeout_s`)."""
    granted: Sequence[Access] = ()
    """What the gate permitted this very call, set by the executor on a copy of the context for each call; a
    path that leads elsewhere by the time it is used is refused. Empty: only what lies in the workspace."""
    unconfined: bool = False
    """A person permitted this very call to run without the sandbox; set like `granted`."""


class Tool(ABC, Generic[P]):
    """One tool. `params` is a frozen dataclass; its fields are the JSON schema that the model sees."""

    name: ClassVar[str]
    params: ClassVar[type[Any]]
    read_only: ClassVar[bool] = False
    """True when calls change nothing, so that several of one turn may run side by side."""

    @abstractmethod
    def accesses(self, params: P, ctx: ToolContext) -> Sequence[Access]:
        """What this call will touch. Follows links to name the real target, reads nothing else.

        Raises:
            ToolFailure: the arguments can't name anything (e.g. a path with a NUL byte).
        """

    async def preview(self, params: P, ctx: ToolContext) -> Block | None:
        """What a person is shown when asked. Changes nothing; may read what `accesses` named."""
        return None

    async def draft(self, params: P, ctx: ToolContext) -> Draft | None:
        """What of the call the person may rewrite; None where it is only allowed or refused."""
        return None

    def redrafted(self, params: P, text: str, ctx: ToolContext) -> P:
        """The call that does what the person made of its draft."""
        raise NotImplementedError

    @abstractmethod
    async def run(self, params: P, ctx: ToolContext, emit: Callable[[str], None]) -> ToolResult:
        """Do it. `emit` streams output to the screen while the call runs.

        Raises:
            ToolFailure: it could not be done; the text tells the model what to do instead.
        """

    def title(self, params: P, ctx: ToolContext) -> str:
        """One line that names the call for people, e.g. `src/app.py` or `pytest -q`."""
        return ""
