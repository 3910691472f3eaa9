"""Which files of a git repository must stay as they are, so that a later `git` runs nothing new.

Commits, branches, stashes and tags need the rest of the folder writable (gitrepository-layout(5)). What git
would run or obey is in `config` and the files it includes, in `hooks`, and, through the pointers between a
repository and its worktrees, in any other folder that a pointer is bent to.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

Missing = Literal["node", "file", "pointer", "skip"]
"""What stands in for a path that does not exist: nothing that can be opened, an empty file, or, for the file
`commondir` of a repository that has none, one whose content says what its absence means."""

_OBEYED: Final[tuple[tuple[str, Missing], ...]] = (
    ("config", "skip"),
    ("config.worktree", "file"),
    ("hooks", "node"),
    ("info", "node"),
    ("modules", "node"),
)
_POINTERS: Final = ("commondir", "gitdir", "config.worktree")
_HOOKS_PATH = re.compile(r"^\s*hooksPath\s*=\s*\"?([^\"\n#;]+)", re.IGNORECASE | re.MULTILINE)
_INCLUDE = re.compile(r"^\s*path\s*=\s*\"?([^\"\n#;]+)", re.IGNORECASE | re.MULTILINE)
_MAX_POINTER_BYTES = 4096
_MAX_CONFIG_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Guarded:
    """One path of a repository, and how it is kept."""

    path: Path
    writable: bool = False
    """True: what is in it may change, but it can't be renamed or replaced."""
    missing: Missing = "skip"


@dataclass(frozen=True, slots=True)
class GitFolder:
    """A repository as found: the entry `.git`, and the folders that it leads to."""

    entry: Path
    folder: Path
    common: Path
    """`folder` of the main repository, where this is one of its worktrees."""


def find_git(top: Path) -> GitFolder | None:
    """The repository whose files lie in `top`; None when there is none, or when its pointers are not true.

    A pointer that leads out of `top` is only followed where the other side points back: else a file that
    came with a download could have any folder made writable.
    """
    entry = top / ".git"
    if entry.is_dir():
        folder = Path(os.path.realpath(entry))
        return GitFolder(entry, folder, folder) if _is_repository(folder) else None
    if not entry.is_file():
        bare = all((top / name).is_dir() for name in ("objects", "refs")) and _is_repository(top)
        return GitFolder(top, top, top) if bare else None
    target = _pointer(entry, "gitdir:")
    if target is None or not (target / "HEAD").is_file():
        return None
    common = _pointer(target / "commondir")
    if common is None:  # a submodule
        above = [parent / ".git" / "modules" for parent in top.parents]
        known = any(target.is_relative_to(modules) for modules in above)
        return GitFolder(entry, target, target) if known and _is_repository(target) else None
    points_back = _pointer(target / "gitdir") == Path(os.path.realpath(top)) / ".git"
    if not points_back or target.parent != common / "worktrees" or not _is_repository(common):
        return None
    return GitFolder(entry, target, common)


def guarded_paths(git: GitFolder, top: Path) -> Iterator[Guarded]:
    """What is kept of a repository, parents before what is in them; `top` is its files' folder."""
    if git.entry != top and not git.entry.is_dir():
        yield Guarded(git.entry)
    if git.common != top:
        yield Guarded(git.common, writable=True)
    for name, missing in _OBEYED:
        yield Guarded(git.common / name, missing=missing)
    if not (git.common / "commondir").exists():
        yield Guarded(git.common / "commondir", missing="pointer")
    for worktree in _folders(git.common / "worktrees"):
        yield Guarded(worktree, writable=True)
        for name in _POINTERS:
            yield Guarded(worktree / name, missing="file" if name == "config.worktree" else "skip")
    yield from _named_in_config(git, top)


def _named_in_config(git: GitFolder, top: Path) -> Iterator[Guarded]:
    """Hooks and settings that the configuration takes from elsewhere, e.g. from the project's own files."""
    try:
        with (git.common / "config").open(errors="replace") as file:
            text = file.read(_MAX_CONFIG_BYTES)
    except OSError:
        return
    for found in _HOOKS_PATH.findall(text):
        yield Guarded(_named(found, top), missing="node")
    for found in _INCLUDE.findall(text):
        yield Guarded(_named(found, git.common), missing="file")


def _named(text: str, base: Path) -> Path:
    return Path(os.path.normpath(base / Path(text.strip()).expanduser()))


def _pointer(file: Path, prefix: str = "") -> Path | None:
    """Where a file of git's points to, links followed."""
    try:
        with file.open(errors="surrogateescape") as opened:
            text = opened.read(_MAX_POINTER_BYTES)
    except OSError:
        return None
    if not text.startswith(prefix) or not (path := text.removeprefix(prefix).strip()) or "\0" in path:
        return None
    return Path(os.path.realpath(file.parent / path))


def _is_repository(folder: Path) -> bool:
    return (folder / "HEAD").exists() and (folder / "config").is_file()


def _folders(folder: Path) -> list[Path]:
    try:
        return sorted(Path(entry.path) for entry in os.scandir(folder) if entry.is_dir(follow_symlinks=False))
    except OSError:
        return []
