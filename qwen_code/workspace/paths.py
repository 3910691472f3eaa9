"""What a path given as text really names, and whether that lies in the workspace.

Paths come from a model and are taken literally: only a leading `~/` is expanded, as people and models mean
it; `$HOME`, `%2e`, backquotes and the like are names of files. Links are followed as the kernel does it, so
that the permission gate judges where a path leads and not how it is spelled.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from qwen_code.tool import Access, ToolFailure

NAME_BYTES = 255
"""The longest name of one file on the file systems in use (NAME_MAX)."""
PATH_BYTES = 4096
"""The longest path that Linux takes (PATH_MAX); macOS takes less and says so itself."""

_BIDI = range(0x202A, 0x202F), range(0x2066, 0x206A)


@dataclass(frozen=True, slots=True)
class ResolvedPath:
    """A path as given, and what it names."""

    given: str
    absolute: Path
    """As asked for, `.` and `..` removed, links not followed."""
    real: Path
    """Where it leads once every link is followed, existing or not."""
    root: Path | None
    """The workspace's root that `real` lies in; None outside."""
    name: str
    """For people and models, see `Workspace.display`."""

    @property
    def inside(self) -> bool:
        """True when `real` lies in the workspace."""
        return self.root is not None

    @property
    def names_directory(self) -> bool:
        """True when the spelling alone says so: it ends with a slash, `.` or `..`."""
        return self.given.rpartition("/")[2] in ("", ".", "..")


class Workspace:
    """The directories that a session works in: one root, and others that a person added."""

    def __init__(self, root: Path, extra: tuple[Path, ...] = ()) -> None:
        self.root = Path(os.path.realpath(root))
        self.roots = (self.root, *(Path(os.path.realpath(path)) for path in extra))

    def resolve(self, text: str, *, base: Path | None = None) -> ResolvedPath:
        """What `text` names, seen from `base` (default: the root). Reads links and nothing else.

        Raises:
            ToolFailure: kind `invalid_path`: no file can have that name, or links lead in a circle.
        """
        _check_characters(text)
        joined = text
        if text == "~" or text.startswith("~/"):
            joined = f"{Path.home()}{text[1:]}"
        elif not text.startswith("/"):
            joined = f"{base or self.root}/{text}"
        _check_length(joined)
        real = _real(joined, text)
        absolute = Path(os.path.normpath(joined))
        return ResolvedPath(text, absolute, real, self.root_of(real), self.display(absolute))

    def resolve_granted(
        self, text: str, granted: Sequence[Access], *, base: Path | None = None
    ) -> ResolvedPath:
        """As `resolve`, at the time of use: refuses a path that no longer leads where the gate saw it lead.

        A link that is swapped in between the decision and the use would otherwise carry a permission
        somewhere else. Where nothing is known of a grant, a path spelled inside the workspace must
        lead inside it.

        Raises:
            ToolFailure: kind `invalid_path`, or `not_permitted` when it leads elsewhere now.
        """
        path = self.resolve(text, base=base)
        if granted:
            permitted = any(access.resolved == str(path.real) for access in granted)
        else:
            permitted = path.inside or not self.contains(path.absolute)
        if not permitted:
            raise ToolFailure(
                f"{path.name} leads to {self.display(path.real)}, "
                "which is not what was permitted. Use the real path.",
                "not_permitted",
            )
        return path

    def contains(self, path: Path) -> bool:
        """True for the roots and all below them; `path` is absolute and without links."""
        return self.root_of(path) is not None

    def root_of(self, path: Path) -> Path | None:
        """The root that `path` lies in, or None when it is outside the workspace."""
        return next((root for root in self.roots if path == root or path.is_relative_to(root)), None)

    def display(self, path: Path) -> str:
        """`path` for people and models: relative to the root where it can be, nothing in it that could
        steer a terminal."""
        inside = path.is_relative_to(self.root)
        return printable(str(path.relative_to(self.root)) if inside else str(path))

    def shorten(self, text: str) -> str:
        """A path as given, for a title: relative where it can be. Never fails, whatever `text` is."""
        return printable(text.removeprefix(f"{self.root}/"))

    def access(self, kind: Literal["read", "write"], path: ResolvedPath) -> Access:
        """The fact for the gate that a call reads or writes `path`."""
        return Access(kind, str(path.absolute), str(path.real), _names(path.real) if kind == "write" else 1)


def printable(text: str) -> str:
    """`text` with everything escaped that is no character to be seen: controls, directional overrides,
    bytes of names that are not UTF-8."""
    if text.isprintable():
        return text
    return "".join(_visible(char) for char in text)


def _visible(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # how Python carries a byte that is not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    hidden = code < 0x20 or 0x7F <= code < 0xA0 or code in (0x2028, 0x2029) or 0xD800 <= code <= 0xDFFF
    if hidden or any(code in span for span in _BIDI):
        return char.encode("unicode_escape", "surrogatepass").decode()
    return char


def _check_characters(text: str) -> None:
    if not text:
        raise ToolFailure("The path is empty. Name a file or directory.", "invalid_path")
    bad = next((char for char in text if ord(char) < 0x20 or ord(char) == 0x7F), None)
    if bad is not None:
        raise ToolFailure(
            f"The path `{printable(text[:80])}` holds the control character {_visible(bad)}. "
            "Give the file's plain name.",
            "invalid_path",
        )


def _check_length(path: str) -> None:
    try:
        raw = os.fsencode(path)
    except UnicodeEncodeError:
        raise ToolFailure(
            f"The path `{printable(path[:80])}` holds half a surrogate pair, which no file name can.",
            "invalid_path",
        ) from None
    longest = max(len(name) for name in raw.split(b"/"))
    if longest > NAME_BYTES:
        raise ToolFailure(
            f"A name in the path is {longest} bytes long; file systems allow {NAME_BYTES}. Shorten it.",
            "invalid_path",
        )
    if len(raw) >= PATH_BYTES:
        raise ToolFailure(
            f"The path is {len(raw)} bytes long; the limit is {PATH_BYTES - 1}. Shorten it.", "invalid_path"
        )


def _real(path: str, given: str) -> Path:
    try:
        real = Path(os.path.realpath(path))
    except OSError:  # a link was replaced between two looks at it
        raise ToolFailure(
            f"Something changes the path {printable(given)} at this moment. Try again.", "invalid_path"
        ) from None
    try:
        circle = stat.S_ISLNK(os.lstat(real).st_mode)
    except OSError as error:
        circle = error.errno == errno.ELOOP
    if circle:
        raise ToolFailure(f"Links lead in a circle at {printable(given)}.", "invalid_path")
    return real


def _names(real: Path) -> int:
    try:
        info = os.lstat(real)
    except OSError:
        return 1
    return info.st_nlink if stat.S_ISREG(info.st_mode) else 1
