"""Takes changes back, and nothing else: what somebody else has written since is never touched.

A path is brought back only when all that was recorded of it fits together: every change began where the one
before had ended, and the file now is what the last one left. Otherwise a person had a hand in it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal, TypeAlias

from qwen_code.settings.atomic_file import sync_directory
from qwen_code.tool import ToolFailure
from qwen_code.workspace.atomic_write import replace_file
from qwen_code.workspace.content_store import ContentStore
from qwen_code.workspace.file_state import FileState, identity, look, same
from qwen_code.workspace.no_follow import directory
from qwen_code.workspace.paths import Workspace

Verdict: TypeAlias = Literal["restore", "already", "changed", "lost"]
"""What can be done about a path: bring it back; nothing, it is as it was; nothing, a person changed it;
nothing, the old content was not kept or something else stands in the way."""


_WRITERS = 16


@dataclass(frozen=True, slots=True)
class Change:
    """One path that the agent changed, or that changed while a command of the agent's ran."""

    path: str
    before: FileState
    after: FileState
    by_command: bool = False
    turn: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """What undoing means for one path."""

    path: str
    verdict: Verdict
    target: FileState
    """What stood there before the first change."""
    expected: FileState
    """What the agent left; for `changed` what it had left when the person came in."""
    found: FileState
    """What stands there now; for `changed` what the person made of it."""
    by_command: bool
    """Changed while a command ran, at least once."""
    reason: str = ""
    """Why it is `lost`."""

    @property
    def by_person(self) -> Change:
        """For `changed`: what the person did."""
        return Change(self.path, self.expected, self.found)


@dataclass(frozen=True, slots=True)
class Undone:
    """What came of it."""

    restored: tuple[str, ...]
    failed: tuple[tuple[str, str], ...]
    """Paths that are as they were found, and why."""


_Act: TypeAlias = Callable[[Step, ContentStore, Workspace], None]


def plan_undo(changes: Iterable[Change], store: ContentStore) -> list[Step]:
    """What taking back `changes`, given in the order in which they were made, means for each path."""
    chains: dict[str, list[Change]] = {}
    for change in changes:
        chain = chains.setdefault(change.path, [])
        if chain and same(chain[-1].before, change.before) and not same(chain[-1].after, change.before):
            chain.pop()  # it was announced and never came to be
        chain.append(change)
    return [_step(path, chain, store) for path, chain in chains.items()]


def _step(path: str, chain: Sequence[Change], store: ContentStore) -> Step:
    target, expected = chain[0].before, chain[-1].after
    by_command = any(change.by_command for change in chain)

    def step(verdict: Verdict, found: FileState, reason: str = "", left: FileState = expected) -> Step:
        return Step(path, verdict, target, left, found, by_command, reason)

    try:
        now = look(Path(path))
    except OSError as error:
        return step("lost", FileState("other"), f"it can't be read: {(error.strerror or str(error)).lower()}")
    if same(now, target) and (now.mode == target.mode or now.mode != expected.mode):
        return step("already", now)
    if (target.kind == "file" and target.sha256 not in store) or not _known(target):
        return step("lost", now, "what it held before was not kept")
    if not _known(expected):
        return step("lost", now, "what the agent left there is not known")
    for earlier, later in pairwise(chain):
        if not same(earlier.after, later.before):
            return step("changed", later.before, left=earlier.after)
    if not same(now, expected):
        return step("changed", now)
    if now.kind == "file" and os.lstat(path).st_nlink > 1:
        return step("lost", now, "it has several names, and only one could be brought back")
    return step("restore", now)


def _known(state: FileState) -> bool:
    return state.kind != "other" and (state.kind != "file" or bool(state.sha256))


