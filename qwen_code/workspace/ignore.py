"""Which files a person does not want to see: `.gitignore` and `.qwenignore` files, at every level.

The rules are git's (gitignore(5)): the deepest file that says something about a name decides, in it the
last line that does, and nothing comes back below a directory that is left out.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from qwen_code.workspace.no_follow import NotRegular, regular_file

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

FILES = (".gitignore", ".qwenignore")
"""The second has the last word where both speak of a name."""
_EXCLUDE = ".git/info/exclude"
_LARGEST = 1024 * 1024


class IgnoreRules:
    """The rules that hold below `root`, read once for each directory that is asked about."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._specs: dict[str, GitIgnoreSpec | None] = {}
        self._directories: dict[str, bool] = {"": False}

    def ignored(self, path: Path, *, directory: bool) -> bool:
        """True when `path` or a directory above it is left out. Paths outside `root` never are."""
        if path == self.root or not path.is_relative_to(self.root):
            return False
        return self._ignored(path.relative_to(self.root).as_posix(), directory)

    def _ignored(self, name: str, directory: bool) -> bool:
        parent, _, last = name.rpartition("/")
        if last == ".git" or (parent and self._directory_ignored(parent)):
            return True
        subject = f"{name}/" if directory else name
        level = parent
        while True:
            spec = self._spec(level)
            if spec is not None:
                verdict = spec.check_file(subject[len(level) + 1 :] if level else subject).include
                if verdict is not None:
                    return verdict
            if not level:
                return False
            level = level.rpartition("/")[0]

    def _directory_ignored(self, name: str) -> bool:
        known = self._directories.get(name)
        if known is None:
            known = self._directories[name] = self._ignored(name, True)
        return known

    def _spec(self, level: str) -> GitIgnoreSpec | None:
        if level not in self._specs:
            names = FILES if level else (_EXCLUDE, *FILES)
            lines = [line for name in names for line in self._lines(self.root / level / name)]
            self._specs[level] = _compiled(lines) if lines else None
        return self._specs[level]

    def _lines(self, path: Path) -> list[str]:
        """Never a reason to fail: what can't be read has no rules."""
        try:
            with regular_file(path, self.root) as descriptor:
                return os.read(descriptor, _LARGEST).decode("utf-8", "replace").splitlines()
        except (OSError, NotRegular):
            return []


def _compiled(lines: list[str]) -> GitIgnoreSpec:
    """The rules that `lines` hold; git passes over a line that means nothing, and so does this."""
    from pathspec import GitIgnoreSpec

    try:
        return GitIgnoreSpec.from_lines(lines)
    except ValueError:
        if len(lines) == 1:
            return GitIgnoreSpec([])
        middle = len(lines) // 2
        return _compiled(lines[:middle]) + _compiled(lines[middle:])
