"""Searches the contents of files: with `rg` where it is installed, else with a worker of our own.

Both are processes that are killed when the caller is cancelled, when time is over, or when there is more
than anyone will read.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from qwen_code.workspace.globs import compile_glob
from qwen_code.workspace.search_engines import (
    Pattern,
    Scope,
    reason,
    rg_command,
    rg_list_command,
    run,
    worker_command,
    worker_input,
)
from qwen_code.workspace.sensitive import NAMES, is_sensitive

T = TypeVar("T")

SEARCH_S: Final = 30.0
MAX_DATED: Final = 2000
"""Up to so many files are put in the order of their age."""


class InvalidPattern(ValueError):
    """The pattern or glob can't be understood; the text is the engine's reason in a few words."""


@dataclass(frozen=True, slots=True)
class Match:
    path: str
    """Absolute."""
    line: int
    column: int
    """Where the match begins in `text`, from 1; in bytes or characters, as the engine counts."""
    text: str


@dataclass(frozen=True, slots=True)
class Query:
    pattern: str
    start: Path
    """File or directory to search, without links."""
    root: Path | None
    """Where ignore rules begin; None outside the workspace."""
    glob: str = ""
    """Only files that it matches: by name, or by path from `start` or `root` if it has a slash."""


@dataclass(frozen=True, slots=True)
class Found:
    matches: tuple[Match, ...]
    """Newest files first, each file's lines in order."""
    complete: bool
    """False when the search was stopped before its end."""
    left_out: tuple[str, ...] = ()
    """Absolute paths of files that were not searched since they may hold secrets, whatever is in them."""


async def search(query: Query, rg: str | None, *, seconds: float = SEARCH_S) -> Found:
    """All lines that match, as far as time and size allow. `rg` is ripgrep's path, see `find_ripgrep`.

    A pattern in lower case ignores case.

    Raises:
        InvalidPattern: the pattern or the glob.
    """
    pattern = Pattern(query.pattern)
    _check(query.pattern)
    wanted = _Wanted(query)
    directory = query.root or Path("/")
    if rg and not pattern.python_only:
        scope = _scope(query)
        done, listed = await asyncio.gather(
            run(rg_command(rg, pattern, scope), b"", directory=directory, seconds=seconds),
            run(rg_list_command(rg, scope, NAMES), b"", directory=directory, seconds=seconds),
        )
        for name in listed.out.split(b"\0"):
            wanted(os.fsdecode(name))
    else:
        names = await in_thread(lambda stopped: _list_files(query, wanted, stopped))
        request = worker_input(pattern, names)
        done = await run(worker_command(), request, directory=directory, seconds=seconds)
    if done.code == 2 and not done.out:
        raise InvalidPattern(reason(done.error))
    left_out = tuple(sorted(path for path in wanted.left_out if path))
    files = _visible(_by_file(done.out, query.start), query, wanted)
    return Found(tuple(_newest_first(files)), done.complete, left_out)


def _scope(query: Query) -> Scope:
    ignore_file = query.root / ".qwenignore" if query.root else None
    return Scope(
        query.start,
        glob="" if query.start.is_file() else query.glob,
        ignore=not _asked_for_by_name(query),
        ignore_file=ignore_file if ignore_file and ignore_file.is_file() else None,
    )


def _check(pattern: str) -> None:
    if not pattern:
        raise InvalidPattern("it is empty")
    if "\0" in pattern or any(0xD800 <= ord(char) <= 0xDFFF for char in pattern):
        raise InvalidPattern("it holds a character that no text has")


