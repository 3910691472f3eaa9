"""Picks a range of lines out of a stream of bytes of any length, in little memory."""

from __future__ import annotations

from dataclasses import dataclass, field

from qwen_code.workspace.encodings import decode_piece

LONGEST_LINE = 2000
"""Characters of one line that are shown."""
_KEPT = LONGEST_LINE * 4


@dataclass(frozen=True, slots=True)
class LineRange:
    """Some lines of a file."""

    text: str
    """Line endings are all `\\n`; over-long lines are cut, with a note of their length."""
    first: int
    """Lines before it."""
    count: int
    total: int
    """Lines of the whole file."""
    sha256: str
    """Of the whole file."""

    @property
    def complete(self) -> bool:
        """True when this is the whole file."""
        return self.count == self.total


@dataclass(slots=True)
class LineSelector:
    """Takes `count` lines from the one with number `offset` (from 0) on, at most `max_bytes` of them."""

    offset: int
    count: int
    max_bytes: int
    _line: int = 0
    _used: int = 0
    _full: bool = False
    _lines: list[bytes] = field(default_factory=list[bytes])
    _lengths: list[int] = field(default_factory=list[int])
    _current: bytearray = field(default_factory=bytearray)
    _length: int = 0
    _open: bool = False
    """The last line seen has no line ending so far."""

    def feed(self, chunk: bytes) -> None:
        start = 0
        if self._line + chunk.count(b"\n") >= self.offset:
            start = self._collect(chunk)
        self._line += chunk.count(b"\n", start)
        if chunk:
            self._open = chunk[-1] != 0x0A

    def finish(self, sha256: str) -> LineRange:
        """The range, once all chunks were fed. Raises NotText for what can't be shown as text."""
        total = self._line + self._open
        ended = True
        if self._open and not self._full and self.offset <= self._line < self.offset + self.count:
            ended = False
            self._close()
        lines = decode_piece(b"\n".join(self._lines)).split("\n") if self._lines else []
        if lines and self.offset == 0:
            lines[0] = lines[0].removeprefix("\ufeff")
        shown = [_cut(line, length) for line, length in zip(lines, self._lengths, strict=True)]
        ending = "\n" if shown and (ended or len(shown) + self.offset < total) else ""
        return LineRange("\n".join(shown) + ending, self.offset, len(shown), total, sha256)

    def _collect(self, chunk: bytes) -> int:
        """Take what is wanted of `chunk`; returns where the rest begins."""
        start = 0
        while not self._full and self._line < self.offset + self.count:
            end = chunk.find(b"\n", start)
            if self._line >= self.offset:
                self._take(chunk[start : end if end >= 0 else len(chunk)])
            if end < 0:
                return len(chunk)
            if self._line >= self.offset:
                self._close()
            self._line += 1
            start = end + 1
        return start

    def _take(self, piece: bytes) -> None:
        self._length += len(piece)
        self._current += piece[: max(_KEPT - len(self._current), 0)]

    def _close(self) -> None:
        line = bytes(self._current)
        length = self._length
        self._current.clear()
        self._length = 0
        if len(line) < length:
            line = _whole_characters(line)
        size = min(len(line), LONGEST_LINE) + 1
        if self._lines and self._used + size > self.max_bytes:
            self._full = True
            return
        self._used += size
        self._lines.append(line.removesuffix(b"\r"))
        self._lengths.append(length)


def _whole_characters(line: bytes) -> bytes:
    """`line` without a UTF-8 character that was cut in two at its end."""
    end = len(line)
    while end and line[end - 1] & 0xC0 == 0x80:
        end -= 1
    return line[: end - 1] if end and line[end - 1] >= 0xC0 else line[:end]


def _cut(line: str, length: int) -> str:
    if length <= _KEPT and len(line) <= LONGEST_LINE:
        return line
    return f"{line[:LONGEST_LINE]}… [line cut; it has {length:,} bytes]"
