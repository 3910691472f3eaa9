"""Contents of files by their SHA-256, in one append-only file that belongs to a session.

One file instead of one per content: a snapshot of thousands of files is then one fsync, and a crash can
only tear its end, which is found by the length of the last entry and cut off.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path

from qwen_code.settings.atomic_file import sync_directory

_MAGIC = b"QC1 "
_HEADER = len(_MAGIC) + 64 + 1 + 16 + 1
"""Magic, digest in hex, blank, size in hex, line feed; the content and a line feed follow."""


class ContentStore:
    """The contents that one session keeps. One process writes it, as it writes the session."""

    def __init__(self, path: Path, *, limit_bytes: int) -> None:
        self.path = path
        self._limit = limit_bytes
        self._places: dict[str, tuple[int, int]] | None = None
        self._end = 0
        self._fd: int | None = None
        self._unsynced = False

    def __contains__(self, sha256: str) -> bool:
        return sha256 in self._index()

    def digests(self) -> list[str]:
        """Of all that is kept, in the order in which it came."""
        return list(self._index())

    @property
    def room(self) -> int:
        """Bytes until the limit."""
        self._index()
        return max(self._limit - self._end, 0)

    def put(self, data: bytes) -> str:
        """Keep `data`, durably once `sync` was called; gives its digest.

        Raises:
            OSError: it can't be written; what was there is intact.
        """
        digest = hashlib.sha256(data).hexdigest()
        places = self._loaded()
        if digest in places:
            return digest
        descriptor = self._opened()
        header = b"%b%b %016x\n" % (_MAGIC, digest.encode(), len(data))
        try:
            rest = memoryview(b"".join((header, data, b"\n")))
            at = self._end
            while rest:
                written = os.pwrite(descriptor, rest, at)
                at += written
                rest = rest[written:]
        except OSError:
            with suppress(OSError):
                os.ftruncate(descriptor, self._end)
            raise
        places[digest] = (self._end + _HEADER, len(data))
        self._end = at
        self._unsynced = True
        return digest

    def sync(self) -> None:
        """Make all that was put durable.

        Raises:
            OSError: the disk failed.
        """
        if self._unsynced and self._fd is not None:
            os.fsync(self._fd)
            self._unsynced = False

    def get(self, sha256: str) -> bytes | None:
        """The content with this digest; None when it is not kept, or damaged."""
        place = self._index().get(sha256)
        if place is None:
            return None
        try:
            if self._fd is not None:
                data = os.pread(self._fd, place[1], place[0])
            else:
                with self.path.open("rb") as file:
                    file.seek(place[0])
                    data = file.read(place[1])
        except OSError:
            return None
        return data if hashlib.sha256(data).hexdigest() == sha256 else None

    def close(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _opened(self) -> int:
        if self._fd is None:
            made = [path for path in (self.path, *self.path.parents) if not path.exists()]
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            self._fd = os.open(self.path, flags, 0o600)
            for path in made:
                sync_directory(path.parent)
        return self._fd

    def _index(self) -> dict[str, tuple[int, int]]:
        """Nothing where it can't be read just now."""
        try:
            return self._loaded()
        except OSError:
            return {}

    def _loaded(self) -> dict[str, tuple[int, int]]:
        if self._places is None:
            self._places, self._end = _read_index(self.path)
        return self._places


def _read_index(path: Path) -> tuple[dict[str, tuple[int, int]], int]:
    """Where each content lies, and where the last whole entry ends.

    Raises:
        OSError: there is something that can't be read; to take it for empty would write over it.
    """
    places: dict[str, tuple[int, int]] = {}
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return places, 0
    try:
        size, at = os.fstat(descriptor).st_size, 0
        while header := _header(os.pread(descriptor, _HEADER, at)):
            digest, length = header
            end = at + _HEADER + length + 1
            if end > size:
                break
            places[digest] = (at + _HEADER, length)
            at = end
        return places, at
    finally:
        os.close(descriptor)


def _header(data: bytes) -> tuple[str, int] | None:
    if len(data) < _HEADER or not data.startswith(_MAGIC) or data[-1:] != b"\n":
        return None
    try:
        digest, _, length = data[len(_MAGIC) : -1].decode("ascii").partition(" ")
        return (digest, int(length, 16)) if len(digest) == 64 else None
    except ValueError:
        return None
