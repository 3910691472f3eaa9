"""Replaces one file as a whole: readers see the old content or the new, also after a crash."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection
from contextlib import suppress

_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_SECOND = 1_000_000_000
_PASSING = stat.S_ISUID | stat.S_ISGID
"""Set-user-ID must not pass to content that its owner never saw; the kernel drops it on a write as well."""

Stamp = tuple[int, int]
"""Whole second of the modification time, and size in bytes: all that Python's check for stale `.pyc` files
sees (importlib, PEP 552 describes the format)."""


def replace_file(
    directory: int,
    name: str,
    data: bytes,
    *,
    old: os.stat_result | None,
    taken: Collection[Stamp] = (),
    mode: int | None = None,
    sync_name: bool = True,
) -> os.stat_result:
    """Write `data` to `name` in the open `directory`, through a temporary file beside it.

    Mode, owner (where permitted) and extended attributes are those of the file it replaces, whose status is
    `old`; None creates a file as the umask says. Its modification time is moved on by whole seconds until
    its stamp is none of `taken`, so that a fast rewrite of equal size never passes for the version before.
    `mode`, where given, is the new file's, less the bits that pass on an identity. With `sync_name` off the
    caller sees to it that the directory reaches the disk (`sync_directory`).

    Raises:
        OSError: nothing was changed, and nothing is left behind.
    """
    temporary = f".qwen-{os.urandom(8).hex()}.tmp"
    descriptor = os.open(temporary, _NEW, 0o666 if old is None else 0o600, dir_fd=directory)
    try:
        try:
            _write_all(descriptor, data)
            if old is not None:
                _copy_attributes(directory, name, descriptor, old)
            if mode is not None:
                os.fchmod(descriptor, mode & ~_PASSING)
            _move_on(descriptor, taken)
            os.fsync(descriptor)
            written = os.fstat(descriptor)
        finally:
            os.close(descriptor)
        os.rename(temporary, name, src_dir_fd=directory, dst_dir_fd=directory)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary, dir_fd=directory)
        raise
    if sync_name:
        sync_directory(directory)
    return written


def stamp_of(info: os.stat_result) -> Stamp:
    return info.st_mtime_ns // _SECOND, info.st_size


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _copy_attributes(directory: int, name: str, descriptor: int, old: os.stat_result) -> None:
    new = os.fstat(descriptor)
    if (new.st_uid, new.st_gid) != (old.st_uid, old.st_gid):
        with suppress(PermissionError):
            os.fchown(descriptor, old.st_uid, old.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(old.st_mode) & ~_PASSING)
    if not hasattr(os, "listxattr"):
        return
    with suppress(OSError):
        source = os.open(name, _READ, dir_fd=directory)
        try:
            for attribute in os.listxattr(source):
                with suppress(OSError):
                    os.setxattr(descriptor, attribute, os.getxattr(source, attribute))
        finally:
            os.close(source)


def _move_on(descriptor: int, taken: Collection[Stamp]) -> None:
    info = os.fstat(descriptor)
    second, size = stamp_of(info)
    later = second
    while (later, size) in taken:
        later += 1
    if later != second:
        os.utime(descriptor, ns=(info.st_atime_ns, later * _SECOND + info.st_mtime_ns % _SECOND))


def sync_directory(directory: int) -> None:
    """The rename itself survives a power cut only once the directory is on disk; not all systems can."""
    with suppress(OSError):
        readable = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=directory)
        try:
            os.fsync(readable)
        finally:
            os.close(readable)
