"""What stood at a path at one moment, and how it is read without following links."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast, get_args

from qwen_code.workspace.content_store import ContentStore

Kind: TypeAlias = Literal["absent", "file", "link", "directory", "other"]

MAX_FILE_BYTES = 16 * 2**20
"""The largest text file whose content is kept."""
MAX_BINARY_BYTES = 4 * 2**20
"""The largest file with NUL bytes at its beginning whose content is kept."""

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY


@dataclass(frozen=True, slots=True)
class FileState:
    """One moment of one path. Two states are the same when `same` says so."""

    kind: Kind
    mode: int = 0
    """Permission bits, for files and directories."""
    sha256: str = ""
    """Of a file's content; empty when it was too large to be read."""
    size: int = 0
    target: str = ""
    """Where a link leads."""
    kept: bool = True
    """For files: whether the content is in the store."""

    def encode(self) -> dict[str, Any]:
        """As JSON, without what says nothing."""
        full = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in full.items() if value or name == "kept"}

    @classmethod
    def decode(cls, value: object) -> FileState | None:
        """The inverse of `encode`; None for what is none."""
        if not isinstance(value, dict):
            return None
        fields = cast("Mapping[str, Any]", value)
        kind, mode, size = fields.get("kind"), fields.get("mode", 0), fields.get("size", 0)
        sha256, target, kept = fields.get("sha256", ""), fields.get("target", ""), fields.get("kept", False)
        if kind not in get_args(Kind) or not isinstance(mode, int) or not isinstance(size, int):
            return None
        if not isinstance(sha256, str) or not isinstance(target, str):
            return None
        return cls(cast("Kind", kind), mode, sha256, size, target, kept is True)


ABSENT = FileState("absent")


def same(one: FileState, other: FileState) -> bool:
    """Whether nobody could tell the two apart by content. What was too large to be read is like nothing."""
    if one.kind != other.kind or one.kind == "other":
        return False
    if one.kind == "file":
        return bool(one.sha256) and one.sha256 == other.sha256
    return one.target == other.target


def of_content(data: bytes, mode: int, store: ContentStore) -> FileState:
    """A file's state from what it holds; the content is kept if it may be.

    Raises:
        OSError: the store can't be written.
    """
    digest = hashlib.sha256(data).hexdigest()
    kept = digest in store or (keepable(data, len(data)) and len(data) <= store.room)
    if kept:
        store.put(data)
    return FileState("file", mode, digest, len(data), kept=kept)


def keepable(beginning: bytes, size: int) -> bool:
    """Whether a file of `size` bytes is kept: large ones are not, and binary ones sooner."""
    binary = b"\0" in beginning[:8192]
    return size <= (MAX_BINARY_BYTES if binary else MAX_FILE_BYTES)


def look(path: Path, store: ContentStore | None = None) -> FileState:
    """What stands at `path` now. With a `store`, a file's content is kept there.

    Raises:
        OSError: it can't be read, or the store not be written.
    """
    try:
        info = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return ABSENT
    if stat.S_ISREG(info.st_mode):
        found = read_file(path, info)
        if found is None:  # it changed underway: once more, then it is what it is
            found = read_file(path, os.lstat(path))
        if found is None:
            return FileState("file", stat.S_IMODE(info.st_mode), size=info.st_size, kept=False)
        mode = stat.S_IMODE(info.st_mode)
        if store is not None:
            return of_content(found, mode, store)
        return FileState("file", mode, hashlib.sha256(found).hexdigest(), len(found), kept=False)
    return state_without_content(path, info)


def state_without_content(path: Path, info: os.stat_result) -> FileState:
    """The state of what is no regular file."""
    if stat.S_ISLNK(info.st_mode):
        return FileState("link", target=_target(path))
    if stat.S_ISDIR(info.st_mode):
        return FileState("directory", stat.S_IMODE(info.st_mode))
    return FileState("other")


def _target(path: Path) -> str:
    """Where the link leads, in its own spelling; empty once it is gone."""
    try:
        return os.readlink(path)  # noqa: PTH115 - a Path would drop `./` and doubled slashes
    except OSError:
        return ""


def read_content(path: Path) -> bytes | None:
    """What the regular file at `path` holds now; None for what is none, or too large to be kept.

    Raises:
        OSError: it can't be read.
    """
    info = os.lstat(path)
    return read_file(path, info) if stat.S_ISREG(info.st_mode) else None


def read_file(path: Path, info: os.stat_result) -> bytes | None:
    """The content of the regular file whose status is `info`; None when it is too large to be kept, or no
    longer the same.

    Raises:
        OSError: it can't be read.
    """
    if info.st_size > MAX_FILE_BYTES:
        return None
    descriptor = os.open(path, _READ)
    try:
        parts: list[bytes] = []
        total = 0
        while part := os.read(descriptor, 2**20):
            parts.append(part)
            total += len(part)
            if total > MAX_FILE_BYTES:
                return None
        after = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    if identity(after) != identity(info) or total != info.st_size:
        return None
    return b"".join(parts)


def identity(info: os.stat_result) -> tuple[int, ...]:
    """Differs between two moments of one path whenever something was written in between."""
    return info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns, info.st_mode
