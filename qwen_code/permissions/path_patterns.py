"""Matching of paths against gitignore-like patterns, where the path itself may still hold wildcards.

A shell argument such as `s*/key` is not one path but all that it may expand to; the question is then whether
it could meet a pattern. Everything here is linear in the product of both lengths, never exponential.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

_WILD = re.compile(r"[*?\[]")
_CLASS = re.compile(r"\[[!^]?\]?(?:\[:[a-z]+:\]|\\.|[^\]\\])*\]")
_POSIX = {
    "alpha": "a-zA-Z", "digit": "0-9", "alnum": "a-zA-Z0-9", "upper": "A-Z", "lower": "a-z", "space": " ",
    "xdigit": "0-9a-fA-F",
}  # fmt: skip
_STAR = ""
_ANY = "?"


def is_wild(name: str) -> bool:
    """Does a file name hold wildcards?"""
    return bool(_WILD.search(name))


@lru_cache(maxsize=4096)
def _tokens(text: str) -> tuple[str, ...]:
    """Literal characters behind a backslash, classes as written, `_ANY` for `?`, `_STAR` for `*`."""
    tokens: list[str] = []
    at = 0
    while at < len(text):
        character = text[at]
        match = _CLASS.match(text, at) if character == "[" else None
        if match:
            tokens.append(match[0])
            at = match.end()
            continue
        if character == "\\" and at + 1 < len(text):
            at += 1
            tokens.append("\\" + text[at])
        elif character == "*":
            if tokens[-1:] != [_STAR]:
                tokens.append(_STAR)
        else:
            tokens.append(_ANY if character == "?" else "\\" + character)
        at += 1
    return tuple(tokens)


def segments_meet(pattern: str, name: str, *, glob: bool = True) -> bool:
    """Can a pattern match one file name, or with `glob` some name that a shell expands `name` to?

    As in the shell, wildcards at the beginning of `name` do not stand for a leading dot.
    """
    if not glob or not _WILD.search(name):
        if not _WILD.search(pattern) and "\\" not in pattern:
            return pattern == name
        right: Sequence[str] = ["\\" + character for character in name]
    elif pattern.startswith(".") and name[0] in "*?[":
        return False
    else:
        right = [_ANY if token[:1] == "[" else token for token in _tokens(name)]
    left = _tokens(pattern)
    row = _closure({0}, left)
    for token in right:
        if token == _STAR:
            row = set(range(min(row), len(left) + 1)) if row else row
        else:
            following = {i for i in row if i < len(left) and left[i] == _STAR}
            following |= {i + 1 for i in row if i < len(left) and left[i] != _STAR and _same(left[i], token)}
            row = _closure(following, left)
        if not row:
            return False
    return len(left) in row


def _same(one: str, other: str) -> bool:
    """Can a pattern's token stand for one of a name, which holds no classes?"""
    if one == other or _ANY in (one, other):
        return True
    return one[0] == "[" and bool(_class(one).fullmatch(other[1:]))


_MEMBERS = re.compile(r"(\\.|[^\\])-(\\.|[^\\])|(\\.|[^\\])", re.DOTALL)
"""What stands in a class: two ends of a range, or one character; each may be escaped."""


@lru_cache(maxsize=512)
def _class(text: str) -> re.Pattern[str]:
    inside = text[1:-1]
    negated = inside[:1] in ("!", "^")
    inside = inside[1:] if negated else inside
    for name, characters in _POSIX.items():
        inside = inside.replace(f"[:{name}:]", characters)
    escaped = "".join(
        f"{re.escape(low[-1])}-{re.escape(high[-1])}" if low else re.escape(one[-1])
        for low, high, one in _MEMBERS.findall(inside)
    )
    try:
        return re.compile(f"[{'^' if negated else ''}{escaped}]")
    except re.error:
        return re.compile("(?!)")


def _closure(reached: set[int], tokens: Sequence[str]) -> set[int]:
    """Add the positions after stars, which may stand for nothing."""
    for position in sorted(reached):
        while position < len(tokens) and tokens[position] == _STAR:
            position += 1
            reached.add(position)
    return reached


@dataclass(frozen=True, slots=True)
class PathPattern:
    """An absolute pattern in segments, `**` standing for any number of them. A match covers all below it."""

    segments: tuple[str, ...]
    folded: bool = False
    """True to ignore case, as some file systems do."""

    needle: str = ""
    """The longest fixed name in the pattern; paths without it and without wildcards can't match."""

    @classmethod
    def of(cls, path: str, *, folded: bool = False) -> PathPattern:
        parts = [part for part in (path.casefold() if folded else path).split("/") if part]
        kept = [part for i, part in enumerate(parts) if part != "**" or parts[i - 1 : i] != ["**"]]
        fixed = [part for part in kept if not _WILD.search(part) and "\\" not in part]
        return cls(tuple(kept), folded, max(fixed, key=len, default=""))

    def matches(self, path: str, *, glob: bool = False) -> bool:
        """Does the pattern cover `path`, or with `glob` something that `path` may expand to?"""
        if not glob and self.needle not in (path.casefold() if self.folded else path):
            return False
        return self._walk(path, glob) == "covered"

    def below(self, path: str, *, glob: bool = False) -> bool:
        """Could the pattern cover something inside the directory `path`?"""
        return self._walk(path, glob) in ("covered", "below")

    def fills(self, path: str, *, glob: bool = False) -> bool:
        """Does the pattern cover everything inside the directory `path`, as `x/**` does for x?"""
        return (
            len(self.segments) > 1
            and self.segments[-1] == "**"
            and PathPattern(self.segments[:-1], self.folded).matches(path, glob=glob)
        )

    def names_below(self, path: str) -> bool:
        """Does the pattern begin with a fixed path that lies inside the directory `path`?"""
        names = [part for part in (path.casefold() if self.folded else path).split("/") if part]
        fixed: list[str] = []
        for segment in self.segments:
            if _WILD.search(segment):
                break
            fixed.append(segment)
        return len(fixed) >= len(names) and len(self.segments) > len(names) and fixed[: len(names)] == names

    def _walk(self, path: str, glob: bool) -> str:
        names = [part for part in (path.casefold() if self.folded else path).split("/") if part]
        end = len(self.segments)
        if not end:
            return "covered"
        row = self._skip({0})
        for name in names:
            following: set[int] = set()
            for i in row:
                if self.segments[i] == "**":
                    following.add(i if i < end - 1 else end)
                elif (glob and name == "**") or segments_meet(self.segments[i], name, glob=glob):
                    following.add(i + 1)
            if end in following:
                return "covered"
            row = self._skip(following)
        return "below" if row else "apart"

    def _skip(self, reached: set[int]) -> set[int]:
        """Add the positions after `**`, which may stand for nothing, except at the end: `x/**` is not x."""
        for i in sorted(reached):
            while i < len(self.segments) - 1 and self.segments[i] == "**":
                i += 1
                reached.add(i)
        return reached
