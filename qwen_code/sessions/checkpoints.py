"""Keeps what files held before the agent changes them, so that every turn can be taken back.

File tools tell before they write, with the old and the new content at hand. Around commands the workspace
is compared with how it was, unless a command provably only reads. The record of a change is in the log
before the change is on disk.
"""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from qwen_code.sessions.file_history import FileHistory, changes_record
from qwen_code.sessions.lines import Record
from qwen_code.tool import Access
from qwen_code.workspace.content_store import ContentStore
from qwen_code.workspace.file_state import ABSENT, MAX_BINARY_BYTES, FileState, look, of_content
from qwen_code.workspace.text_files import PlannedWrite
from qwen_code.workspace.tree_watch import TooLarge, Tree, TreeWatch
from qwen_code.workspace.undo import Change

_NAMED = 3
"""Files that a warning names before it counts the rest."""


class Checkpoints:
    """The file history of one session, as it grows. `limit_bytes` 0 keeps nothing."""

    def __init__(
        self,
        path: Path,
        roots: Sequence[Path],
        *,
        limit_bytes: int,
        record: Callable[[Record], None],
        only_reads: Callable[[Sequence[Access]], bool],
        warn: Callable[[str], None],
        history: FileHistory | None = None,
    ) -> None:
        self.store = ContentStore(path, limit_bytes=limit_bytes)
        self.history = history or FileHistory()
        self._on = limit_bytes > 0
        self._record = record
        self._only_reads = only_reads
        self._warn = warn
        self._told: set[str] = set()
        self._tree = TreeWatch(roots, self.store)
        self._watching = asyncio.Lock()
        self._too_large = False
        self._noted: list[str] = []

    def before_write(self, planned: PlannedWrite) -> None:
        """A file tool is about to write a file."""
        if not self._on:
            return
        path = str(planned.path)
        try:
            made = [
                Change(str(folder), ABSENT, FileState("directory", 0o755)) for folder in planned.directories
            ]
            mode, before = 0o644, ABSENT
            if planned.old is not None:
                mode = stat.S_IMODE(planned.path.stat().st_mode)
                before = of_content(planned.old, mode, self.store)
            change = Change(path, before, of_content(planned.new, mode, self.store))
            self.store.sync()
        except OSError as error:
            self._tell_disk(error)
            return
        self._noted.append(path)
        self._take([*made, change])
        if not before.kept:
            self._tell_unkept({path})

    @asynccontextmanager
    async def around(self, call_id: str, accesses: Sequence[Access]) -> AsyncGenerator[None, None]:
        """Find out what changes while the body runs, where it may change what it does not tell before."""
        writes = [access.resolved or access.target for access in accesses if access.kind == "write"]
        runs = [access for access in accesses if access.kind == "run"]
        if not self._on or not (writes or (runs and not self._only_reads(runs))):
            yield
            return
        if not runs:
            self._noted = []
            before = {path: self._look(path) for path in writes}
            try:
                yield
            finally:
                self._compare(call_id, before)
            return
        async with self._watching:  # what two commands change at the same time is put down to the first
            tree = await self._before()
            try:
                yield
            finally:
                if tree is not None:
                    await self._after(call_id, tree)

    def close(self) -> None:
        self.store.close()

    # -- commands

    async def _before(self) -> Tree | None:
        if self._too_large:
            return None
        try:
            return await asyncio.to_thread(self._tree.before)
        except TooLarge as error:
            self._too_large = True  # the next look would take as long
            self._tell("large", f"What commands change can't be taken back by /rewind: {error}.")
        except OSError as error:
            self._tell_disk(error)
        return None

    async def _after(self, call_id: str, tree: Tree) -> None:
        try:
            found = await asyncio.to_thread(self._tree.after, tree)
        except (TooLarge, OSError) as error:
            self._tell("compare", f"What the command changed can't be taken back by /rewind: {error}.")
            return
        if found:
            self._take([Change(d.path, d.before, d.after, by_command=True) for d in found], call_id)
        self._tell_unkept({d.path for d in found if not d.before.kept})

    # -- tools that declare a write and do not go through the session's files

    def _look(self, path: str) -> FileState:
        try:
            return look(Path(path), self.store)
        except OSError:
            return FileState("other")

    def _compare(self, call_id: str, before: dict[str, FileState]) -> None:
        changed = [
            Change(path, old, new)
            for path, old in before.items()
            if path not in self._noted
            and (new := self._look(path)) != old
            and "other" not in (old.kind, new.kind)
        ]
        if changed:
            self._take(changed, call_id)

    # -- what comes of it

    def _take(self, changes: Sequence[Change], call_id: str = "") -> None:
        record = changes_record(changes, call_id)
        self._record(record)
        self.history.take(record)

    def _tell_unkept(self, paths: set[str]) -> None:
        if paths:
            names = sorted(Path(path).name for path in paths)
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            some = ", ".join(names[:_NAMED])
            full = self.store.room < MAX_BINARY_BYTES
            why = "sessions.checkpointLimitMb is reached" if full else "Some files are too large to be kept"
            self._tell("unkept", f"{why}, so /rewind will leave alone: {some}{more}.")

    def _tell_disk(self, error: OSError) -> None:
        self._tell("disk", f"Changes can't be kept for /rewind: {(error.strerror or str(error)).lower()}.")

    def _tell(self, kind: str, sentence: str) -> None:
        """Each kind of trouble once a session."""
        if kind not in self._told:
            self._told.add(kind)
            self._warn(sentence)
