"""What is too long for the model: cut to its two ends by pure functions, kept whole in session files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from qwen_code.tool import OutputLimits

HEAD_SHARE: Final = 0.4
"""Part of the budget that goes to the beginning; errors and summaries stand at the end."""
GAP_BYTES: Final = 384
"""Set aside for the line that stands for what is missing, so that the result keeps to its limit."""
MAX_FILE_BYTES: Final = 256 * 2**20
MAX_TOTAL_BYTES: Final = 1024 * 2**20


def fits(text: str, limits: OutputLimits) -> bool:
    return (
        len(text) <= limits.bytes
        and text.count("\n") <= limits.lines
        and (text.isascii() or byte_length(text) <= limits.bytes)
    )


def byte_length(text: str) -> int:
    """Bytes of `text` in UTF-8."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))


def cap(text: str, limits: OutputLimits, saved_to: Path | None = None) -> str:
    """`text` if it fits, else its two ends with one line between that says what is missing."""
    if fits(text, limits):
        return text
    return join_ends(text, text, limits, lines=text.count("\n"), size=byte_length(text), saved_to=saved_to)


def join_ends(
    head: str,
    tail: str,
    limits: OutputLimits,
    *,
    lines: int,
    size: int,
    saved_to: Path | None = None,
    unsaved: int = 0,
) -> str:
    """As `cap`, for a text of which only a long beginning and a long end are at hand.

    `lines` (line feeds) and `size` (bytes) are those of the whole, of which the last `unsaved` bytes are not
    in the file. Both ends are cut at line ends where that leaves enough of them, never inside a character.
    """
    budget = max(limits.bytes - GAP_BYTES, 0)
    head_lines, head_bytes = int(limits.lines * HEAD_SHARE), int(budget * HEAD_SHARE)
    first = first_part(head, head_lines, head_bytes)
    last = last_part(tail, limits.lines - head_lines, budget - head_bytes)
    missing_bytes = max(size - byte_length(first) - byte_length(last), 0)
    missing_lines = lines - first.count("\n") - last.count("\n")
    gap = f"{missing_lines:,} lines, " if missing_lines > 1 else ""
    text = f"[... {gap}{readable_size(missing_bytes)} left out"
    if saved_to is not None:
        part = f"the first {readable_size(size - unsaved)} are" if unsaved else "the whole output is"
        text += f"; {part} in {saved_to}"
        if missing_lines > 1 and first.endswith("\n"):
            text += f", go on with read_file offset={first.count(chr(10))}"
    start = "" if first.endswith("\n") or not first else "\n"
    return f"{first}{start}{text}]\n{last}"


def first_part(text: str, lines: int, size: int) -> str:
    """The beginning of `text`: at most `lines` lines and `size` bytes."""
    part = text[:size].encode("utf-8", "replace")[:size].decode("utf-8", "ignore")
    pieces = part.split("\n")
    if len(pieces) > lines:
        return "".join(f"{piece}\n" for piece in pieces[:lines])
    end = part.rfind("\n") + 1
    return part if len(part) == len(text) or end <= len(part) // 2 else part[:end]


def last_part(text: str, lines: int, size: int) -> str:
    """The end of `text`: at most `lines` lines and `size` bytes."""
    part = text[max(len(text) - size, 0) :].encode("utf-8", "replace")
    part = part[max(len(part) - size, 0) :].decode("utf-8", "ignore")
    pieces = part.split("\n")
    if pieces[-1] == "":
        lines += 1
    if len(pieces) > lines:
        return "\n".join(pieces[len(pieces) - lines :])
    start = part.find("\n") + 1
    return part if len(part) == len(text) or len(part) - start <= len(part) // 2 else part[start:]


def cut_line(line: str, width: int) -> str:
    """`line` shortened to `width` characters, with the number of those left out."""
    if len(line) <= width:
        return line
    return f"{line[:width]}[... {len(line) - width:,} more characters]"


def readable_size(size: int) -> str:
    """Bytes for people: `812 bytes`, `12.3 KB`, `1.2 MB`."""
    if size < 1000:
        return f"{size} bytes"
    for unit in ("KB", "MB"):
        size_in_unit = size / (1000 if unit == "KB" else 1_000_000)
        if size_in_unit < 1000:
            return f"{size_in_unit:.1f} {unit}"
    return f"{size / 1e9:.1f} GB"


class OutputFile:
    """One output while it is being written; bytes beyond `limit` are counted and dropped."""

    def __init__(self, path: Path, descriptor: int, limit: int) -> None:
        self.path = path
        self.dropped = 0
        self._descriptor = descriptor
        self._room = limit

    def write(self, data: bytes) -> None:
        """Append. A full disk or quota counts as the limit: the command that writes must go on."""
        if self._room > 0:
            part = data if len(data) <= self._room else data[: self._room]
            try:
                written = os.write(self._descriptor, part)
            except OSError:
                written = self._room = 0
            self._room -= written
            self.dropped += len(data) - written
        else:
            self.dropped += len(data)

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class OutputFiles:
    """Whole outputs under one directory of the session; the oldest go when all together grow too large.

    The directory appears with the first file, readable by its owner only.
    """

    def __init__(
        self, directory: Path, *, max_file_bytes: int = MAX_FILE_BYTES, max_total_bytes: int = MAX_TOTAL_BYTES
    ) -> None:
        self.directory = directory
        self._max_file_bytes = max_file_bytes
        self._max_total_bytes = max_total_bytes

    def save(self, label: str, content: str | bytes) -> Path:
        """Write `content` to a new file named after `label`, and return its path.

        Raises:
            OSError: the session's directory can't be written.
        """
        file = self.open(label)
        try:
            file.write(content if isinstance(content, bytes) else content.encode("utf-8", "replace"))
        finally:
            file.close()
        return file.path

    def open(self, label: str) -> OutputFile:
        """A new file to be written piece by piece; the caller closes it.

        Raises:
            OSError: the session's directory can't be written.
        """
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        number = self._make_room()
        words = "".join(c if c.isalnum() and c.isascii() else " " for c in label[:80]).split()
        name = "-".join(words)[:40] or "output"
        while True:
            path = self.directory / f"{number:04d}-{name}.txt"
            try:
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            except FileExistsError:
                number += 1
            else:
                return OutputFile(path, descriptor, self._max_file_bytes)

    def _make_room(self) -> int:
        """Remove the oldest files until a largest one fits; return the next free number."""
        with os.scandir(self.directory) as entries:
            files = sorted(
                (int(e.name.partition("-")[0]), e.stat(follow_symlinks=False).st_size, e.path)
                for e in entries
                if e.name.partition("-")[0].isdecimal()
            )
        total = sum(size for _, size, _ in files)
        for _, size, path in files[:-1]:
            if total + self._max_file_bytes <= self._max_total_bytes:
                break
            Path(path).unlink(missing_ok=True)
            total -= size
        return files[-1][0] + 1 if files else 1
