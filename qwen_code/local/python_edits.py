"""Which edits of a Python file can be of use: what a line may become, with which names and numbers.

An edit mends nothing that uses a name that is not defined, or that changes two things because a copy slipped.
A small model that is unsure writes such things, and each costs it an attempt. So what a line may become is
listed: all single changes (`one_change.py`) after which Python reads the file and a linter finds no new flaw.
"""

from __future__ import annotations

import ast
import re
import warnings
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection
from enum import IntEnum
from functools import cached_property

from qwen_code.local.one_change import GROUP, changes
from qwen_code.local.python_flaws import Flaw, Linter
from qwen_code.local.python_places import ambiguous_from, idle_places
from qwen_code.local.python_words import PythonWords
from qwen_code.local.within_reach import first_line, out_of_reach


class Demand(IntEnum):
    """What an edit has to do about flaws."""

    NOTHING = 0
    NO_FLAW = 1
    """Python can read the file, and none comes in."""
    ONE_LESS = 2
    """And one is mended."""
    NONE_LEFT = 3
    """And all around are."""


class PythonText:
    """A file as it is before an edit."""

    def __init__(
        self,
        text: str,
        numbers: Collection[str] = (),
        used: Collection[str] = (),
        texts: Collection[str] = (),
    ) -> None:
        """A text that is to be edited.

        Args:
            numbers: whole ones that came up elsewhere.
            used: names that came up where a test failed.
            texts: what stood in quotes there.
        """
        self.text = text
        self._used, self._numbers, self._texts = used, numbers, texts
        self._flaws_by_start: dict[int, Counter[Flaw]] = {}
        self._met: dict[tuple[int, str], Demand] = {}
        """What is met by the start of a line and what the line becomes."""
        self._becoming: dict[int, list[str]] = {}
        """What the rest of a line may become, sorted, by its place; some may turn out to be no good."""

    @cached_property
    def _tree(self) -> ast.Module | None:
        return _parsed(self.text)

    @cached_property
    def _words(self) -> PythonWords | None:
        return PythonWords(self.text, self._tree, self._numbers, self._texts) if self._tree else None

    @cached_property
    def idle(self) -> frozenset[int]:
        """Places where an edit would begin in the middle of a word, or change nothing that is run."""
        if self._tree is None:
            return frozenset()
        return frozenset(
            [*idle_places(self.text, self._tree, self._unreached), *range(self._ambiguous, len(self.text))]
        )

    @cached_property
    def flawed(self) -> frozenset[int]:
        """Places where an edit may mend what is certainly wrong; none if nothing is known to be."""
        places = {place for flaw in self._flaws for place in flaw.places(self._starts)}
        for place in [place for place in places if place >= self._ambiguous]:
            places.update(range(self.text.rfind("\n", 0, place) + 1, place))
        return frozenset(places)

    @cached_property
    def _starts(self) -> list[int]:
        """Where lines start, and the end."""
        return [0, *(found.end() for found in re.finditer("\n", self.text)), len(self.text)]

    @cached_property
    def _unreached(self) -> list[tuple[int, int]]:
        return list(out_of_reach(self._tree, self._used)) if self._tree else []

    @cached_property
    def _linter(self) -> Linter | None:
        return Linter(self._tree) if self._tree else None

    @cached_property
    def _statements(self) -> list[int]:
        """Where those of the module start."""
        body = self._tree.body if self._tree else []
        return [self._starts[first_line(statement) - 1] for statement in body]

    def _flaws_at(self, start: int) -> Counter[Flaw]:
        """Those of the statement of the module that starts there."""
        if self._linter is None or self._tree is None or start not in self._statements:
            return Counter()
        if start not in self._flaws_by_start:
            statement = self._tree.body[self._statements.index(start)]
            self._flaws_by_start[start] = Counter(self._linter.flaws([statement]))
        return self._flaws_by_start[start]

    @cached_property
    def _flaws(self) -> frozenset[Flaw]:
        """Those that what fails can reach."""
        return frozenset(
            flaw
            for start in self._statements
            for flaw in self._flaws_at(start)
            if not flaw.is_likely_meant
            and not any(first <= flaw.line <= last for first, last in self._unreached)
        )

    @cached_property
    def _ambiguous(self) -> int:
        return ambiguous_from(self.text)

    def can_change(self, at: int, demand: Demand, tried: Collection[str] = ()) -> bool:
        """Whether there is a change that begins there."""
        return self.may_become(at, "", demand=demand, tried=tried)

    def becoming(self, at: int, demand: Demand) -> list[str]:
        """All that the line that goes on at `at` may go on with instead; see `may_become`."""
        start = self._start_of_line(at)
        before = self.text[start:at]
        lines = (line for line in self._lines(at) if self._can_be_undone(at, line))
        return [line for line in lines if self._meets(start, before + line) >= demand]

    def may_become(
        self,
        at: int,
        begun: str,
        *,
        whole: bool = False,
        demand: Demand = Demand.NO_FLAW,
        tried: Collection[str] = (),
    ) -> bool:
        """Whether the line that goes on at `at` may go on with what `begun` begins instead.

        Args:
            whole: nothing comes behind it.
            demand: what it has to do about flaws.
            tried: whole lines that it may not become.
        """
        if self._tree is None:
            return True
        lines, start = self._lines(at), self._start_of_line(at)
        before = self.text[start:at]
        for n in range(bisect_left(lines, begun), len(lines)):
            line = lines[n]
            if not line.startswith(begun) or (whole and line != begun):
                return False
            is_new = before + line not in tried and self._can_be_undone(at, line)
            if is_new and self._meets(start, before + line) >= demand:
                return True
        return False

    def _can_be_undone(self, at: int, line: str) -> bool:
        """Whether what stands there then can be quoted, however much of the rest of the file that takes."""
        _, end, rest = self.text[at:].partition("\n")
        return f"{self.text[:at]}{line}{end}{rest}".count(f"{line}{end}{rest}") == 1

    def _lines(self, at: int) -> list[str]:
        """What the rest of a line may become, sorted: never nothing, which could not be taken back."""
        if at not in self._becoming and self._words:
            start, rest = self._start_of_line(at), self.text[at:].partition("\n")[0]
            words = self._words.at(at)
            self._becoming[at] = sorted(
                {
                    rest[:kept] + line
                    for kept in self._kept(at, rest)
                    for line in changes(self.text[start : at + kept], rest[kept:], words)
                    if kept or line
                }
            )
        return self._becoming.get(at, [])

    def _kept(self, at: int, rest: str) -> list[int]:
        """How much of the rest of a line may stay before the change.

        Nothing, but where an edit could not begin later, because what follows stands elsewhere too.
        """
        starts = [word.start() for word in GROUP.finditer(rest)][1:]
        return [0, *(start for start in starts if at + start >= self._ambiguous)]

    def _start_of_line(self, at: int) -> int:
        return self.text.rfind("\n", 0, at) + 1

    def _meets(self, start: int, line: str) -> Demand:
        """Which demand is met by a line in the place of the one that starts there."""
        if (start, line) not in self._met:
            self._met[start, line] = self._what_changes(start, line)
        return self._met[start, line]

    def _what_changes(self, start: int, line: str) -> Demand:
        first, last = self._statement_around(start)
        end = self.text.find("\n", start)
        behind = self.text[end if end >= 0 else last : last]
        tree = _parsed(self.text[first:start] + line + behind)
        if tree is None or self._linter is None:
            return Demand.NOTHING
        before, now = self._flaws_at(first), Counter(self._linter.flaws(tree.body))
        if now - before:
            return Demand.NOTHING
        around = self._flaws & before.keys()
        left = around & now.keys()
        if around and not left:
            return Demand.NONE_LEFT
        return Demand.ONE_LESS if len(left) < len(around) else Demand.NO_FLAW

    def _statement_around(self, at: int) -> tuple[int, int]:
        """Where the statement of the module begins, and ends, in which a place is."""
        first = max((place for place in self._statements if place <= at), default=0)
        return first, min((place for place in self._statements if place > at), default=len(self.text))


def _parsed(text: str) -> ast.Module | None:
    """What Python makes of a text, if it takes it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            tree = ast.parse(text)
            # finds what is not grammar: `continue`, `*` and `=` where they can't be
            compile(tree, "", "exec")
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
    return tree
