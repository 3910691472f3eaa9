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
from qwen_code.workspace.search_engines import Pattern, reason, rg_command, run, worker_command, worker_input
from qwen_code.workspace.sensitive import is_sensitive

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


async def search(query: Query, rg: str | None, *, seconds: float = SEARCH_S) -> Found:
    """All lines that match, as far as time and size allow. `rg` is ripgrep's path, see `find_ripgrep`.

    A pattern in lower case ignores case.

    Raises:
        InvalidPattern: the pattern or the glob.
    """
    pattern = Pattern(query.pattern)
    _check(query.pattern)
    wanted = _file_filter(query)
    directory = query.root or Path("/")
    if rg and not pattern.python_only:
        done = await run(_rg_command(rg, query), b"", directory=directory, seconds=seconds)
    else:
        names = await in_thread(lambda stopped: _list_files(query, wanted, stopped))
        request = worker_input(pattern, names)
        done = await run(worker_command(), request, directory=directory, seconds=seconds)
    if done.code == 2 and not done.out:
        raise InvalidPattern(reason(done.error))
    files = _visible(_by_file(done.out), query, wanted)
    return Found(tuple(_newest_first(files)), done.complete)


def _rg_command(rg: str, query: Query) -> list[str]:
    ignore_file = query.root / ".qwenignore" if query.root else None
    return rg_command(
        rg,
        Pattern(query.pattern),
        query.start,
        glob="" if query.start.is_file() else query.glob,
        ignore_files=[ignore_file] if ignore_file and ignore_file.is_file() else [],
        ignore=not _asked_for_by_name(query),
    )


def _check(pattern: str) -> None:
    if not pattern:
        raise InvalidPattern("it is empty")
    if "\0" in pattern or any(0xD800 <= ord(char) <= 0xDFFF for char in pattern):
        raise InvalidPattern("it holds a character that no text has")


def _file_filter(query: Query) -> Callable[[str], bool]:
    """Decides by a file's absolute path whether it is searched."""
    if query.start.is_file():
        return lambda path: True
    glob = query.glob.strip()
    negated = glob.startswith("!")
    pattern = glob.lstrip("!").removeprefix("./")
    if not pattern:
        return lambda path: not is_sensitive(path.rpartition("/")[2])
    if "," in pattern and "{" not in pattern:
        pattern = f"{{{pattern.replace(', ', ',')}}}"
    try:
        matches = compile_glob(pattern.removeprefix("/")).match
    except ValueError as error:
        raise InvalidPattern(f"in glob: {error}") from None
    bases = {len(str(base).rstrip("/")) + 1 for base in (query.start, query.root) if base is not None}

    def wanted(path: str) -> bool:
        name = path.rpartition("/")[2]
        parts = [path[base:] for base in bases] if "/" in pattern else [name]
        return any(matches(part) for part in parts) is not negated and not is_sensitive(name)

    return wanted


def _asked_for_by_name(query: Query) -> bool:
    """Whether the start is itself left out by ignore rules, so that what is in it is wanted nevertheless."""
    from qwen_code.workspace.ignore import IgnoreRules

    if query.root is None or query.start == query.root:
        return False
    return IgnoreRules(query.root).ignored(query.start, directory=query.start.is_dir())


def _list_files(query: Query, wanted: Callable[[str], bool], stopped: Callable[[], bool]) -> list[str]:
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


def _by_file(out: bytes) -> dict[str, list[Match]]:
    """Reads `path NUL line:column:text` lines; one that was cut off at the end is dropped."""
    files: dict[str, list[Match]] = {}
    for row in out[: out.rfind(b"\n") + 1].split(b"\n"):
        name, _, rest = row.partition(b"\0")
        line, _, rest = rest.partition(b":")
        column, _, text = rest.partition(b":")
        if line.isdigit() and column.isdigit():
            path = os.fsdecode(name)
            shown = text.decode("utf-8", "replace").removesuffix("\r")
            files.setdefault(path, []).append(Match(path, int(line), int(column), shown))
    return files


def _visible(
    files: dict[str, list[Match]], query: Query, wanted: Callable[[str], bool]
) -> dict[str, list[Match]]:
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
