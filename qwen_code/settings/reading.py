"""Reads a configuration file, whatever lies under its name."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from qwen_code.errors import ConfigurationError

MAX_BYTES = 1_048_576
"""A settings file of this size is a mistake, or an attack."""


def read_config(path: Path) -> str | None:
    """The text of `path`, or None when there is no such file or its folder is closed to us.

    Raises:
        ConfigurationError: there is something, and it can't be read as text. Such a file may hold rules
            that forbid, so going on without it would not be safe.
    """
    try:
        # without O_NONBLOCK, opening a FIFO that a repository planted would wait for ever
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if isinstance(error, PermissionError) and not os.access(path.parent, os.X_OK):
            return None
        raise ConfigurationError(
            f"{path} can't be read: {_reason(error)}. Correct that or remove it."
        ) from None
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise ConfigurationError(f"{path} is not a regular file. Replace or remove it.")
    with os.fdopen(fd, "rb") as file:
        try:
            data = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise ConfigurationError(f"{path} can't be read: {_reason(error)}.") from None
    if len(data) > MAX_BYTES:
        raise ConfigurationError(f"{path} is larger than 1 MB, too large for settings. Shorten or remove it.")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ConfigurationError(f"{path}:1: the file is UTF-16. Save it as UTF-8.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(f"{path}:{line}: the text is not UTF-8. Save the file as UTF-8.") from None


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
