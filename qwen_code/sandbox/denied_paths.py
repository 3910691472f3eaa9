"""Finds the files that a deny rule keeps from being read, so that no command can read them either."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, Protocol

MAX_FOLDERS: Final = 4000
"""How many folders are looked at, nearest first."""
MAX_FOUND: Final = 500
"""Each costs a mount per command."""


class Pattern(Protocol):
    """The path of a rule."""

    def matches(self, path: str) -> bool: ...

    def below(self, path: str) -> bool:
        """Whether something inside the folder `path` may match."""
        ...


def find_denied(patterns: Sequence[Pattern], starts: Iterable[Path]) -> list[Path]:
    """What exists below `starts` and matches, each where its links lead; nothing inside of another."""
    found: list[Path] = []
    folders = deque(starts if patterns else ())
    seen = 0
    while folders and seen < MAX_FOLDERS and len(found) < MAX_FOUND:
        folder = folders.popleft()
        seen += 1
        try:
            entries = list(os.scandir(folder))
        except OSError:
            continue
        for entry in entries:
            if any(pattern.matches(entry.path) for pattern in patterns):
                found.append(Path(os.path.realpath(entry.path)))
            elif entry.is_dir(follow_symlinks=False) and any(p.below(entry.path) for p in patterns):
                folders.append(Path(entry.path))
    return [path for path in found if path.exists()]
