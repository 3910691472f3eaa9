"""Finds lines in a text that are alike once something about them is disregarded, and merges new lines in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from qwen_code.workspace.diffs import common_ends
from qwen_code.workspace.reindent import Rule, as_it_is, reindenter

Key = Callable[[str], str]
_ALIGNED = 400
"""Most lines for which unchanged ones are looked for in the middle, too, not only at the two ends."""


def positions(text: str, wanted: str, *, overlapping: bool = True) -> Iterator[int]:
    """Where `wanted` begins in `text`."""
    step = 1 if overlapping else len(wanted)
    at = text.find(wanted)
    while at >= 0:
        yield at
        at = text.find(wanted, at + step)


@dataclass(frozen=True, slots=True)
class Replacement:
    """`view[start:end]` is what was meant; `text` is to stand there."""

    start: int
    end: int
    text: str | None
    """None where it can't be told how the new text is to be indented."""


class Lines:
    """A text as lines, searched for whole lines."""

    def __init__(self, view: str) -> None:
        self._lines = view.split("\n")
        self._offsets = [0, *accumulate(len(line) + 1 for line in self._lines)]
        self._size = len(view)
        self._count = len(self._lines) - (self._lines[-1] == "")

    def matches(self, old: str, new: str, key: Key, *, indented: bool = False) -> Iterator[Replacement]:
        """A replacement for each place where lines with the same keys as those of `old` stand.

        With `indented`, only where they are nested alike, and `new` is indented as they are. At the end
        of a text, `old` may end with a line break that the text lacks.
        """
        wanted = old.split("\n")
        closed = len(wanted) > 1 and wanted[-1] == ""
        if closed:
            wanted.pop()
        if not any(line.strip() for line in wanted):
            return
        keys = "\n".join(key(line) for line in self._lines[: self._count])
        needle = "\n".join(key(line) for line in wanted)
        for at in positions(f"\n{keys}\n", f"\n{needle}\n"):
            first = keys.count("\n", 0, at)
            found = self._replacement(first, wanted, new, closed, indented)
            if found is not None:
                yield found

    def _replacement(
        self, first: int, wanted: list[str], new: str, closed: bool, indented: bool
    ) -> Replacement | None:
        last = first + len(wanted)
        actual = self._lines[first:last]
        lines = new.split("\n")
        end = self._offsets[last] - 1
        if closed and end < self._size:
            end += 1
            wanted, actual = [*wanted, ""], [*actual, ""]
        elif closed and lines[-1] == "" and len(lines) > 1:
            lines.pop()
        rule = reindenter(wanted, actual, lines) if indented else as_it_is
        if rule is None:
            return None
        return Replacement(self._offsets[first], end, merged(wanted, actual, lines, rule))


def merged(
    old: Sequence[str], actual: Sequence[str], new: Sequence[str], rule: Rule = as_it_is
) -> str | None:
    """The lines of `new`, where `old` is what a model took the lines `actual` of a file to be.

    A line that the model repeats as it is stays as it is in the file. None where `rule` knows no answer for
    a new line.
    """
    result: list[str] = []
    for kept, start, end in _runs(old, new):
        for index in range(start, end):
            line = rule(new[index]) if kept is None else actual[kept + index - start]
            if line is None:
                return None
            result.append(line)
    return "\n".join(result)


def _runs(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[int | None, int, int]]:
    """`new` in pieces, each with the place in `old` where the very same lines stand, None for new lines."""
    if len(old) + len(new) > _ALIGNED:
        yield from _ends(old, new)
        return
    from difflib import SequenceMatcher

    done = 0
    for block in SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks():
        if done < block.b:
            yield None, done, block.b
        if block.size:
            yield block.a, block.b, block.b + block.size
        done = block.b + block.size


def _ends(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[int | None, int, int]]:
    head, tail = common_ends(old, new)
    yield 0, 0, head
    yield None, head, len(new) - tail
    yield len(old) - tail, len(new) - tail, len(new)
