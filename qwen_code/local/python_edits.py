"""Which edits of a Python file can be of use: what a line may become, with which names and numbers.

An edit mends nothing that uses a name that is not defined, or that changes two things because a copy slipped.
A small model that is unsure writes such things, and each costs it an attempt.
"""

from __future__ import annotations

import ast
import itertools
import keyword
import math
import re
import warnings
from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Collection, Iterator
from datetime import date
from enum import IntEnum
from functools import cached_property, lru_cache, partial

from qwen_code.local.one_change import GROUP, LAST_WORD, OneChange
from qwen_code.local.python_flaws import Flaw, Linter
from qwen_code.local.python_places import ambiguous_from, idle_places
from qwen_code.local.within_reach import first_line, names_used, out_of_reach

_WORD = re.compile(r"(?<!\w)[^\W\d]\w*")
_NUMBER = re.compile(r"(?<!\w)\d\w*")
_DEFINING = {"async", "await", "class", "def", "del", "from", "global", "import", "nonlocal", "with"}
_PARAMETERS = {"default", "end", "key", "maxsplit", "reverse", "sep", "start", "strict"}
_FUNCTIONS = re.findall(
    r"\w+",
    """abs all any bool bytes chr dict divmod enumerate filter float format frozenset hex int isinstance
    iter len list map max min next ord pow print range repr reversed round set sorted str sum super
    tuple type zip""",
)
_NAMES = frozenset({*keyword.kwlist, *_FUNCTIONS, *_PARAMETERS} - _DEFINING)
"""Words that need not be defined."""
_TYPES = (str, list, dict, set, tuple, math, date, deque, Counter)
_ATTRIBUTES = frozenset(name for kind in _TYPES for name in dir(kind) if not name.startswith("_"))
"""The same of words behind a dot."""


class Demand(IntEnum):
    """What an edit has to do about flaws."""

    NOTHING = 0
    """The line goes on with some of what was there."""
    PYTHON = 1
    """The file can be read."""
    NO_FLAW = 2
    """Bring none in."""
    ONE_LESS = 3
    """And mend one."""
    NONE_LEFT = 4
    """And mend all around."""