class _Wanted:
    """Decides by a file's absolute path whether it is searched, and remembers what secrets keep out."""

    def __init__(self, query: Query) -> None:
        self.left_out: set[str] = set()
        self._named = query.start.is_file()
        self._bases = [
            len(str(base).rstrip("/")) + 1 for base in (query.start, query.root) if base is not None
        ]
        glob = query.glob.strip()
        self._negated = glob.startswith("!")
        pattern = glob.lstrip("!").removeprefix("./")
        if "," in pattern and "{" not in pattern:
            pattern = f"{{{pattern.replace(', ', ',')}}}"
        self._by_path = "/" in pattern
        try:
            self._matches = compile_glob(pattern.removeprefix("/")).match if pattern else None
        except ValueError as error:
            raise InvalidPattern(f"in glob: {error}") from None

    def __call__(self, path: str) -> bool:
        if self._named:
            return True
        if self._matches is not None and self._glob_matches(path) is self._negated:
            return False
        if is_sensitive(path[self._bases[0] :]):
            self.left_out.add(path)
            return False
        return True

    def _glob_matches(self, path: str) -> bool:
        assert self._matches is not None
        if not self._by_path:
            return self._matches(path.rpartition("/")[2]) is not None
        return any(self._matches(path[base:]) for base in self._bases)


def _asked_for_by_name(query: Query) -> bool:
    """Whether the start is itself left out by ignore rules, so that what is in it is wanted nevertheless."""
    from qwen_code.workspace.ignore import IgnoreRules

    if query.root is None or query.start == query.root:
        return False
    return IgnoreRules(query.root).ignored(query.start, directory=query.start.is_dir())


def _list_files(query: Query, wanted: _Wanted, stopped: Callable[[], bool]) -> list[str]:
    if query.start.is_file():
        return [str(query.start)]
    from qwen_code.workspace.file_walk import walk

    prefix = str(query.start).rstrip("/") + "/"
    paths = (prefix + path for path in walk(query.start, query.root, links=False, stopped=stopped))
    return [path for path in paths if wanted(path)]


async def in_thread(work: Callable[[Callable[[], bool]], T], seconds: float = SEARCH_S) -> T:
    """Run `work` off the event loop. What it gets says when it should stop: its time is over, or the caller
    was cancelled."""
    deadline = time.monotonic() + seconds
    cancelled = False
    try:
        return await asyncio.to_thread(work, lambda: cancelled or time.monotonic() > deadline)
    finally:
        cancelled = True


def _by_file(out: bytes, start: Path) -> dict[str, list[Match]]:
    """Reads `path NUL line:column:text` lines; those cut off by the end, or by a line feed in a name, go."""
    prefix = os.fsencode(start)
    files: dict[str, list[Match]] = {}
    for row in out[: out.rfind(b"\n") + 1].split(b"\n"):
        name, _, rest = row.partition(b"\0")
        line, _, rest = rest.partition(b":")
        column, _, text = rest.partition(b":")
        if name.startswith(prefix) and line.isdigit() and column.isdigit():
            path = os.fsdecode(name)
            shown = text.decode("utf-8", "replace").removesuffix("\r")
            files.setdefault(path, []).append(Match(path, int(line), int(column), shown))
    return files


def _visible(files: dict[str, list[Match]], query: Query, wanted: _Wanted) -> dict[str, list[Match]]:
    """What is wanted of it; rg knows nothing of `.qwenignore` files below the root."""
    seen = {path: matches for path, matches in files.items() if wanted(path)}
    if query.root is None or not _has_ignore_file_below(query.root, seen) or _asked_for_by_name(query):
        return seen
    from qwen_code.workspace.ignore import IgnoreRules

    rules = IgnoreRules(query.root)
    return {path: found for path, found in seen.items() if not rules.ignored(Path(path), directory=False)}


def _has_ignore_file_below(root: Path, files: Iterable[str]) -> bool:
    directories: set[str] = set()
    for path in files:
        directory = path.rpartition("/")[0]
        while len(directory) > len(str(root)) and directory not in directories:
            directories.add(directory)
            directory = directory.rpartition("/")[0]
    return any((Path(directory) / ".qwenignore").is_file() for directory in directories)


def _newest_first(files: dict[str, list[Match]]) -> Iterable[Match]:
    """By whole seconds: the files of one checkout stay in the order of their names, as very many do."""

    def age(path: str) -> tuple[int, str]:
        try:
            return -int(Path(path).stat().st_mtime), path
        except OSError:
            return 0, path

    for path in sorted(files, key=age if len(files) <= MAX_DATED else None):
        yield from sorted(files[path], key=lambda match: match.line)
