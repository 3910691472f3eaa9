"""Searches files as `rg` would where there is no `rg`: a program of its own, started by `workspace.search`.

In a process of its own because neither of its engines can be stopped from within: the bindings of the
`python-ripgrep` wheel run to their end, and Python's regular expressions can take for ever. It is run with
`python -I -S FILE`, so that it starts in 15 ms, and imports nothing of this package.

Input: a line of JSON (see `Request`), then the files' paths, separated by NUL. Output as `rg --null --column`
gives it: `path NUL line:column:text`. Exit code 2, with the reason on stderr, when the pattern is not valid.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, TypedDict

CHUNK_FILES: Final = 1000
MAX_FILE_BYTES: Final = 64 * 1024 * 1024
MAX_TEXT: Final = 2000
"""Longer lines are cut to this many characters around the match."""
CHECKED_FILES: Final = 20_000
"""Up to so many files are read a second time for text that is not UTF-8, which the bindings leave out."""


class Request(TypedDict):
    pattern: str
    literal: bool
    ignore_case: bool
    multiline: bool
    bindings: str
    """Directory that holds the `python_ripgrep` package; empty: use Python's own regular expressions."""


Hit = tuple[int, int, str]
"""Line, column and text, the first two from 1."""


class PythonSearch:
    """Python's `re` over one file at a time."""

    def __init__(self, request: Request) -> None:
        pattern = re.escape(request["pattern"]) if request["literal"] else request["pattern"]
        flags = re.MULTILINE | (re.IGNORECASE if request["ignore_case"] else 0)
        self._expression = re.compile(pattern, flags)
        self._whole_first = not re.search(r"\\[AZz]", pattern)
        self._needle = request["pattern"].lower() if request["literal"] and request["ignore_case"] else ""
        self._multiline = request["multiline"]

    def hits(self, data: bytes) -> Iterator[Hit]:
        if b"\0" in data[:65536] and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
            return
        text = decoded(data)
        if not self._may_match(text):
            return
        if self._multiline:
            yield from self._hits_across_lines(text)
            return
        search = self._expression.search
        for number, line in enumerate(text.split("\n"), 1):
            if found := search(line.removesuffix("\r")):
                yield number, found.start() + 1, line.removesuffix("\r")

    def _may_match(self, text: str) -> bool:
        """A quick look at the whole; `re` itself is slow to find plain text in any case."""
        if self._needle:
            return self._needle in text.lower()
        return not self._whole_first or self._expression.search(text) is not None

    def _hits_across_lines(self, text: str) -> Iterator[Hit]:
        lines = text.split("\n")
        shown = 0
        for found in self._expression.finditer(text):
            first = text.count("\n", 0, found.start()) + 1
            last = first + text.count("\n", found.start(), max(found.end() - 1, found.start()))
            for number in range(max(first, shown + 1), last + 1):
                yield number, 1, lines[number - 1].removesuffix("\r")
            shown = max(shown, last)


def decoded(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    return data.decode("utf-8", "replace")


def content(path: str) -> bytes:
    """The file's bytes; nothing for what can't be read or is no regular file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        data = os.read(descriptor, 128 * 1024)
        if len(data) == 128 * 1024:
            parts = [data]
            size = len(data)
            while size < MAX_FILE_BYTES and (data := os.read(descriptor, 1024 * 1024)):
                parts.append(data)
                size += len(data)
            return b"".join(parts)
        return data
    except OSError:
        return b""
    finally:
        os.close(descriptor)


def by_python(request: Request, files: Iterable[str]) -> Iterator[tuple[str, Iterable[Hit]]]:
    search = PythonSearch(request)
    for path in files:
        if data := content(path):
            yield path, search.hits(data)


def by_bindings(
    search: Callable[..., list[str]], request: Request, files: list[str]
) -> Iterator[tuple[str, Iterable[Hit]]]:
    """With the bindings, in pieces, so that hits come out underway.

    They give nothing of a file whose matching lines are not UTF-8, so such files are searched again here.
    """
    pattern = ("(?i)" if request["ignore_case"] else "") + _with_dos_ends(request["pattern"])
    for start in range(0, len(files), CHUNK_FILES):
        chunk = files[start : start + CHUNK_FILES]
        # A single file's results would come without its name.
        found = search(
            [pattern],
            paths=chunk if len(chunk) > 1 else chunk * 2,
            line_number=True,
            heading=False,
            separator_field_match="\0",
            multiline=request["multiline"],
        )
        hits = dict(_parsed(text) for text in found)
        yield from hits.items()
        if len(files) <= CHECKED_FILES:
            rest = [path for path in chunk if path not in hits and _is_legacy_text(content(path))]
            if rest:
                yield from by_python(request, rest)


def _with_dos_ends(pattern: str) -> str:
    """`pattern` whose `$` also matches before a carriage return at the line's end."""
    return re.sub(r"\\.|\[[^\]]*\]|\$", lambda part: r"(?:\r?$)" if part[0] == "$" else part[0], pattern)


def _parsed(text: str) -> tuple[str, list[Hit]]:
    hits: list[Hit] = []
    path = ""
    for line in text.split("\n"):
        fields = line.split("\0", 2)
        if len(fields) == 3 and fields[1].isdecimal():
            path = fields[0]
            hits.append((int(fields[1]), 1, fields[2].removesuffix("\r")))
    return path, hits


def _is_legacy_text(data: bytes) -> bool:
    if data.isascii() or b"\0" in data[:65536]:
        return False
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return True
    return False


def cut(column: int, text: str) -> tuple[int, str]:
    if len(text) <= MAX_TEXT:
        return column, text
    start = max(min(column - 1, len(text)) - MAX_TEXT // 2, 0)
    return column - start, text[start : start + MAX_TEXT]


def main() -> int:
    request: Request = json.loads(sys.stdin.buffer.readline())
    files = [os.fsdecode(path) for path in sys.stdin.buffer.read().split(b"\0") if path]
    out = sys.stdout.buffer
    bindings = None if request["literal"] else _bindings(request["bindings"])
    try:
        results = by_bindings(bindings, request, files) if bindings else by_python(request, files)
        for path, hits in results:
            name = os.fsencode(path)
            for line, column, text in hits:
                column, text = cut(column, text)
                out.write(b"%s\0%d:%d:%s\n" % (name, line, column, text.encode("utf-8", "replace")))
    except (re.error, ValueError, OverflowError, RecursionError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    out.flush()
    return 0


def _bindings(directory: str) -> Any:
    if not directory:
        return None
    sys.path.append(directory)
    try:
        from python_ripgrep import search
    except ImportError:
        return None
    return search


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BrokenPipeError:
        os._exit(0)  # enough was found