def undo(steps: Sequence[Step], store: ContentStore, workspace: Workspace) -> Undone:
    """Bring back the paths of all `restore` steps, each as a whole or not at all.

    Files go before the directories that held them, and directories come before what they held; one that is
    not empty stays. A run that was broken off can be repeated.
    """
    wanted = [step for step in steps if step.verdict == "restore"]
    going = [step for step in wanted if step.found.kind != "absent" and step.target.kind != step.found.kind]
    coming = [step for step in wanted if step.target.kind not in ("absent", "file")]
    files = [step for step in wanted if step.target.kind == "file"]
    failed: dict[str, str] = {}

    def done(step: Step, act: _Act) -> bool:
        try:
            act(step, store, workspace)
        except (OSError, ToolFailure) as error:
            reason = (error.strerror or str(error)).lower() if isinstance(error, OSError) else f"{error}"
            failed[step.path] = reason
            return False
        return True

    def write(step: Step) -> bool:
        return step.path not in failed and done(step, _bring_back)

    removed = [step for step in sorted(going, key=_deepest_first) if done(step, _remove)]
    made = [step for step in sorted(coming, key=_directories_first) if done(step, _bring_back)]
    with ThreadPoolExecutor(_WRITERS) as pool:  # file systems take many fsyncs at once as one
        wrote = pool.map(write, files)
        written = [step for step, well in zip(files, wrote, strict=True) if well]
        parents = {Path(step.path).parent for step in (*removed, *made, *written)}
        list(pool.map(sync_directory, parents))
    paths = dict.fromkeys(step.path for step in (*removed, *made, *written))
    return Undone(tuple(path for path in paths if path not in failed), tuple(failed.items()))


def _deepest_first(step: Step) -> tuple[bool, int, str]:
    return step.found.kind == "directory", -step.path.count("/"), step.path


def _directories_first(step: Step) -> tuple[bool, str]:
    return step.target.kind != "directory", step.path


def _remove(step: Step, store: ContentStore, workspace: Workspace) -> None:
    path = Path(step.path)
    with directory(path.parent, workspace.root_of(path)) as parent:
        if step.found.kind == "directory":
            os.rmdir(path.name, dir_fd=parent)
            return
        _require_unchanged(step, path, parent)
        os.unlink(path.name, dir_fd=parent)


def _bring_back(step: Step, store: ContentStore, workspace: Workspace) -> None:
    path, target = Path(step.path), step.target
    with directory(path.parent, workspace.root_of(path), create=True) as parent:
        match target.kind:
            case "directory":
                _make_directory(parent, path.name, target.mode)
            case "file" if same(step.found, target):
                _set_mode(path, target.mode)
            case "link":
                if step.found.kind == "link":
                    _require_unchanged(step, path, parent)
                _replace_link(parent, path.name, target.target)
            case _:
                old = _require_unchanged(step, path, parent) if step.found.kind == "file" else None
                _write(parent, path.name, step, old, store)


def _write(parent: int, name: str, step: Step, old: os.stat_result | None, store: ContentStore) -> None:
    data = store.get(step.target.sha256)
    if data is None:
        raise ToolFailure("what it held before can't be read any more")
    if old is None:
        with suppress(FileNotFoundError):
            os.stat(name, dir_fd=parent, follow_symlinks=False)
            raise ToolFailure("something else appeared there just now")
    # permissions that a person gave it since stay
    changed_by_person = old is not None and stat.S_IMODE(old.st_mode) != step.expected.mode
    mode = None if changed_by_person else step.target.mode
    replace_file(parent, name, data, old=old, mode=mode, sync_name=False)


def _make_directory(parent: int, name: str, mode: int) -> None:
    with suppress(FileExistsError):
        os.mkdir(name, dir_fd=parent)
    found = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    try:
        os.fchmod(found, mode & 0o777)
    finally:
        os.close(found)


def _set_mode(path: Path, mode: int) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        os.fchmod(descriptor, mode & 0o777)
    finally:
        os.close(descriptor)


def _replace_link(parent: int, name: str, target: str) -> None:
    temporary = f".qwen-{os.urandom(8).hex()}.tmp"
    os.symlink(target, temporary, dir_fd=parent)
    try:
        os.rename(temporary, name, src_dir_fd=parent, dst_dir_fd=parent)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary, dir_fd=parent)
        raise


def _require_unchanged(step: Step, path: Path, parent: int) -> os.stat_result:
    """The status of what stands there, which is still what the plan saw."""
    before = os.stat(path.name, dir_fd=parent, follow_symlinks=False)
    now = look(path)
    after = os.stat(path.name, dir_fd=parent, follow_symlinks=False)
    if not same(now, step.found) or identity(before) != identity(after):
        raise ToolFailure("it was changed by something else just now")
    return after
