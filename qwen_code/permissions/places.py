"""Where a path leads, and whether that is inside the workspace. Does no I/O of its own."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

NOWHERE = "/\0"
"""A directory that can't be: where commands run when nobody knows where, and where unlikely paths lead."""
LONGEST_PATH = 4096
"""Characters; no system opens longer ones."""
_DEEPEST = 100
"""Folders; links are not followed through more, and the path counts as one outside of the workspace."""

_WILD = re.compile(r"[*?\[]")
_DEVICES = re.compile(r"/dev/(?:null|zero|u?random|full|std(?:in|out|err)|fd/[0-9]+)")


@dataclass(frozen=True, slots=True)
class Place:
    """A path as it was asked for and where it leads once links are followed; both absolute."""

    target: str
    resolved: str
    glob: bool = False
    """True when both are patterns that may stand for several files."""

    @property
    def both(self) -> tuple[str, ...]:
        return (self.target,) if self.target == self.resolved else (self.target, self.resolved)


class Places:
    """The workspace and the home directory, as the frame in which paths are judged."""

    def __init__(self, roots: Sequence[str], home: str, follow: Callable[[str], str]) -> None:
        """`follow` resolves links, as `os.path.realpath` does; the identity keeps the gate free of I/O."""
        self._follow = follow
        self._followed: dict[str, str] = {}
        named = [posixpath.normpath(root) for root in roots]
        self.roots = tuple(dict.fromkeys([*named, *(self.follow(root) for root in named)]))
        self.home = posixpath.normpath(home)

    def follow(self, path: str) -> str:
        if path not in self._followed:
            try:
                led = self._follow(path) if path.count("/") <= _DEEPEST else f"{NOWHERE}/{path}"
            except (OSError, ValueError):  # such a path can't exist, so it has no links
                led = path
            self._followed[path] = posixpath.normpath(led)
        return self._followed[path]

    def forget(self) -> None:
        """Look anew where links lead: files change between one call and the next."""
        self._followed.clear()

    def at(self, path: str, directory: str, *, glob: bool = False) -> Place:
        """The place that `path` names when the shell stands in `directory`."""
        whole = path if path.startswith("/") else f"{directory}/{path}"
        if not glob:
            return Place(_normal(whole), self.follow(whole))
        first = _WILD.search(whole)
        cut = whole.rfind("/", 0, first.start()) if first else len(whole)
        fixed, rest = whole[:cut] or "/", whole[cut:]
        return Place(_normal(whole), _normal(f"{self.follow(fixed)}/{rest}"), glob=True)

    def is_inside(self, place: Place) -> bool:
        """Does the path lead into the workspace, whatever a pattern in it stands for?"""
        return any(contains(root, place.resolved) for root in self.roots) and not (
            place.glob and any(_may_climb(part) for part in place.resolved.split("/"))
        )

    def relative(self, path: str) -> str:
        """The part of a path below the innermost root of the workspace; the whole path outside of it."""
        inner = max((root for root in self.roots if contains(root, path)), key=len, default="")
        return path[len(inner) :] if inner != "/" else path

    def short(self, path: str) -> str:
        """The path as a person would say it: relative to the workspace, or with `~`."""
        for root in self.roots:
            if path == root:
                return "."
            if contains(root, path):
                return path[len(root.rstrip("/")) + 1 :]
        if self.home not in ("/", "") and contains(self.home, path):
            return "~" + path[len(self.home) :]
        return path


def contains(directory: str, path: str) -> bool:
    return path == directory or path.startswith(directory.rstrip("/") + "/")


def is_device(place: Place) -> bool:
    """One of the devices that hold nothing and harm nothing, `/dev/null` first."""
    return bool(_DEVICES.fullmatch(place.target)) and bool(
        place.resolved == place.target or place.target != "/dev/null"
    )


def _normal(path: str) -> str:
    path = posixpath.normpath(path)
    return path[1:] if path.startswith("//") else path


def _may_climb(part: str) -> bool:
    """Could this pattern stand for `..`?"""
    return part == ".." or (part.startswith(".") and bool(_WILD.search(part)) and set(part) <= set(".*?[]!^"))
