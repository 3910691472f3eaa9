"""Reads and writes text files for a session that remembers what the model has seen of each.

The rule: an existing file is changed only when the session has read it and its content is still the one
that was read (compared by hash, since times lie). Encoding, mode and all bytes that were not edited stay.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from qwen_code.tool import ToolFailure
from qwen_code.workspace.atomic_write import Stamp, replace_file, stamp_of
from qwen_code.workspace.encodings import UTF_8, Encoding, NotText, decode, encoding_of_mark, reject_binary
from qwen_code.workspace.file_failures import file_failures
from qwen_code.workspace.line_ranges import LineRange, LineSelector
from qwen_code.workspace.no_follow import directory, regular_file, require_regular
from qwen_code.workspace.paths import ResolvedPath, printable

MAX_TEXT_BYTES = 32 * 1024 * 1024
"""The largest file that is held in memory as a whole, as an edit has to."""
MAX_RANGE_BYTES = 256 * 1024 * 1024
"""The largest file that lines are read from; it is streamed."""
_CHUNK = 256 * 1024


@dataclass(frozen=True, slots=True)
class PlannedWrite:
    """A file that is about to be written."""

    path: Path
    """The real one."""
    old: bytes | None
    """None: there is no file yet."""
    new: bytes
    directories: tuple[Path, ...] = ()
    """That are made for it, the outermost first."""


BeforeWrite = Callable[[PlannedWrite], None]
"""Told before a file is written. May raise ToolFailure to prevent it."""


@dataclass(frozen=True, slots=True)
class TextFile:
    """A text file as it was when it was read."""

    text: str
    """Line endings as on disk, no byte order mark."""
    encoding: Encoding
    sha256: str
    raw: bytes
    status: os.stat_result

    @property
    def newline(self) -> str:
        """`\\n` or `\\r\\n` where every line ends so, else empty."""
        pairs = self.text.count("\r\n")
        lines = self.text.count("\n")
        if lines and pairs == lines:
            return "\r\n"
        return "\n" if lines and not pairs else ""


class TextFiles:
    """The files of one session. `assume_read` counts every existing file as read, for tools run by hand."""

    def __init__(self, *, assume_read: bool = False, before_write: BeforeWrite | None = None) -> None:
        self.before_write = before_write
        self.on_seen: Callable[[Path, str], None] = lambda real, sha256: None
        """Hears of every content that the model comes to know, so that a resumed session knows it too."""
        self._assume_read = assume_read
        self._seen: dict[Path, str] = {}
        self._stamps: dict[Path, set[Stamp]] = {}

    def remember(self, real: Path, sha256: str) -> None:
        """The model now knows the content of `real` that has this hash."""
        if self._seen.get(real) != sha256:
            self._seen[real] = sha256
            self.on_seen(real, sha256)

    def seen(self, real: Path) -> str | None:
        """Hash of the content of `real` that the model knows; None when it was never read."""
        return self._seen.get(real)

    def read(self, path: ResolvedPath) -> TextFile:
        """The whole file.

        Raises:
            ToolFailure: kinds `not_found`, `not_regular_file`, `binary`, `not_text`, `too_large`, `io_error`.
        """
        with file_failures(path, "read"), _opened(path) as descriptor:
            status = os.fstat(descriptor)
            raw = b"".join(_chunks(path, descriptor, MAX_TEXT_BYTES))
            text, encoding = decode(raw)
        return TextFile(text, encoding, _sha256(raw), raw, status)

    def read_if_exists(self, path: ResolvedPath) -> TextFile | None:
        """As `read`; None where nothing exists."""
        try:
            return self.read(path)
        except ToolFailure as failure:
            if failure.kind == "not_found":
                return None
            raise

    def read_lines(self, path: ResolvedPath, *, offset: int, count: int, max_bytes: int) -> LineRange:
        """`count` lines from the one with number `offset` (from 0) on, of a file that may be far larger
        than what is held in memory.

        Raises:
            ToolFailure: as `read`.
        """
        import hashlib

        selector = LineSelector(offset, count, max_bytes)
        digest = hashlib.sha256()
        with file_failures(path, "read"), _opened(path) as descriptor:
            chunks = _chunks(path, descriptor, MAX_RANGE_BYTES)
            first = next(chunks, b"")
            mark = encoding_of_mark(first)
            if mark is not None and mark.name != UTF_8.name:
                file = self.read(path)  # lines of UTF-16 can't be told apart byte by byte
                selector.feed(file.text.encode())
                return selector.finish(file.sha256)
            reject_binary(first)
            while first:
                digest.update(first)
                selector.feed(first)
                first = next(chunks, b"")
                if b"\0" in first:
                    raise NotText("binary data")
            return selector.finish(digest.hexdigest())

    def known_text(self, path: ResolvedPath) -> str | None:
        """The text of a file that the model knows as it is now; None for others."""
        try:
            file = self.read(path)
            self.require_known(path, file)
        except ToolFailure:
            return None
        return file.text

    def require_known(self, path: ResolvedPath, file: TextFile) -> None:
        """Raises ToolFailure, kind `stale`, unless the model knows `file` as it is now."""
        known = self._seen.get(path.real)
        if known is None and not self._assume_read:
            raise ToolFailure(
                f"{path.name} exists and has not been read in this session. Read it with read_file first.",
                "stale",
            )
        if known is not None and known != file.sha256:
            raise ToolFailure(
                f"{path.name} has changed on disk since it was read. Read it again with read_file.", "stale"
            )

    def write(
        self, path: ResolvedPath, text: str, *, replaces: TextFile | None, encoding: Encoding | None = None
    ) -> None:
        """Write `text` as it is, atomically; missing directories are made.

        `replaces` is the file as it was read a moment ago, None where there was none; `encoding` is its own
        unless given. The model is taken to know what was written.

        Raises:
            ToolFailure: kind `stale` when the file is not what `replaces` says, `not_text` when the encoding
                has no such characters, else as `read`; the old content is intact then.
        """
        if encoding is None:
            encoding = replaces.encoding if replaces else UTF_8
        data = _encoded(path, text, encoding)
        _require_file_name(path)
        taken = self._stamps.setdefault(path.real, set())
        old = replaces.status if replaces else None
        if old is not None:
            taken.add(stamp_of(old))
        planned = PlannedWrite(path.real, replaces.raw if replaces else None, data, _missing(path.real))
        with file_failures(path, "write"), directory(path.real.parent, path.root, create=True) as parent:
            _require_unchanged(parent, path, old)
            if self.before_write is not None:
                self.before_write(planned)
            taken.add(stamp_of(replace_file(parent, path.real.name, data, old=old, taken=taken)))
        if self._assume_read:
            self._seen.pop(path.real, None)  # by hand, whatever comes after a write was made by hand as well
        else:
            self.remember(path.real, _sha256(data))


@contextmanager
def _opened(path: ResolvedPath) -> Generator[int, None, None]:
    _require_file_name(path)
    with regular_file(path.real, path.root) as descriptor:
        yield descriptor


def _chunks(path: ResolvedPath, descriptor: int, limit: int) -> Iterator[bytes]:
    """What the file holds; counts for itself, since files of /proc claim to be empty."""
    size = os.fstat(descriptor).st_size
    done = 0
    while size <= limit and (chunk := os.read(descriptor, _CHUNK)):
        yield chunk
        done += len(chunk)
        size = max(size, done)
    if size > limit:
        raise ToolFailure(
            f"{path.name} has {size:,} bytes; the limit is {limit:,}. Search it with grep_search, or take "
            "parts of it with run_shell_command (sed -n '1,200p').",
            "too_large",
        )


def _encoded(path: ResolvedPath, text: str, encoding: Encoding) -> bytes:
    try:
        return encoding.encode(text)
    except UnicodeEncodeError as error:
        char = error.object[error.start]
        raise ToolFailure(
            f"{path.name} is stored as {encoding}, which has no character {char!a}. "
            "Use characters that this encoding has.",
            "not_text",
        ) from None


def _missing(path: Path) -> tuple[Path, ...]:
    """The directories above `path` that are not there."""
    missing: list[Path] = []
    for parent in path.parents:
        if os.path.lexists(parent):
            break
        missing.append(parent)
    return tuple(reversed(missing))


def _require_file_name(path: ResolvedPath) -> None:
    if path.names_directory:
        raise ToolFailure(f"{printable(path.given)} names a directory. Name a file.", "not_regular_file")


def _require_unchanged(parent: int, path: ResolvedPath, old: os.stat_result | None) -> None:
    name = path.real.name
    try:
        now = os.stat(name, dir_fd=parent, follow_symlinks=False)
    except FileNotFoundError:
        now = None
    if (None if now is None else _identity(now)) != (None if old is None else _identity(old)):
        raise ToolFailure(
            f"{path.name} was changed by something else just now. Read it again with read_file.", "stale"
        )
    if now is not None:
        require_regular(now)
        if not os.access(name, os.W_OK, dir_fd=parent):
            if os.fstatvfs(parent).f_flag & os.ST_RDONLY:
                raise OSError(errno.EROFS, "read-only file system")
            raise ToolFailure(
                f"{path.name} is read-only (mode {now.st_mode & 0o777:o}). Nothing was changed.", "io_error"
            )


def _identity(info: os.stat_result) -> tuple[int, ...]:
    return info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns


def _sha256(raw: bytes) -> str:
    import hashlib

    return hashlib.sha256(raw).hexdigest()
