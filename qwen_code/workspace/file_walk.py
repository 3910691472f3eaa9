"""Lists the files of a tree as fast as Python can: 100,000 files in a fraction of a second.

The same rules as `workspace.ignore` (a test compares the two), which answers for single paths; here each
directory is read once, most lines of an ignore file become a look into a set, and the rest of them one
regular expression.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from qwen_code.workspace.globs import compile_glob
from qwen_code.workspace.ignore import FILES, IgnoreRules

_EXCLUDE = ".git/info/exclude"
_LARGEST = 1024 * 1024
_NAME = re.compile(r"[\w.+@~,=-]+(/?)")
"""A line that is nothing but a name, perhaps of a directory."""
_BRACE = re.compile(r"[{}]")
_SUFFIX = re.compile(r"\*(\.[\w.+@~,=-]+)")


@dataclass(frozen=True, slots=True)
class _Run:
    """Consecutive lines of one ignore file that say the same, so that their order does not matter."""

    ignores: bool
    names: frozenset[str]
    directories: frozenset[str]
    suffixes: tuple[str, ...]
    paths: re.Pattern[str] | None
    directory_paths: re.Pattern[str] | None

    def speaks_of(self, name: str, path: str, directory: bool) -> bool:
        """`path` is relative to the ignore file. What lies below it is not asked about."""
        return (
            name in self.names
            or (directory and name in self.directories)
            or (bool(self.suffixes) and name.endswith(self.suffixes))
            or (self.paths is not None and self.paths.match(path) is not None)
            or (
                directory
                and self.directory_paths is not None
                and self.directory_paths.match(path) is not None
            )
        )


_Level = tuple[int, list[_Run]]
"""Length of the level's path with its slash, and its runs, the last first."""


def walk(start: Path, root: Path | None, *, links: bool, stopped: Callable[[], bool] = bool) -> Iterator[str]:
    """Paths below `start`, relative to it, of all files that are not left out by rules from `root` down.

    With `links` they count as files; they are never followed. A `start` that is itself left out was asked
    for, so there all is listed. `stopped` is asked once a directory.
    """
    for path, entry in walk_entries(start, root, stopped=stopped):
        if entry.is_file(follow_symlinks=False) or (links and entry.is_symlink()):
            yield path


def walk_entries(
    start: Path,
    root: Path | None,
    *,
    without: Collection[str] = (),
    stopped: Callable[[], bool] = bool,
) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """As `walk`, of everything, directories included; names in `without` are left out as `.git` is."""
    top = root or start
    everything = root is not None and start != root and IgnoreRules(root).ignored(start, directory=True)
    levels = [] if everything else _levels_above(top, start)
    cut = len(str(start).rstrip("/")) + 1
    pending: list[tuple[str, list[_Level]]] = [(str(start), levels)]
    base = len(str(top).rstrip("/")) + 1
    while pending and not stopped():
        path, levels = pending.pop()
        try:
            with os.scandir(path) as found:
                entries = list(found)
        except OSError:
            continue
        prefix = path.rstrip("/") + "/"
        if not everything:
            levels = _with_own(levels, prefix, prefix[base:], entries, at_top=len(prefix) <= base)
        for entry in entries:
            name = entry.name
            if name == ".git" or name in without:
                continue
            directory = entry.is_dir(follow_symlinks=False)
            if levels and _ignored(levels, name, prefix[base:] + name, directory):
                continue
            if directory:
                pending.append((prefix + name, levels))
            yield prefix[cut:] + name, entry


def _ignored(levels: list[_Level], name: str, path: str, directory: bool) -> bool:
    """The deepest level that says something decides, in it the last run that does."""
    for length, runs in levels:
        relative = path[length:]
        for run in runs:
            if run.speaks_of(name, relative, directory):
                return run.ignores
    return False


def _levels_above(top: Path, start: Path) -> list[_Level]:
    """The levels from `top` to the parent of `start`, the deepest first."""
    levels: list[_Level] = []
    if start == top or not start.is_relative_to(top):
        return levels
    for parent in reversed([p for p in start.parents if p.is_relative_to(top)]):
        prefix = str(parent).rstrip("/") + "/"
        length = 0 if parent == top else len(str(parent.relative_to(top))) + 1
        if runs := _runs(prefix, (_EXCLUDE, *FILES) if parent == top else FILES):
            levels.insert(0, (length, runs))
    return levels


def _with_own(
    levels: list[_Level], prefix: str, relative: str, entries: list[os.DirEntry[str]], *, at_top: bool
) -> list[_Level]:
    names = [entry.name for entry in entries if entry.name in FILES or (at_top and entry.name == ".git")]
    if not names:
        return levels
    runs = _runs(prefix, (_EXCLUDE, *FILES) if at_top else FILES)
    return [(len(relative), runs), *levels] if runs else levels


def _runs(prefix: str, names: tuple[str, ...]) -> list[_Run]:
    lines = [line for name in names for line in _lines(prefix + name)]
    grouped: list[tuple[bool, list[str]]] = []
    for line in lines:
        ignores = not line.startswith("!")
        if not grouped or grouped[-1][0] != ignores:
            grouped.append((ignores, []))
        grouped[-1][1].append(line)
    return [_run(ignores, lines) for ignores, lines in reversed(grouped)]


def _lines(path: str) -> list[str]:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return []
    try:
        text = os.read(descriptor, _LARGEST).decode("utf-8", "replace")
    except OSError:
        return []
    finally:
        os.close(descriptor)
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def _run(ignores: bool, lines: list[str]) -> _Run:
    names: set[str] = set()
    directories: set[str] = set()
    suffixes: list[str] = []
    paths: list[str] = []
    directory_paths: list[str] = []
    for line in lines:
        pattern = _unpadded(line.removeprefix("!"))
        if name := _NAME.fullmatch(pattern):
            (directories if name[1] else names).add(pattern.removesuffix("/"))
        elif suffix := _SUFFIX.fullmatch(pattern):
            suffixes.append(suffix[1])
        elif expression := _expression(pattern.removesuffix("/")):
            (directory_paths if pattern.endswith("/") else paths).append(expression)
    return _Run(
        ignores,
        frozenset(names),
        frozenset(directories),
        tuple(suffixes),
        _any_of(paths),
        _any_of(directory_paths),
    )


def _unpadded(pattern: str) -> str:
    """Without blanks at the end, but for one behind a backslash."""
    bare = pattern.rstrip(" ")
    return bare + " " if bare.endswith("\\") and len(bare) < len(pattern) else bare


def _expression(pattern: str) -> str:
    """What one line matches, as a regular expression; empty where it matches nothing."""
    anchored = "/" in pattern
    glob = _BRACE.sub(r"\\\g<0>", pattern.removeprefix("/"))
    if not glob or glob.endswith("\\"):
        return ""
    try:
        return compile_glob(glob if anchored else f"**/{glob}").pattern
    except ValueError:  # git passes over a line that means nothing
        return ""


def _any_of(expressions: list[str]) -> re.Pattern[str] | None:
    joined = "|".join(f"(?:{expression})" for expression in expressions)
    return re.compile(joined, re.DOTALL) if joined else None
