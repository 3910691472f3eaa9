"""Where in a file the next edit may begin: where one can be of use, and not where enough was tried."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from qwen_code.local.attempts import Attempts
from qwen_code.local.made_edit import MadeEdit
from qwen_code.local.python_edits import Demand, PythonText

_REST = 4
"""Attempts after which another one may be made in the same place."""
_MENDING = 8
"""Attempts that are held to what is certainly wrong, where something is."""


class EditPlaces:
    """Those of one file, before one edit of it. Places are counted in bytes."""

    def __init__(self, path: bytes, text: bytes, python: PythonText | None, attempts: Attempts) -> None:
        """`python`: the text, if it is Python."""
        self.path, self.text, self.python = path, text, python
        self._attempts = attempts
        self._standing = {
            place: edit.new
            for edit in attempts.standing
            if edit.path == path and edit.new and edit.old
            for place in edit.places(text)
        }
        """Where an edit stands that can be taken back, and what it wrote."""

    @cached_property
    def tried(self) -> list[tuple[int, bytes]]:
        """Where something was tried, and what was written there."""
        tried = (edit for edit in self._attempts.tried if edit.path == self.path and edit.old)
        return [(self.text.index(e.old), e.new) for e in tried if self.text.count(e.old) == 1]

    @cached_property
    def tried_lines(self) -> set[str]:
        """The lines of which nothing came, as Latin-1; asked for at every token that might come next."""
        return {self._line(place, new) for place, new in self.tried}

    def _line(self, place: int, new: bytes) -> str:
        """A line when in it, from a place on, something new stands."""
        start = self.text.rfind(b"\n", 0, place) + 1
        return (self.text[start:place] + new.partition(b"\n")[0]).decode("latin-1")

    def is_tried(self, edit: MadeEdit) -> bool:
        """Whether nothing came of what it would make of its line."""
        return self._line(self.text.find(edit.old), edit.new) in self.tried_lines

    @property
    def demanded(self) -> Demand:
        """What the next edit has to do about flaws."""
        return self._next[0]

    @property
    def barred(self) -> set[int]:
        """Where the next one may not begin: one of those that stand where it may, to take it back."""
        return self._next[1]

    @cached_property
    def useful(self) -> tuple[Demand, set[int]]:
        """What is asked of a new edit, and where it may begin, however often something was tried there."""
        demand, useful = self._of_use(self._free)
        return demand, useful - self._written - self._standing.keys()

    @cached_property
    def _next(self) -> tuple[Demand, set[int]]:
        everywhere = set(range(len(self.text)))
        demand, barred = Demand.NO_FLAW, everywhere - self._free
        for tried in self._resting():
            free = self._free - tried
            demand, useful = self._of_use(free)
            if useful:
                barred = everywhere - useful - self._standing.keys()
                break
        barred |= self._written
        if self._standing and self._attempts.in_vain:
            barred |= everywhere - self._standing.keys()
        return demand, barred

    @cached_property
    def _free(self) -> set[int]:
        idle = self.python.idle - self._standing.keys() if self.python else ()
        return set(range(len(self.text))).difference(idle)

    @cached_property
    def _written(self) -> set[int]:
        """What edits wrote that stand, but for where it begins."""
        return {n for place, new in self._standing.items() for n in range(place + 1, place + len(new))}

    def _resting(self) -> Iterator[set[int]]:
        """Places where enough was tried, for now: fewer and fewer, should nothing else be left."""
        places = [place for place, _ in self.tried]
        often = {place for place in places if places.count(place) > 1}
        yield from (often | set(places[-_REST:]), often | set(places[-1:]), set(places[-1:]), set())

    def _of_use(self, free: set[int]) -> tuple[Demand, set[int]]:
        """The most that can be asked for of an edit, and where one can give it."""
        python, tried = self.python, self.tried_lines
        if python is None:
            return Demand.NO_FLAW, free
        if len(self._attempts.tried) < _MENDING:
            for demand in (Demand.ONE_LESS,) if self._attempts.tried else (Demand.NONE_LEFT, Demand.ONE_LESS):
                mending = {n for n in python.flawed & free if python.can_change(n, demand, tried)}
                if mending:
                    return demand, mending
        return Demand.NO_FLAW, {n for n in free if python.can_change(n, Demand.NO_FLAW, tried)}
