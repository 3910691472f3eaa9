"""Which files of the workspace no command may change, because they make other programs run code later.

Repositories are looked for once, at the first command: what commands create in the meantime is their own.
"""

from __future__ import annotations

import os
import stat
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

from qwen_code.sandbox.base import lies_in
from qwen_code.sandbox.git_layout import Guarded, Missing, find_git, guarded_paths
from qwen_code.sandbox.stubs import is_stub

DEPTH: Final = 4
"""How many levels below the workspace's root are looked at."""
MAX_FOLDERS: Final = 4000
"""How many folders are, nearest first; a home for thousands of projects is not searched to its end."""

_ALWAYS: Final = (
    *(".qwen", ".claude", ".codex", ".gemini", ".cursor", ".mcp.json", ".vscode", ".idea", ".husky"),
    *(".gitmodules", ".envrc"),
)
"""Settings of agents, of editors and of what starts by itself: protected even where they are missing."""

_IF_PRESENT: Final = (
    *(".continue", ".windsurf", ".aider.conf.yml", ".zed", ".devcontainer", ".devcontainer.json"),
    *(".githooks", ".gitconfig", ".hg", ".svn", ".jj", ".bashrc", ".bash_profile", ".bash_login"),
    *(".bash_logout", ".profile", ".zshrc", ".zshenv", ".zprofile", ".zlogin", ".ripgreprc", ".vimrc"),
    *(".exrc", ".nvimrc", ".nvim.lua", ".dir-locals.el", ".gdbinit", ".lldbinit", ".pdbrc", ".npmrc"),
    *(".yarnrc", ".yarnrc.yml", ".pnpmfile.cjs"),
)
_NOT_ENTERED: Final = frozenset(("node_modules", "__pycache__", ".venv", "venv", "site-packages", ".tox"))


@dataclass(frozen=True, slots=True)
class Protection:
    """What holds for one command. All paths are real and absolute, parents before what is in them."""

    mounts: Sequence[tuple[Path, bool]]
    """Existing paths that can't be replaced, and whether what is in them may be written."""
    missing: Sequence[tuple[Path, Missing]]
    """Paths that must not come to be, and what can stand in for them."""
    links: dict[Path, str] = field(default_factory=dict[Path, str])
    """Links at protected names with their texts. A link can't be mounted over, so each is checked later."""


class ProtectedPaths:
    """The protected paths below some roots."""

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = tuple(roots)

    def now(self) -> Protection:
        """The state of things at this moment."""
        mounts: dict[Path, bool] = {}
        missing: dict[Path, Missing] = {}
        links: dict[Path, str] = {}
        for guarded in self._guarded:
            self._sort_in(guarded, mounts, missing, links)
        return Protection(sorted(mounts.items()), sorted(missing.items()), links)

    @cached_property
    def outside(self) -> Sequence[Path]:
        """Folders of repositories that begin above a root or beside it; commits write to them."""
        tops = sorted({g.path for g in self._guarded if g.writable and not lies_in(g.path, self._roots)})
        return [path for path in tops if not lies_in(path.parent, tops)]

    def _sort_in(
        self,
        guarded: Guarded,
        mounts: dict[Path, bool],
        missing: dict[Path, Missing],
        links: dict[Path, str],
    ) -> None:
        path = guarded.path
        try:
            info = os.lstat(path)
        except FileNotFoundError:
            if guarded.missing != "skip" and path.parent.is_dir():
                missing[path] = guarded.missing
            return
        except OSError:
            return
        if stat.S_ISLNK(info.st_mode):
            links[path] = str(path.readlink())
            path = Path(os.path.realpath(path))
            if not path.exists() or not lies_in(path, (*self._roots, *self.outside)):
                return
        elif is_stub(info):
            missing[path] = guarded.missing if guarded.missing != "skip" else "node"
            return
        mounts[path] = mounts.get(path, True) and guarded.writable

    @cached_property
    def _guarded(self) -> tuple[Guarded, ...]:
        found: dict[Path, Guarded] = {}
        for guarded in self._search():
            known = found.get(guarded.path)
            if known is None or known.writable:
                found[guarded.path] = guarded
        return tuple(found.values())

    def _search(self) -> Iterator[Guarded]:
        for root in self._roots:
            for name in _ALWAYS:
                yield Guarded(root / name, missing="node")
            for name in _IF_PRESENT:
                yield Guarded(root / name)
            yield from self._kept(_repository(root))
            if not (root / ".git").exists():
                yield from self._kept(_enclosing(root))
            for path in _walk(root):
                yield from self._below(root, path)

    def _below(self, root: Path, path: Path) -> Iterator[Guarded]:
        if path.name != ".git":
            yield Guarded(path)
            return
        repository = list(_repository(path.parent))
        if repository:
            above = [p for p in path.parents if p != root and p.is_relative_to(root)]
            yield from (Guarded(folder, writable=True) for folder in reversed(above))
            yield from self._kept(repository)

    def _kept(self, repository: Iterable[Guarded]) -> Iterator[Guarded]:
        """Of what a configuration names, only what commands could write to concerns us."""
        writable: list[Path] = []
        for guarded in repository:
            writable += [guarded.path] if guarded.writable else []
            if lies_in(guarded.path, (*self._roots, *writable)):
                yield guarded


def _repository(top: Path) -> Iterable[Guarded]:
    git = find_git(top)
    return () if git is None else guarded_paths(git, top)


def _enclosing(root: Path) -> Iterable[Guarded]:
    """The repository that `root` is a folder of; not one of the whole home directory or machine."""
    home = Path.home()
    for folder in root.parents:
        if folder == home or folder in home.parents:
            return ()
        if (folder / ".git").exists():
            return _repository(folder) if folder.stat().st_uid == os.geteuid() else ()
    return ()


def _walk(root: Path) -> Iterator[Path]:
    """Protected names below `root`, but not in it, `.git` among them."""
    names = {*_ALWAYS, *_IF_PRESENT, ".git"}
    folders = deque([(root, 0)])
    seen = 0
    while folders and seen < MAX_FOLDERS:
        folder, depth = folders.popleft()
        seen += 1
        try:
            entries = list(os.scandir(folder))
        except OSError:
            continue
        for entry in entries:
            if entry.name in names:
                if depth:
                    yield Path(entry.path)
            elif depth < DEPTH and entry.name not in _NOT_ENTERED and entry.is_dir(follow_symlinks=False):
                folders.append((Path(entry.path), depth + 1))
