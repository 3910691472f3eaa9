"""Goes back to before a turn: its files, its part of the conversation, or both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from qwen_code.errors import SessionError
from qwen_code.sessions.file_history import FileHistory
from qwen_code.sessions.lines import Record, decode_lines
from qwen_code.sessions.log import SessionLog
from qwen_code.sessions.plain_text import one_line
from qwen_code.sessions.session_file import read_file
from qwen_code.sessions.timeline import effective
from qwen_code.workspace.content_store import ContentStore
from qwen_code.workspace.file_state import FileState, read_content
from qwen_code.workspace.paths import Workspace
from qwen_code.workspace.undo import Step, Undone, plan_undo, undo


@dataclass(frozen=True, slots=True)
class RewindPoint:
    """A turn that one can go back to the beginning of."""

    turn: int
    prompt: str
    """As it was typed."""
    at: float
    """Unix time; 0 when the log does not say."""
    written: tuple[str, ...]
    """Paths that tools changed in it or after it."""
    by_commands: tuple[str, ...]
    """Further paths, that changed while commands ran."""

    @property
    def title(self) -> str:
        return one_line(self.prompt, 80)


@dataclass(frozen=True, slots=True)
class RewindPlan:
    """What would happen to files."""

    turn: int
    steps: tuple[Step, ...]

    def having(self, verdict: str) -> list[Step]:
        return [step for step in self.steps if step.verdict == verdict]


@dataclass(frozen=True, slots=True)
class Rewound:
    """What was done."""

    turn: int
    restored: tuple[str, ...]
    failed: tuple[tuple[str, str], ...]
    left: tuple[str, ...]
    """Paths that were left alone on purpose."""
    conversation: bool


def points(records: Sequence[Record], history: FileHistory) -> list[RewindPoint]:
    """Every turn that is still part of the conversation, the first one first."""
    found: list[RewindPoint] = []
    for record in effective(records):
        if record.get("type") != "TurnStarted" or not isinstance(record.get("turn"), int):
            continue
        since = [c for c in history.since(record["turn"]) if "directory" not in (c.before.kind, c.after.kind)]
        written = dict.fromkeys(c.path for c in since if not c.by_command)
        others = dict.fromkeys(c.path for c in since if c.by_command and c.path not in written)
        at = record.get("at")
        found.append(
            RewindPoint(
                record["turn"],
                str(record.get("prompt", "")),
                at if isinstance(at, (int, float)) else 0.0,
                tuple(written),
                tuple(others),
            )
        )
    return found


class Rewinder:
    """Goes back in one session, which must not be running a turn."""

    def __init__(
        self, log: SessionLog, history: FileHistory, store: ContentStore, workspace: Workspace
    ) -> None:
        self._log = log
        self._store = store
        self._workspace = workspace
        self.history = history

    def points(self) -> list[RewindPoint]:
        """Every turn that one can go back to the beginning of, the first one first.

        Raises:
            SessionError: the log can't be read.
        """
        return points(decode_lines(read_file(self._log.path)).records, self.history)

    def plan(self, turn: int, *, commands: bool) -> RewindPlan:
        """What going back to before `turn` means for files.

        Args:
            commands: also take back what changed while commands ran. The person may have changed it at the
                same time, which nothing can tell apart, so without it such paths are left alone.
        """
        steps = plan_undo(self.history.since(turn), self._store)
        if not commands:
            steps = [_left_to_person(step) for step in steps]
        return RewindPlan(turn, tuple(steps))

    def rewind(
        self, planned: RewindPlan, *, files: bool, conversation: bool, keep_changed: bool = False
    ) -> Rewound:
        """Do it: files first, so that what breaks off can be repeated, then the log says so.

        Args:
            keep_changed: leave alone what a person has changed since, and bring back the rest.

        Raises:
            SessionError: a person has changed a file since, and `keep_changed` is off. Nothing was changed.
        """
        done, gone, left = Undone((), ()), list[str](), list[str]()
        if files:
            if (changed := planned.having("changed")) and not keep_changed:
                names = ", ".join(self._workspace.display(Path(step.path)) for step in changed[:5])
                raise SessionError(f"Changed since by somebody else: {names}. Nothing was brought back.")
            done = undo(planned.steps, self._store, self._workspace)
            gone = [*done.restored, *(step.path for step in planned.having("already"))]
            left = [step.path for step in planned.steps if step.verdict in ("changed", "lost")]
        record: Record = {
            "type": "rewound",
            "turn": planned.turn,
            "conversation": conversation,
            "files": gone,
        }
        self._log.append(record)
        self.history.take(record)
        return Rewound(planned.turn, done.restored, done.failed, tuple(left), conversation)

    def contents(self, path: str, state: FileState) -> bytes | None:
        """What the file at `path` held in `state`; None when that was not kept, and is not there now."""
        if state.kind != "file" or not state.sha256:
            return None
        if (data := self._store.get(state.sha256)) is not None:
            return data
        try:
            data = read_content(Path(path))
        except OSError:
            return None
        return data if data is not None and sha256(data).hexdigest() == state.sha256 else None


def _left_to_person(step: Step) -> Step:
    if step.by_command and step.verdict in ("restore", "changed"):
        return replace(step, verdict="lost", reason="it changed while a command ran")
    return step
