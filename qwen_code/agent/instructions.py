"""Finds the instructions that people leave for the agent: QWEN.md, AGENTS.md, and rules in `.qwen/rules`.

Read in this order, later ones being more specific: the user's own (`~/.qwen/`), then every directory from
the repository's root down to the project directory, each with its `.local.md` twin, which is not meant to be
committed. Rules that name no `paths` are read at the start as well; the others, and the instructions of
directories further down, when a file that they are about is first touched (`file_instructions.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from qwen_code.agent.imports import MAX_BYTES, ImportingReader
from qwen_code.agent.rules import find_rules


def _no_warning(text: str) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Instruction:
    origin: str
    """The file as people know it, e.g. `~/.qwen/QWEN.md` or `src/AGENTS.md`."""
    text: str

    def render(self) -> str:
        """As the model reads it."""
        return f"{opening(self.origin)}\n{self.text}\n</instructions>"


def opening(origin: str) -> str:
    return f'<instructions from="{origin}">'


@dataclass(frozen=True, slots=True)
class Sources:
    """Where instructions may come from."""

    root: Path
    """The project directory."""
    user_directory: Path
    """`~/.qwen`."""
    names: Sequence[str]
    """`context.fileName`."""
    trusted: bool
    """Whether the project's own are obeyed."""
    warn: Callable[[str], None] = _no_warning
    max_bytes: int = MAX_BYTES
    """Of one file with its imports."""

    @property
    def top(self) -> Path:
        """The repository's root, or the project directory."""
        for directory in (self.root, *self.root.parents):
            if (directory / ".git").exists():
                return directory
        return self.root

    def files_in(self, directory: Path) -> Iterator[Path]:
        """The files of instructions that `directory` may hold, in the order in which they count."""
        for name in self.names:
            yield directory / name
            if name.endswith(".md"):
                local = f"{name.removesuffix('.md')}.local.md"
                yield directory / local
                yield directory / ".qwen" / local

    def origin(self, path: Path) -> str:
        if path.is_relative_to(self.user_directory):
            return f"~/{self.user_directory.name}/{path.relative_to(self.user_directory)}"
        if path.is_relative_to(self.root):
            return str(path.relative_to(self.root))
        return str(path)

    def read(self, path: Path, reader: ImportingReader | None = None) -> Instruction | None:
        """What `path` says; None when that is nothing."""
        if reader is None:
            boundary = self._boundary(path)
            if not path.resolve().is_relative_to(boundary.resolve()) and path.is_relative_to(self.top):
                self.warn(f"{path} leads outside the project; it was left out.")
                return None
            home = self.user_directory.parent
            reader = ImportingReader(boundary, self.warn, home=home, max_bytes=self.max_bytes)
        text = reader.read(path).strip()
        return Instruction(self.origin(path), text) if text else None

    def _boundary(self, path: Path) -> Path:
        """What `path` may import from: the person's own files from all of their home directory."""
        return self.user_directory.parent if path.is_relative_to(self.user_directory) else self.top


def find_instructions(sources: Sources) -> list[Instruction]:
    """All instructions that hold from the start; a project's own only when it is trusted."""
    found: list[Instruction] = []
    seen: set[Path] = set()
    for path in _candidates(sources):
        if not path.is_file() or path.resolve() in seen:
            continue
        seen.add(path.resolve())
        if (instruction := sources.read(path)) is not None:
            found.append(instruction)
    return found + _unconditional(sources)


def _candidates(sources: Sources) -> Iterator[Path]:
    yield from sources.files_in(sources.user_directory)
    if sources.trusted:
        for directory in _downwards(sources.top, sources.root):
            yield from sources.files_in(directory)


def rule_directories(sources: Sources) -> list[Path]:
    """Where rules lie; the project's own count when it is trusted."""
    own = [sources.root / ".qwen" / "rules"] if sources.trusted else []
    return [sources.user_directory / "rules", *own]


def _unconditional(sources: Sources) -> list[Instruction]:
    rules = [rule for directory in rule_directories(sources) for rule in find_rules(directory, sources.warn)]
    return [
        Instruction(sources.origin(rule.path), rule.text) for rule in rules if not rule.paths and rule.text
    ]


def _downwards(top: Path, root: Path) -> list[Path]:
    return [d for d in reversed((root, *root.parents)) if d == top or top in d.parents]
