"""Reads a file of instructions with the files that it imports by `@path` put in their place.

What can't be imported stays as it is written, and the reason is told: a file outside the boundary, one that
is likely to hold secrets, binary data, a circle, too deep a nesting, too much text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from qwen_code.workspace.sensitive import is_sensitive

MAX_BYTES = 64 * 1024
"""Of one file with its imports; more than this is no instruction but a document."""
MAX_DEPTH = 5

_IMPORT = re.compile(r"(?<![\w`])@((?:~|\.{1,2})?/?[\w./-]+\.\w+)")
_FENCE = re.compile(r"^\s*(?:```|~~~)")


class ImportingReader:
    """Reads one file. `max_bytes` holds for all of it together."""

    def __init__(
        self,
        boundary: Path,
        warn: Callable[[str], None],
        *,
        home: Path | None = None,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        """
        Args:
            boundary: what is imported must lie in this directory.
            home: what `~` means.
        """
        self._boundary = boundary.resolve()
        self._warn = warn
        self._home = home
        self._room = max_bytes
        self._max_bytes = max_bytes
        self._told = False

    def read(self, path: Path) -> str:
        """The text with its imports; empty when the file can't be read."""
        return self._read(path, (path.resolve(),)) or ""

    def _read(self, path: Path, chain: tuple[Path, ...]) -> str | None:
        text = self._own_text(path)
        if text is None:
            return None
        lines: list[str] = []
        fenced = False
        for line in text.splitlines():
            if _FENCE.match(line):
                fenced = not fenced
            if not fenced:
                line = _IMPORT.sub(lambda match: self._imported(match, path, chain), line)
            lines.append(line)
        return "\n".join(lines)

    def _own_text(self, path: Path) -> str | None:
        try:
            with path.open("rb") as file:
                data = file.read(self._room + 1)
        except OSError as error:
            self._warn(f"{path} was not read: {(error.strerror or str(error)).lower()}.")
            return None
        if b"\0" in data:
            self._warn(f"{path} is no text; it was left out.")
            return None
        if len(data) > self._room:
            if not self._told:
                self._told = True
                self._warn(
                    f"{path} with its imports is longer than {self._max_bytes // 1024} KB; only its "
                    "beginning is used."
                )
            data = data[: self._room]
        self._room -= len(data)
        return data.decode("utf-8", "replace").lstrip("\ufeff")

    def _imported(self, match: re.Match[str], path: Path, chain: tuple[Path, ...]) -> str:
        name = match[1]
        target = self._target(name, path)
        if target is None or not target.is_file():
            if name.endswith(".md"):
                self._warn(f"{path} imports {name}, which is no file; it was left as it is.")
            return match[0]
        problem = self._problem(target, chain)
        if problem:
            self._warn(f"{path} imports {name}, {problem}; it was left out.")
            return match[0]
        text = self._read(target, (*chain, target))
        return match[0] if text is None else text.strip()

    def _target(self, name: str, path: Path) -> Path | None:
        if name.startswith("~"):
            return (self._home / name[2:]).resolve() if self._home and name.startswith("~/") else None
        return (path.parent / name).resolve()

    def _problem(self, target: Path, chain: tuple[Path, ...]) -> str:
        if not target.is_relative_to(self._boundary):
            return f"which lies outside the project ({self._boundary})"
        if is_sensitive(str(target.relative_to(self._boundary))):
            return "which may hold secrets"
        if target in chain:
            return "and so itself"
        if len(chain) > MAX_DEPTH:
            return f"which is nested more than {MAX_DEPTH} deep"
        return "but there is no room left" if self._room <= 0 else ""
