"""Stands in for protected paths that do not exist yet, while a command runs that could create them.

A mount needs something to be mounted on. Where a name is missing, the node of a unix socket that nobody
opened takes its place: whoever opens it gets an error at once, git does not see it, so that no status shows
it and no commit holds it, and it costs microseconds where a folder costs milliseconds. All commands that need
stubs in a folder hold a shared lock on that folder, of this process and of others, and the last one removes
them. Their mode and time tell them from other files, so that those of a killed run are removed by the next.
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from qwen_code.sandbox.git_layout import Missing

_TIME_NS: Final = 1_234_567_890 * 10**9
_MODE: Final = 0o444
_CONTENT: Final[dict[Missing, bytes]] = {"file": b"", "pointer": b"."}
"""A repository whose `commondir` holds a dot is one without that file."""


class Stubs:
    """The stubs of one command."""

    def __init__(self) -> None:
        self._held: list[Path] = []
        self._locks: dict[Path, int] = {}

    def hold(self, missing: Iterable[tuple[Path, Missing]]) -> list[Path]:
        """Put stubs in place; those that are there now. None can be made e.g. on a read-only file system."""
        for path, kind in missing:
            try:
                self._lock(path.parent)
                _make(path, kind)
            except OSError:
                continue
            self._held.append(path)
        return self._held

    def release(self) -> None:
        """Remove those that nobody else holds."""
        for path in self._held:
            lock = self._locks[path.parent]
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if is_stub(os.lstat(path)):
                    path.unlink()
            except OSError:  # others need it, or it is gone
                continue
        for lock in self._locks.values():
            os.close(lock)
        self._held, self._locks = [], {}

    def _lock(self, folder: Path) -> None:
        """Whoever holds this for himself alone is about to let go of it."""
        if folder not in self._locks:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            self._locks[folder] = descriptor
            fcntl.flock(descriptor, fcntl.LOCK_SH)


def is_stub(info: os.stat_result) -> bool:
    """Whether this is a stub's `lstat`: of ours, or left by a run that was killed."""
    if info.st_mtime_ns != _TIME_NS or stat.S_IMODE(info.st_mode) & ~_MODE:
        return False
    return stat.S_ISSOCK(info.st_mode) or (stat.S_ISREG(info.st_mode) and info.st_size <= 1)


def _make(path: Path, kind: Missing) -> None:
    """Make the stub, unless it is there already.

    Raises:
        FileExistsError: there is something else by now.
    """
    try:
        if (content := _CONTENT.get(kind)) is None:
            os.mknod(path, stat.S_IFSOCK | _MODE)
        else:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)
            os.write(descriptor, content)
            os.close(descriptor)
    except FileExistsError:
        if is_stub(os.lstat(path)):
            return
        raise
    os.utime(path, ns=(_TIME_NS, _TIME_NS), follow_symlinks=False)
