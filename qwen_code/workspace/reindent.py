"""Carries text from the indentation in which a model wrote it to that of the file it belongs to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import gcd
from typing import TypeAlias

Rule: TypeAlias = Callable[[str], str | None]
"""A line as the model wrote it -> the line as the file would have it; None where that can't be told."""

_UNITS = (2, 3, 4, 8)


def as_it_is(line: str) -> str:
    """The rule that changes nothing."""
    return line


def _unknown(line: str) -> str | None:
    return None if line.strip() else ""


def indent_of(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" \t"))]


@dataclass(frozen=True, slots=True)
class Reindenter:
    """Maps a depth `d`, in characters of indentation, to `(d - origin) * rise / run + base`."""

    origin: int
    base: int
    rise: int
    run: int
    given: str
    """The one character that the model indents with; empty when it did not indent."""
    wanted: str
    """The one character that the file indents with."""

    def __call__(self, line: str) -> str | None:
        text = line.lstrip(" \t")
        if not text:
            return ""
        indent = indent_of(line)
        if indent.strip(self.given or " \t"):
            return None
        depth, rest = divmod((len(indent) - self.origin) * self.rise, self.run)
        depth += self.base
        return None if rest or depth < 0 else self.wanted * depth + text


@dataclass(frozen=True, slots=True)
class Shifter:
    """Adds or takes away the same characters in front of each line."""

    added: str
    taken: str

    def __call__(self, line: str) -> str | None:
        if not line.strip(" \t"):
            return ""
        return self.added + line.removeprefix(self.taken) if line.startswith(self.taken) else None


def reindenter(old: Sequence[str], actual: Sequence[str], new: Sequence[str]) -> Rule | None:
    """How lines written like `old` look in a file where they stand as `actual`.

    The two are alike but for indentation. None unless one rule explains every line and keeps the nesting:
    a shift, another width, or tabs for spaces. `new` is what the rule will be used on.
    """
    pairs = {
        (indent_of(mine), indent_of(theirs))
        for mine, theirs in zip(old, actual, strict=True)
        if mine.strip(" \t")
    }
    if not pairs:
        return None
    given = {char for mine, _ in pairs for char in mine}
    wanted = {char for _, theirs in pairs for char in theirs}
    if len(given) > 1 or len(wanted) > 1:
        return _shifter(pairs)
    given = given or {char for line in new for char in indent_of(line)}
    if len(given) > 1:
        return _unknown
    return _affine(pairs, "".join(given), "".join(wanted), [len(indent_of(line)) for line in new])


def _shifter(pairs: set[tuple[str, str]]) -> Rule | None:
    """For indentation that mixes tabs and spaces: only a common prefix more or less is understood."""
    mine, theirs = min(pairs)
    if theirs.endswith(mine):
        shift = Shifter(theirs.removesuffix(mine), "")
    elif mine.endswith(theirs):
        shift = Shifter("", mine.removesuffix(theirs))
    else:
        return None
    explained = all(
        mine.startswith(shift.taken) and shift.added + mine.removeprefix(shift.taken) == theirs
        for mine, theirs in pairs
    )
    return shift if explained else None


def _affine(pairs: set[tuple[str, str]], given: str, wanted: str, depths: Sequence[int]) -> Rule | None:
    levels = sorted({(len(mine), len(theirs)) for mine, theirs in pairs})
    origin, base = levels[0]
    if len(levels) > 1:
        run, rise = levels[1][0] - origin, levels[1][1] - base
    elif not given or not wanted or given == wanted:
        run = rise = 1
    else:
        slope = _slope(origin, base, given, depths)
        if slope is None:
            return _unknown
        run, rise = slope
    if run <= 0 or rise <= 0:  # lines of one depth stand at several: nested otherwise
        return None
    if any((mine - origin) * rise != (theirs - base) * run for mine, theirs in levels):
        return None
    return Reindenter(origin, base, rise, run, given, wanted or given)


def _slope(origin: int, base: int, given: str, depths: Sequence[int]) -> tuple[int, int] | None:
    """Tabs against spaces with one depth seen: how many spaces a tab stands for."""
    if given == " ":
        unit = gcd(origin, *depths)
        return (unit, 1) if unit in _UNITS else None
    if all(depth == origin for depth in depths):
        return 1, 1
    if origin and base % origin == 0 and base // origin in _UNITS:
        return 1, base // origin
    return None
