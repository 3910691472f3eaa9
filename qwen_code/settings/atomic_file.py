"""Replaces a file so that everybody sees the old or the new content, and one writer at a time."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path


def replace_file(path: Path, data: bytes, *, mode: int = 0o600) -> None:
    """Write `data` to `path` through a temporary file beside it; after a crash either content is whole.

    A link is followed, so that files kept elsewhere (dotfiles) stay where they are. Permissions of the old
    file are kept, and its owner where that is allowed; `mode` is that of a new file.

    Raises:
        OSError: the old content is untouched and nothing is left beside it.
    """
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.name[:100]}.{os.getpid()}-{time.monotonic_ns()}.tmp")
    try:
        old = target.stat()
    except FileNotFoundError:
        old = None
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(data)
            file.flush()
            if old is not None:
                with suppress(PermissionError):
                    os.fchown(fd, old.st_uid, old.st_gid)
            os.fchmod(fd, old.st_mode & 0o7777 if old else mode)
            os.fsync(fd)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_directory(target.parent)


def sync_directory(directory: Path) -> None:
    """Make a new name in `directory` durable, where the file system can."""
    with suppress(OSError):
        fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def make_private(directory: Path) -> None:
    """Make `directory` and its missing parents, durably and closed to everybody else.

    Raises:
        OSError: it can't be made.
    """
    missing: list[Path] = []
    while not directory.is_dir():
        missing.append(directory)
        if directory == directory.parent:
            break
        directory = directory.parent
    for folder in reversed(missing):
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        sync_directory(folder.parent)


@contextmanager
def locked(directory: Path, *, wait_s: float = 10.0) -> Generator[None]:
    """Hold `directory` against other writers that ask in the same way; leaves no lock file behind.

    File systems without locks are written to without one.

    Raises:
        TimeoutError: somebody else held it all the time.
    """
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        deadline = time.monotonic() + wait_s
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"another process holds {directory}") from None
                time.sleep(0.005)
            except OSError:
                break
        yield
    finally:
        os.close(fd)
