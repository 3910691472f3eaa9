"""Which files of a repository are as git has them, read from its index by hand.

Content that git holds need not be copied to be brought back. The format is gitformat-index(5), versions 2
to 4. Whatever is not understood counts as not held by git, which is always safe.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path

_ENTRY = struct.Struct(">10I20sH")
_EXTENDED = 0x4000
_MAX_BYTES = 256 * 2**20


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """A file as git saw it when it last compared it."""

    oid: str
    ctime_ns: int
    mtime_ns: int
    inode: int
    mode: int
    size: int

    def matches(self, info: os.stat_result) -> bool:
        """Whether nothing was written to the file since. Inode and size are cut to 32 bits by the format."""
        return (
            self.mtime_ns == info.st_mtime_ns
            and self.ctime_ns == info.st_ctime_ns
            and self.inode == info.st_ino & 0xFFFFFFFF
            and self.size == info.st_size & 0xFFFFFFFF
            and self.mode & 0o100 == info.st_mode & 0o100
        )


@dataclass(frozen=True, slots=True)
class GitIndex:
    """The index of one repository."""

    git_directory: Path
    top: Path
    """Of the working tree; names of entries are relative to it."""
    entries: dict[str, IndexEntry]


def read_index(directory: Path) -> GitIndex | None:
    """The index of the repository around `directory`; None where there is none that is understood."""
    for top in (directory, *directory.parents):
        git = top / ".git"
        if git.is_dir():
            return _index(git, git, top)
        if git.is_file():
            found = _linked(git)
            return _index(found, _common(found), top) if found else None
    return None


def _index(git: Path, common: Path, top: Path) -> GitIndex | None:
    try:
        if b"objectformat" in (common / "config").read_bytes().lower():
            return None  # SHA-256 names, which this does not read
        with (git / "index").open("rb") as file:
            written = os.fstat(file.fileno()).st_mtime_ns
            data = file.read(_MAX_BYTES + 1)
        return GitIndex(git, top, _entries(data, written)) if len(data) <= _MAX_BYTES else None
    except (OSError, ValueError, struct.error, IndexError):
        return None


def _linked(file: Path) -> Path | None:
    """Where a worktree's or submodule's `.git` file leads."""
    try:
        line = os.fsdecode(file.read_bytes()[:4096]).partition("\n")[0]
    except OSError:
        return None
    return file.parent / line.removeprefix("gitdir: ") if line.startswith("gitdir: ") else None


def _common(git: Path) -> Path:
    try:
        return git / os.fsdecode((git / "commondir").read_bytes()[:4096]).strip()
    except OSError:
        return git


def _entries(data: bytes, written_ns: int) -> dict[str, IndexEntry]:
    magic, version, count = struct.unpack_from(">4sII", data)
    if magic != b"DIRC" or version not in (2, 3, 4):
        raise ValueError("not an index that is understood")
    found: dict[str, IndexEntry] = {}
    at, name = 12, b""
    for _ in range(count):
        start = at
        values = _ENTRY.unpack_from(data, at)
        at += _ENTRY.size
        flags = values[11]
        if flags & _EXTENDED and version >= 3:
            at += 2
        if version == 4:
            strip, at = _offset(data, at)
            end = data.index(b"\0", at)
            name = name[: len(name) - strip] + data[at:end]
            at = end + 1
        else:
            end = data.index(b"\0", at)
            name = data[at:end]
            at = start + (end - start + 8) // 8 * 8
        mtime = values[2] * 1_000_000_000 + values[3]
        # what was written as late as the index itself may have changed unseen ("racy git")
        if flags >> 12 & 3 == 0 and values[6] >> 12 == 0o10 and mtime < written_ns:
            ctime = values[0] * 1_000_000_000 + values[1]
            entry = IndexEntry(values[10].hex(), ctime, mtime, values[5], values[6], values[9])
            found[os.fsdecode(name)] = entry
    return found


def _offset(data: bytes, at: int) -> tuple[int, int]:
    """git's variable width number, as in pack offsets."""
    byte = data[at]
    at += 1
    value = byte & 0x7F
    while byte & 0x80:
        byte = data[at]
        at += 1
        value = (value + 1 << 7) | (byte & 0x7F)
    return value, at
