"""Takes in what a command prints, however much: both ends in memory, the whole in a file once it is long.

Bytes are kept as they came; they are decoded and stripped of what was meant for a terminal only in the part
that is shown, so that 50 MB of output cost little more than the pipe they came through.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from qwen_code.workspace.outputs import OutputFile, cap, fits, join_ends, readable_size

if TYPE_CHECKING:
    from qwen_code.tool import OutputLimits
    from qwen_code.workspace.outputs import OutputFiles

HEAD_BYTES: Final = 64 * 1024
TAIL_BYTES: Final = 256 * 1024
"""More than a model is shown, since progress bars shrink to a line."""

SMALL_CHUNK: Final = 8 * 1024
"""Chunks are joined up to this size, so that a program that prints single characters costs no memory."""

LIVE_BYTES: Final = 8 * 1024
"""The most that a screen gets at once; it shows the last lines anyway."""

_SEQUENCE = re.compile(
    r"\x1b\[[0-?]*+[ -/]*+[@-~]?"  # CSI
    r"|\x9b[0-?]*+[ -/]*+[@-~]?"
    r"|\x1b[\]P^_X][^\x07\x1b\x9c\n]*+(?:\x07|\x1b\\|\x9c)?"  # OSC and other strings, within a line
    r"|\x1b[ -/]*+[0-~]?"  # two-character escapes and charset designations
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_UNFINISHED = re.compile(rb"\x1b[^\x1b\n]{0,64}\Z|[\xc0-\xff][\x80-\xbf]{0,2}\Z")
"""The start of a sequence or of a character whose rest may still come."""


def plain(text: str) -> str:
    """`text` as a terminal would leave it, in plain characters: no sequences, lines in their last state."""
    if text.isascii() and text.isprintable():
        return text
    text = _SEQUENCE.sub("", text)
    if "\r" in text or "\b" in text:
        text = "\n".join(_last_state(line) for line in text.split("\n"))
    return _CONTROL.sub("", text)


def _last_state(line: str) -> str:
    if "\r" in line:
        line = line.rstrip("\r").rpartition("\r")[2]
    if "\b" in line:
        kept: list[str] = []
        for character in line:
            if character != "\b":
                kept.append(character)
            elif kept:
                kept.pop()
        line = "".join(kept)
    return line


class Capture:
    """One command's output. `text` is what the model reads of it; `saved_to` holds all of it."""

    def __init__(self, files: OutputFiles, label: str, *, save_always: bool = False) -> None:
        self.total_bytes = 0
        self._files = files
        self._label = label
        self._save_always = save_always
        self._file: OutputFile | None = None
        self._unsavable = False
        self._lines = 0
        self._clear()

    @property
    def saved_to(self) -> Path | None:
        return self._file.path if self._file else None

    def feed(self, chunk: bytes) -> None:
        if self._save_always and not self._file:
            self._save()
        self.total_bytes += len(chunk)
        self._window_bytes += len(chunk)
        self._window_lines += chunk.count(b"\n")
        if self._file:
            self._file.write(chunk)
        if len(self._head) < HEAD_BYTES:
            room = HEAD_BYTES - len(self._head)
            self._head += chunk[:room]
            chunk = chunk[room:]
        if chunk:
            if self._tail and len(self._tail[-1]) + len(chunk) <= SMALL_CHUNK:
                self._tail[-1] += chunk
            else:
                self._tail.append(chunk)
            self._tail_bytes += len(chunk)
            if self._tail_bytes - len(self._tail[0]) >= TAIL_BYTES:
                self._drop()

    def text(self, limits: OutputLimits) -> str:
        """What has come (since `take`), cut to `limits`; a cut text is saved whole."""
        tail = b"".join(self._tail)
        if self._window_bytes == len(self._head) + len(tail):
            text = plain(_decoded(bytes(self._head) + tail))
            if fits(text, limits):
                return text
            self._save()
            return cap(text, limits, self.saved_to)
        return join_ends(
            plain(_decoded(bytes(self._head))),
            plain(_decoded(tail)),
            limits,
            lines=self._window_lines,
            size=self._window_bytes,
            saved_to=self.saved_to,
            unsaved=self._file.dropped if self._file else 0,
        )

    def take(self, limits: OutputLimits) -> str:
        """As `text`, and start anew: for looking again and again at a command that runs on."""
        text = self.text(limits)
        self._clear()
        return text

    def close(self) -> None:
        if self._file:
            self._file.close()

    def _clear(self) -> None:
        self._window_bytes = 0
        self._window_lines = 0
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._tail_bytes = 0

    def _drop(self) -> None:
        self._save()
        while self._tail_bytes - len(self._tail[0]) >= TAIL_BYTES:
            self._tail_bytes -= len(self._tail.popleft())

    def _save(self) -> None:
        """Begin the file with all that is still at hand; what comes later is added by `feed`."""
        if self._file or self._unsavable:
            return
        try:
            self._file = self._files.open(self._label)
        except OSError:
            self._unsavable = True
            return
        self._file.write(bytes(self._head))
        for chunk in self._tail:
            self._file.write(chunk)


class LiveText:
    """Hands output on to a screen in plain text, whole lines where it can, and never a flood."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show
        self._chunks: deque[bytes] = deque()
        self._size = 0
        self._skipped = 0

    def __bool__(self) -> bool:
        return bool(self._chunks)

    def feed(self, chunk: bytes) -> None:
        self._chunks.append(chunk)
        self._size += len(chunk)
        while self._size - len(self._chunks[0]) >= LIVE_BYTES:
            dropped = len(self._chunks.popleft())
            self._size -= dropped
            self._skipped += dropped

    def flush(self, *, partial: bool) -> None:
        """Show what has come; the last line only if it is complete, or with `partial`."""
        data = b"".join(self._chunks)
        end = data.rfind(b"\n") + 1
        if partial:
            unfinished = _UNFINISHED.search(data, end)
            end = unfinished.start() if unfinished else len(data)
        if not end:
            return
        start = max(end - LIVE_BYTES, 0)
        if start:
            start = data.find(b"\n", start, end - 1) + 1 or start
        skipped = self._skipped + start
        self._chunks.clear()
        self._size = self._skipped = 0
        if end < len(data):
            self.feed(data[end:])
        gap = f"[... {readable_size(skipped)} not shown]\n" if skipped else ""
        self._show(gap + plain(_decoded(data[start:end])))


def _decoded(data: bytes) -> str:
    return data.decode("utf-8", "replace")
