"""Opens session files: private, locked against a second writer, and repaired after a crash."""

from __future__ import annotations

import fcntl
import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from qwen_code.errors import SessionError
from qwen_code.sessions.lines import Lines, decode_lines


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """A session file as it was found."""

    fd: int | None
    """Open for appending and locked; None when `busy` or `read_only`."""
    lines: Lines
    busy: bool = False
    """Another process writes it."""
    read_only: str = ""
    """Why it can't be written, where that is so."""


def try_lock(fd: int) -> bool:
    """Take the only writer's place; False when another process has it.

    File systems without locks let everybody in.
    """
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def open_file(path: Path) -> OpenedFile:
    """Open `path` to go on with it; a torn last line is cut off, so that the next record starts a line.

    Raises:
        SessionError: it can't even be read.
    """
    try:
        fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        return OpenedFile(None, decode_lines(read_file(path)), read_only=error.strerror or str(error))
    try:
        if not try_lock(fd):
            lines = decode_lines(read_file(path))
            os.close(fd)
            return OpenedFile(None, lines, busy=True)
        lines = decode_lines(read_file(path))
        with suppress(OSError):  # a disk that fails here will fail, and be told, at the next record
            if lines.torn:
                os.ftruncate(fd, lines.length)
            elif lines.unended:
                os.write(fd, b"\n")
    except BaseException:
        os.close(fd)
        raise
    return OpenedFile(fd, lines)


def read_file(path: Path) -> bytes:
    """All of a session file.

    Raises:
        SessionError: there is none, or it can't be read.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(fd, "rb") as file:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise SessionError(f"{path} is not a regular file, so it can't be a session.")
            return file.read()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SessionError(f"The session in {path} can't be read: {reason}.") from None
