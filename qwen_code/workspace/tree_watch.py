"""Finds what changed in a tree while a command ran, by comparing it with how it was before.

Before the command every file's content must be at hand, since afterwards it is too late. What git holds is
not copied; the rest is copied once, and again only when its inode, size or times say that it was written.
Files that a person would not miss are left out: those that ignore files name, and folders of derived files.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from qwen_code.workspace.content_store import ContentStore
from qwen_code.workspace.file_state import (
    ABSENT,
    MAX_BINARY_BYTES,
    MAX_FILE_BYTES,
    FileState,
    identity,
    look,
    of_content,
    read_file,
    state_without_content,
)
from qwen_code.workspace.file_walk import walk_entries
from qwen_code.workspace.git_blobs import read_blobs
from qwen_code.workspace.git_index import GitIndex, read_index

MAX_ENTRIES = 100_000
"""Files and directories beyond which a tree is not compared."""
MAX_SECONDS = 5.0
"""For the first look at a tree, which copies; those after it copy only what changed."""
DERIVED = frozenset(
    {
        "node_modules", "__pycache__", ".venv", "venv", ".tox", ".nox", ".mypy_cache", ".pytest_cache",
        ".ruff_cache", ".hypothesis", ".gradle", ".hg", ".svn", ".jj",
    }
)  # fmt: skip
"""Folders whose files tools make again, and other version control; not looked into."""

Tree = dict[str, os.stat_result]
"""By absolute path, without following links."""


class TooLarge(Exception):
    """The tree has too many files, or copying them would take too long; the text says which."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One path that is not as it was."""

    path: str
    before: FileState
    after: FileState


@dataclass(slots=True)
class _Held:
    """A file whose content can be had: from the store, or from git."""

    identity: tuple[int, ...]
    state: FileState | None
    oid: str = ""


@dataclass(slots=True)
class TreeWatch:
    """One workspace's trees, looked at again and again."""

    roots: Sequence[Path]
    store: ContentStore
    max_entries: int = MAX_ENTRIES
    unkept: set[str] = field(default_factory=set[str])
    """Files that were too large to be kept."""
    _held: dict[str, _Held] = field(default_factory=dict[str, _Held])
    _index: GitIndex | None = None

    def before(self) -> Tree:
        """Look at the trees and see to it that every file's content is at hand.

        Raises:
            TooLarge: see there.
            OSError: the store can't be written.
        """
        deadline = time.monotonic() + MAX_SECONDS
        tree = self._look(deadline)
        self._index = read_index(self.roots[0])
        for number, (path, info) in enumerate(tree.items()):
            if number % 256 == 0 and time.monotonic() > deadline:
                raise TooLarge(f"copying the workspace takes longer than {MAX_SECONDS:g} s")
            if stat.S_ISREG(info.st_mode) or stat.S_ISLNK(info.st_mode):
                self._hold(path, info)
        self.store.sync()
        for path in self._held.keys() - tree.keys():
            del self._held[path]
        return tree

    def after(self, before: Tree) -> list[Difference]:
        """What is not as it was in `before`, which must be the last such look.

        Raises:
            TooLarge, OSError: as `before`.
        """
        now = self._look(time.monotonic() + MAX_SECONDS)
        changed = [path for path in before.keys() | now.keys() if _differs(before.get(path), now.get(path))]
        self._fetch([path for path in changed if path in before])
        found: list[Difference] = []
        for path in sorted(changed):
            old = self._state_before(path, before[path]) if path in before else ABSENT
            new = self._state_now(path) if path in now else ABSENT
            if old != new:
                found.append(Difference(path, old, new))
        self.store.sync()
        return found

    def _look(self, deadline: float) -> Tree:
        tree: Tree = {}
        for root in self.roots:
            stopped = partial(_is_past, deadline)
            for name, entry in walk_entries(root, root, without=DERIVED, stopped=stopped):
                try:
                    tree[f"{root}/{name}"] = entry.stat(follow_symlinks=False)
                except OSError:  # gone since it was listed
                    continue
                if len(tree) > self.max_entries:
                    raise TooLarge(f"the workspace has more than {self.max_entries:,} files")
            if stopped():
                raise TooLarge(f"listing the workspace takes longer than {MAX_SECONDS:g} s")
        return tree

    def _hold(self, path: str, info: os.stat_result) -> None:
        known = self._held.get(path)
        if known is not None and known.identity == identity(info):
            return
        if stat.S_ISLNK(info.st_mode):
            with suppress(OSError):
                self._held[path] = _Held(identity(info), state_without_content(Path(path), info))
            return
        if oid := self._in_git(path, info):
            self._held[path] = _Held(identity(info), None, oid)
            return
        state = self._copied(Path(path), info)
        self._held[path] = _Held(identity(info), state)
        if not state.kept:
            self.unkept.add(path)

    def _copied(self, path: Path, info: os.stat_result) -> FileState:
        lost = FileState("file", stat.S_IMODE(info.st_mode), size=info.st_size, kept=False)
        if info.st_size > MAX_FILE_BYTES or info.st_size > max(self.store.room, MAX_BINARY_BYTES):
            return lost
        try:
            data = read_file(path, info)
        except OSError:
            return lost
        return lost if data is None else of_content(data, stat.S_IMODE(info.st_mode), self.store)

    def _in_git(self, path: str, info: os.stat_result) -> str:
        index = self._index
        if index is None or not path.startswith(f"{index.top}/"):
            return ""
        entry = index.entries.get(path[len(str(index.top)) + 1 :])
        return entry.oid if entry is not None and entry.matches(info) else ""

    def _fetch(self, paths: Sequence[str]) -> None:
        """Take over from git what is needed now. Content of another length was converted on its way to the
        working tree (line endings, filters), so it is not what stood there."""
        wanted = {path: held for path in paths if (held := self._held.get(path)) and held.state is None}
        if not wanted or self._index is None:
            return
        blobs = read_blobs(self._index.git_directory, [held.oid for held in wanted.values()])
        for held in wanted.values():
            data = blobs.get(held.oid)
            mode, size = stat.S_IMODE(held.identity[4]), held.identity[1]
            if data is not None and len(data) == size:
                held.state = of_content(data, mode, self.store)

    def _state_before(self, path: str, info: os.stat_result) -> FileState:
        held = self._held.get(path)
        if held is not None and held.state is not None:
            return held.state
        if not stat.S_ISREG(info.st_mode):
            return state_without_content(Path(path), info)
        return FileState("file", stat.S_IMODE(info.st_mode), size=info.st_size, kept=False)

    def _state_now(self, path: str) -> FileState:
        try:
            state = look(Path(path), self.store)
        except PermissionError:
            return FileState("file", kept=False)
        if state.kind == "file" and not state.kept:
            self.unkept.add(path)
        return state


def _is_past(deadline: float) -> bool:
    return time.monotonic() > deadline


def _differs(old: os.stat_result | None, new: os.stat_result | None) -> bool:
    if old is None or new is None:
        return True
    if stat.S_ISDIR(old.st_mode) and stat.S_ISDIR(new.st_mode):
        return old.st_mode != new.st_mode
    return identity(old) != identity(new)
