"""The project's files for `@` completion: listed by git or ripgrep in the background, searched in slices."""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

STALE_S = 10.0
"""Seconds after which a list is fetched anew while the old one still answers."""
LIST_TIMEOUT_S = 20.0
MOST_FILES = 500_000
SLICE = 8_000
"""Paths that are searched before other work gets its turn: about 5 ms."""
ENOUGH = 50
"""Matches that are collected before the best are chosen."""


_INERT = ("-c", "core.fsmonitor=false", "-c", "core.untrackedCache=false")
"""A repository's own settings could name a program that git runs even to list files."""


class FileIndex:
    """The paths below `root`, relative, with directories ending in a slash. Nothing is read before `find`."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._paths: list[str] = []
        self._lowered: list[str] = []
        """The paths as they are searched: in slices, in lower case, each between a slash and a line feed."""
        self._listed_at = float("-inf")
        self._listing: asyncio.Task[None] | None = None

    async def find(self, query: str, limit: int = 20) -> list[str]:
        """The best matches for what was typed, the best first. Waits only for the very first list."""
        await self._refresh()
        wanted = query.lower()
        found: dict[str, None] = {}
        for matches in _searches(wanted):
            for number, block in enumerate(self._lowered):
                offset = number * SLICE
                for line in islice(matches(block), ENOUGH):
                    found[self._paths[offset + line]] = None
                await asyncio.sleep(0)
                if len(found) >= 4 * ENOUGH:
                    break
            if len(found) >= ENOUGH:
                break
        return sorted(found, key=lambda path: _badness(path, wanted))[:limit]

    async def aclose(self) -> None:
        if self._listing is not None:
            self._listing.cancel()
            await asyncio.gather(self._listing, return_exceptions=True)

    async def _refresh(self) -> None:
        if self._listing is None and time.monotonic() - self._listed_at > STALE_S:
            self._listing = asyncio.create_task(self._list())
            self._listing.add_done_callback(self._listed)
        if self._listing is not None and not self._paths:
            await asyncio.wait([self._listing])

    def _listed(self, task: asyncio.Task[None]) -> None:
        self._listing = None
        self._listed_at = time.monotonic()

    async def _list(self) -> None:
        for command in (
            ("git", *_INERT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"),
            ("rg", "--files", "-0"),
        ):
            names = await self._run(command)
            if names is not None:
                break
        else:
            names = await asyncio.to_thread(_walk, self._root)
        await self._take(names[:MOST_FILES])

    async def _run(self, command: Sequence[str]) -> list[str] | None:
        """What a program lists; None where it is missing or can't."""
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                cwd=self._root,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
        except OSError:
            return None
        try:
            async with asyncio.timeout(LIST_TIMEOUT_S):
                out, _ = await process.communicate()
        except (TimeoutError, asyncio.CancelledError) as stopped:
            process.kill()
            await process.wait()
            if isinstance(stopped, asyncio.CancelledError):
                raise
            return None
        if process.returncode != 0:
            return None
        return out.decode(errors="surrogateescape").split("\0")

    async def _take(self, names: Sequence[str]) -> None:
        paths: list[str] = []
        lowered: list[str] = []
        directories: dict[str, None] = {}
        for start in range(0, len(names), SLICE):
            files = [name for name in names[start : start + SLICE] if name and "\n" not in name]
            for name in files:
                parent = name.rpartition("/")[0]
                while parent and parent not in directories:
                    directories[parent] = None
                    parent = parent.rpartition("/")[0]
            paths += files
            await asyncio.sleep(0)
        paths = [*(f"{directory}/" for directory in directories), *paths]
        for start in range(0, len(paths), SLICE):
            lowered.append("\n".join(f"/{path}" for path in paths[start : start + SLICE]).lower())
            await asyncio.sleep(0)
        self._paths, self._lowered = paths, lowered


def _searches(query: str) -> list[Callable[[str], Iterator[int]]]:
    """Each gives the numbers of the lines that match, from the narrow search to the wide one."""
    if not query:
        return [lambda block: _lines_matching(re.compile(r"^/[^/\n]+/?$", re.MULTILINE), block)]
    letters = _in_order(query[:40])
    return [
        lambda block: _lines_holding(f"/{query}", block, in_name=True),
        lambda block: _lines_holding(query, block, in_name=True),
        lambda block: _lines_holding(query, block, in_name=False),
        lambda block: _lines_matching(letters, block) if _holds_all(query[:40], block) else iter(()),
    ]


def _in_order(query: str) -> re.Pattern[str]:
    """The characters in their order, with anything of the line between them.

    Each gap runs to the first place of the next character and is never tried again (possessive), so a line
    that lacks one costs one pass, not one for every way to place those before it.
    """
    gaps = [f"[^\\n{re.escape(character)}]*+{re.escape(character)}" for character in query[1:]]
    return re.compile(re.escape(query[0]) + "".join(gaps))


def _holds_all(characters: str, block: str) -> bool:
    return all(character in block for character in set(characters))


def _lines_holding(text: str, block: str, *, in_name: bool) -> Iterator[int]:
    """Lines with `text` in them; with `in_name`, in the last part of the path."""
    at = number = counted = 0
    while (at := block.find(text, at)) >= 0:
        end = block.find("\n", at)
        end = len(block) if end < 0 else end
        if not in_name or "/" not in block[at + len(text) : end - 1]:
            number += block.count("\n", counted, at)
            counted = at
            yield number
            at = end
        else:
            at += 1


def _lines_matching(pattern: re.Pattern[str], block: str) -> Iterator[int]:
    at = number = counted = 0
    while match := pattern.search(block, at):
        number += block.count("\n", counted, match.start())
        counted = match.start()
        yield number
        at = block.find("\n", match.end()) + 1
        if not at:
            return


def _badness(path: str, query: str) -> tuple[int, int, str]:
    """Sorts what was most likely meant first: the name itself, its beginning, inside it, elsewhere; short."""
    lowered = path.lower().rstrip("/")
    name = lowered.rpartition("/")[2]
    if name == query:
        rank = 0
    elif lowered.startswith(query):
        rank = 1
    elif name.startswith(query):
        rank = 2
    elif query in name:
        rank = 3
    elif query in lowered:
        rank = 4
    else:
        rank = 5
    return rank, len(path), path


def _walk(root: Path) -> list[str]:
    """Without git and ripgrep: every file that is not hidden."""
    names: list[str] = []
    for directory, children, files in os.walk(root):
        children[:] = [child for child in children if not child.startswith(".")]
        base = os.path.relpath(directory, root)
        prefix = "" if base == "." else base + "/"
        names += [prefix + name for name in files if not name.startswith(".")]
        if len(names) >= MOST_FILES:
            break
    return names
