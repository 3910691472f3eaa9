"""Opens files and directories so that no link swapped in underway can lead elsewhere.

A path is walked name by name from a directory that is trusted, each step relative to the one before and
refusing links (openat with O_NOFOLLOW). Paths given here must be real ones, with every link resolved: a link
met on the way was put there since.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from qwen_code.workspace.atomic_write import sync_directory

_SEARCH = getattr(os, "O_PATH", os.O_RDONLY)  # macOS has no O_PATH
_DIRECTORY = _SEARCH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY


class NotRegular(OSError):
    """What stands there is no regular file; `what` names it for people."""

    def __init__(self, what: str) -> None:
        super().__init__(errno.EINVAL, f"is {what}")
        self.what = what


@contextmanager
def directory(path: Path, root: Path | None, *, create: bool = False) -> Generator[int, None, None]:
    """A descriptor of the directory `path` for use as `dir_fd`, walked to from `root` (None: from `/`).

    With `create`, missing directories are made, durably, and removed again when the body raises.

    Raises:
        OSError: it can't be opened; NotADirectoryError also where a link was met.
    """
    start = root or Path(path.anchor)
    with ExitStack() as opened:
        descriptor = _opened(opened, os.open(start, _DIRECTORY))
        made: list[tuple[int, str]] = []
        try:
            for name in path.relative_to(start).parts:
                descriptor = _opened(opened, _step(descriptor, name, made if create else None))
            yield descriptor
        except BaseException:
            _remove(made)
            raise
        for parent, _ in made:
            sync_directory(parent)


def _step(parent: int, name: str, made: list[tuple[int, str]] | None) -> int:
    """Open the directory `name` in `parent`; make it if need be, and note that in `made`."""
    try:
        return os.open(name, _DIRECTORY, dir_fd=parent)
    except FileNotFoundError:
        if made is None:
            raise
    with suppress(FileExistsError):  # another writer may make it at the same time
        os.mkdir(name, dir_fd=parent)
        made.append((parent, name))
    return os.open(name, _DIRECTORY, dir_fd=parent)


def _remove(made: list[tuple[int, str]]) -> None:
    for parent, name in reversed(made):
        with suppress(OSError):
            os.rmdir(name, dir_fd=parent)


def _opened(stack: ExitStack, descriptor: int) -> int:
    stack.callback(os.close, descriptor)
    return descriptor


@contextmanager
def regular_file(path: Path, root: Path | None) -> Generator[int, None, None]:
    """A descriptor of the regular file `path`, open for reading. Never waits, whatever stands there.

    Raises:
        NotRegular: a directory, pipe, socket or device, or a link put there since.
        OSError: it can't be opened.
    """
    if path in (root, path.parent):
        raise NotRegular("a directory")
    with directory(path.parent, root) as parent:
        # A look before the leap: opening a device can have effects of its own.
        require_regular(os.stat(path.name, dir_fd=parent, follow_symlinks=False))
        descriptor = os.open(path.name, _READ, dir_fd=parent)
    try:
        require_regular(os.fstat(descriptor))
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def listing(path: Path, root: Path | None) -> Generator[int, None, None]:
    """A descriptor of the directory `path` that `os.scandir` takes.

    Raises:
        OSError: it can't be opened.
    """
    with directory(path, root) as found:
        descriptor = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=found)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def require_regular(info: os.stat_result) -> None:
    """Raises NotRegular unless `info` is that of a regular file."""
    if not stat.S_ISREG(info.st_mode):
        raise NotRegular(_KINDS.get(stat.S_IFMT(info.st_mode), "no regular file"))


_KINDS = {
    stat.S_IFDIR: "a directory",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFLNK: "a link that has just been put there",
}