class PythonText:
    """A file as it is before an edit."""

    def __init__(self, text: str, numbers: Collection[str] = (), used: Collection[str] = ()) -> None:
        """A text that is to be edited.

        Args:
            numbers: whole ones that came up elsewhere.
            used: names that came up where a test failed.
        """
        self.text = text
        self._used = used
        self._numbers = {*numbers, *_NUMBER.findall(text)}
        self._names_by_line: dict[int, list[str]] = {}
        self._flaws_by_start: dict[int, Counter[Flaw]] = {}
        self._changed: dict[tuple[int, str], Demand] = {}
        """What is met by the start of a line and what it becomes."""

    @cached_property
    def _tree(self) -> ast.Module | None:
        return _parsed(self.text)

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

    def may_become(
        self, at: int, begun: str, *, whole: bool = False, demand: Demand = Demand.NO_FLAW, end: int = 0
    ) -> bool:
        """Whether the line that goes on at `at` may go on with what `begun` begins instead.

        Args:
            whole: nothing comes behind it.
            demand: what it has to do about flaws.
            end: of the change, where it is to go on as it was.
        """
        if self._tree is None:
            return True
        start = self.text.rfind("\n", 0, at) + 1
        line = self.text[start:].partition("\n")[0]
        before, old = line[: at - start], line[at - start :]
        numbers = self._numbers.union(*map(_near, _NUMBER.findall(line)))
        if demand is Demand.NOTHING:
            return _one_change(before, old).goes_on(begun, end, whole=whole)
        if demand >= Demand.ONE_LESS and not self._puts_in_what_is_needed(at, begun, whole=whole):
            return False
        if not all(
            _is_among(found[0], self._known(at, before + begun[: found.start()]), finished=finished)
            for found, finished in _names(begun, whole=whole)
        ) or not all(
            found[0] in numbers if finished else any(number.startswith(found[0]) for number in numbers)
            for found, finished in _finished(_NUMBER, begun, whole=whole)
        ):
            return False
        stands, others = self._end(at, before, begun)
        is_sound = partial(self._is_sound, start, start + len(line), demand)
        return any(
            _one_change(before + old[:kept], old[kept:]).may_become(
                begun[kept:], whole=whole, stands=stands, others=others, is_sound=is_sound
            )
            for kept in self._kept(at, old, begun)
        )

    def _puts_in_what_is_needed(self, at: int, begun: str, *, whole: bool) -> bool:
        """Whether a change begins with the word that has to be put in, where that is known."""
        here = (flaw for flaw in self._flaws if flaw.needs and at in {*flaw.places(self._starts)})
        needed = {flaw.needs for flaw in here}
        if not needed or at >= self._ambiguous:
            return True
        found = next(_names(begun, whole=whole), None)
        if found is None:
            return not begun.strip()
        word, finished = found
        if begun[: word.start()].strip():
            return False
        return word[0] in needed if finished else any(name.startswith(word[0]) for name in needed)

    def _is_sound(self, start: int, end: int, demand: Demand, line: str) -> bool:
        """Whether a line in the place of another does about flaws what it has to."""
        key = (start, line)
        if key not in self._changed:
            self._changed[key] = self._what_changes(start, end, line)
        return self._changed[key] >= demand

    def _what_changes(self, start: int, end: int, line: str) -> Demand:
        """Which demand a line meets in the place of another."""
        first, last = self._statement_around(start)
        tree = _parsed(self.text[first:start] + line + self.text[end:last])
        if tree is None or self._linter is None:
            return Demand.NO_FLAW
        before, now = self._flaws_at(first), Counter(self._linter.flaws(tree.body))
        if now - before:
            return Demand.PYTHON
        around = self._flaws & before.keys()
        left = around & now.keys()
        if around and not left:
            return Demand.NONE_LEFT
        return Demand.ONE_LESS if len(left) < len(around) else Demand.NO_FLAW

    def _statement_around(self, at: int) -> tuple[int, int]:
        """Where the statement of the module begins, and ends, in which a place is."""
        first = max((place for place in self._statements if place <= at), default=0)
        return first, min((place for place in self._statements if place > at), default=len(self.text))

    def _end(self, at: int, before: str, begun: str) -> tuple[bool, list[str]]:
        """Whether the last word is one that is known, and others that begin so and are no keywords."""
        last = LAST_WORD.search(begun)
        if last is None:
            return True, []
        found = list(_beginning_with(last[0], self._known(at, before + begun[: last.start()])))
        return last[0] in found, [name for name in found if name != last[0] and not keyword.iskeyword(name)]

    def _kept(self, at: int, old: str, begun: str) -> Iterator[int]:
        """How much of a line that becomes `begun` may stay before the change.

        Nothing, but where an edit could not begin later, because what follows stands elsewhere too.
        """
        yield 0
        for word in itertools.islice(GROUP.finditer(old), 1, None):
            start = word.start()
            if at + start >= self._ambiguous and old[:start].startswith(begun[:start]):
                yield start

    def _known(self, at: int, said: str) -> list[str]:
        """What a word behind `said` may be, sorted."""
        if said.count('"') % 2 or said.count("'") % 2:
            return self._words
        return self._attributes if said.endswith(".") else self._names_at(at)

    @cached_property
    def _words(self) -> list[str]:
        return sorted(_NAMES.union(_WORD.findall(self.text)))

    @cached_property
    def _attributes(self) -> list[str]:
        used = names_used(self._tree) if self._tree else ()
        return sorted(_ATTRIBUTES.union(name for name in used if not name.startswith("__")))

    @cached_property
    def _outside(self) -> frozenset[str]:
        """Names that are defined for the whole file, or were there before."""
        found = set(_NAMES)
        for statement in self._tree.body if self._tree else ():
            if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                found.add(statement.name)
            else:
                found.update(names_used(statement))
        return frozenset(found)

    def _names_at(self, at: int) -> list[str]:
        """What is defined in the function around a place, and outside."""
        line = self.text.count("\n", 0, at) + 1
        if line not in self._names_by_line:
            around = [
                node
                for node in ast.walk(self._tree or ast.Module([], []))
                if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
                and node.lineno <= line <= (node.end_lineno or 0)
            ]
            own = (name for node in around[-1:] for name in names_used(node))
            self._names_by_line[line] = sorted(self._outside.union(own))
        return self._names_by_line[line]


_one_change = lru_cache(maxsize=64)(OneChange)


def _names(begun: str, *, whole: bool) -> Iterator[tuple[re.Match[str], bool]]:
    """The names in a line, each with whether it is finished; not what says of which kind a string is."""
    for found, finished in _finished(_WORD, begun, whole=whole):
        if not begun.startswith(("'", '"'), found.end()):
            yield found, finished


def _finished(kind: re.Pattern[str], begun: str, *, whole: bool) -> Iterator[tuple[re.Match[str], bool]]:
    for found in kind.finditer(begun):
        yield found, whole or found.end() < len(begun)


def _near(number: str) -> set[str]:
    """Numbers that someone might mean who wrote this one."""
    if not number.isdecimal():
        return {number}
    n = int(number)
    return {str(abs(m)) for m in (n - 2, n - 1, n + 1, n + 2, n * 10, n // 10, n * 2, n // 2)}


def _is_among(word: str, names: list[str], *, finished: bool) -> bool:
    found = next(_beginning_with(word, names), None)
    return found == word if finished else found is not None


def _beginning_with(start: str, names: list[str]) -> Iterator[str]:
    """Those of sorted names that begin so, the shortest first."""
    for name in names[bisect_left(names, start) :]:
        if not name.startswith(start):
            return
        yield name


def _parsed(text: str) -> ast.Module | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
