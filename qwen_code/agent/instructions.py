"""Finds the instructions that people leave for the agent: QWEN.md and AGENTS.md, with `@path` imports.

Read in this order, later ones being more specific: the user's own (`~/.qwen/`), then every directory from
the repository's root down to the project directory.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

MAX_BYTES = 64 * 1024
"""Of one file with its imports; more than this is no instruction but a document."""
MAX_DEPTH = 5

_IMPORT = re.compile(r"(?<![\w`])@(\.{0,2}/?[\w./-]+\.\w+)")
_FENCE = re.compile(r"^\s*(?:```|~~~)")


@dataclass(frozen=True, slots=True)
class Instruction:
    origin: str
    """The file as people know it, e.g. `~/.qwen/QWEN.md` or `src/AGENTS.md`."""
    text: str


def find_instructions(
    root: Path,
    user_directory: Path,
    names: Sequence[str],
    *,
    trusted: bool,
    warn: Callable[[str], None] = lambda text: None,
) -> list[Instruction]:
    """All instructions that apply in `root`; a project's own only when it is trusted."""
    found: list[Instruction] = []
    seen: set[Path] = set()
    places = [(user_directory, user_directory)]
    if trusted:
        top = _repository_root(root)
        places += [(directory, top) for directory in _downwards(top, root)]
    for directory, boundary in places:
        for name in names:
            path = directory / name
            if not path.is_file() or path.resolve() in seen:
                continue
            seen.add(path.resolve())
            text = _read(path, boundary, 0, (), warn).strip()
            if text:
                found.append(Instruction(_origin(path, root, user_directory), text))
    return found


def _repository_root(root: Path) -> Path:
    for directory in (root, *root.parents):
        if (directory / ".git").exists():
            return directory
    return root


def _downwards(top: Path, root: Path) -> list[Path]:
    return [d for d in reversed((root, *root.parents)) if d == top or top in d.parents]


def _origin(path: Path, root: Path, user_directory: Path) -> str:
    if path.parent == user_directory:
        return f"~/{user_directory.name}/{path.name}"
    if path.is_relative_to(root):
        return str(path.relative_to(root))
    return str(path)


def _read(
    path: Path, boundary: Path, depth: int, above: tuple[Path, ...], warn: Callable[[str], None]
) -> str:
    """The file's text with its imports put in place; what can't be imported stays as it is written."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        warn(f"{path} was not read: {error.strerror}.")
        return ""
    if len(data) > MAX_BYTES:
        warn(f"{path} is longer than {MAX_BYTES // 1024} KB; only its beginning is used.")
        data = data[:MAX_BYTES]
    lines: list[str] = []
    fenced = False
    for line in data.decode("utf-8", "replace").lstrip("\ufeff").splitlines():
        if _FENCE.match(line):
            fenced = not fenced
        if not fenced:
            line = _IMPORT.sub(lambda m: _imported(m, path, boundary, depth, above, warn), line)
        lines.append(line)
    return "\n".join(lines)


def _imported(
    match: re.Match[str],
    path: Path,
    boundary: Path,
    depth: int,
    above: tuple[Path, ...],
    warn: Callable[[str], None],
) -> str:
    target = (path.parent / match[1]).resolve()
    if not target.is_file():
        return match[0]
    if not target.is_relative_to(boundary.resolve()):
        warn(f"{path} imports {match[1]}, which lies outside the project; it was left out.")
        return match[0]
    if depth >= MAX_DEPTH or target in (*above, path.resolve()):
        return match[0]
    return _read(target, boundary, depth + 1, (*above, path.resolve()), warn).strip()
