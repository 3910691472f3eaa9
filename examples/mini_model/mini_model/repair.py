"""A teacher that knows where the bug is plays the model; the tools' answers are written as the product's.

The tests compare both with the real agent loop and the real tools.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from mini_model.chat import REQUESTS
from mini_model.mutate import mutations
from mini_model.names import invented, noun
from mini_model.project import Bug, Project
from mini_model.pytest_output import Outcome, run_anyway, run_tests
from mini_model.smallest_edit import difference, smallest_edit, undone
from mini_model.tool_answers import excerpt, refused
from mini_model.trace import QUIETLY, RUN, Call, Trace, shortened
from qwen_code.local.attempts import IN_ANSWER

NOT_FOUND = "Not done: I could not find the bug, and took my changes back."
_NEAR = 0.3
"""The share of wrong attempts that are sure to be in the right line."""
LINES = {"def": 16, "class": 40}
"""Lines that are read from a definition on."""
NEAR_THE_TOP, TOP = 50, 80
"""A file is read from its top where a definition is above that line, and how many lines then: what it calls
often stands above it."""


class _Answer:
    """Edits and runs that are one answer, and what each gives."""

    def __init__(self, brief: bool) -> None:
        self._brief = brief
        self._calls: list[Call] = []
        self._results: list[str] = []

    def add(self, call: Call, result: str) -> None:
        self._calls.append(call)
        self._results.append(result)

    def run(self, outcome: Outcome, *, quietly: bool = False) -> None:
        text = outcome.quiet if quietly else shortened(outcome.text) if self._brief else outcome.text
        self.add(QUIETLY if quietly else RUN, text)

    def tell(self, trace: Trace, *, goes_on: bool = True) -> None:
        """`goes_on`: the next answer is about the same bug; in an exercise the results are told only then."""
        trace.answer(*self._calls)
        if goes_on or not self._brief:
            trace.results(*self._results)


@dataclass(slots=True)
class _Told:
    """How far the repair of a bug is."""

    bug: Bug
    wrong: int
    """Attempts before the right one."""
    outcome: Outcome
    """What the tests said last, when the bug stood, or was mended."""
    made: int = 0
    """Attempts so far."""
    helped: Call | None = None
    """The right one, once it was made."""
    undo: list[Call] = field(default_factory=list[Call])
    """What takes the last one back."""
    tried: set[str] = field(default_factory=set[str])
    """Lines that were written."""

    def __post_init__(self) -> None:
        self.tried.add(self.bug.good_line)


class Repair:
    """A repair of one project, told as a trace."""

    def __init__(
        self, project: Project, rng: random.Random, *, brief: bool = False, gives_up: bool = False
    ) -> None:
        """A repair that is to be told.

        Args:
            brief: an exercise, without what a model that knows its tools need not learn again.
            gives_up: after the wrong attempts there is nothing left to try.
        """
        self.project = project
        self.rng = rng
        self.end: int | None = None
        """The line of the file with the bug up to which it was read."""
        self._gives_up = gives_up
        self._given: list[Call] = []
        self.trace = Trace(is_exercise=brief, interruptions=None if brief else rng)

    def tell(self, wrong_attempts: int, given: Sequence[Call] = ()) -> Trace | None:
        """The trace; None if the project can't be told in this way.

        Args:
            given: the first of the wrong attempts, instead of some that are made up.
        """
        self._given = list(given)
        trace, rng = self.trace, self.rng
        outcome = run_tests(self.project, rng)
        if outcome is None or outcome.passed:
            return None
        if not trace.is_exercise:
            trace.user(rng.choice(REQUESTS))
            trace.answer(RUN)
            trace.results(outcome.text)
        trace.family = self.project.bugs[0].family
        fixed: list[Bug] = []
        while True:
            bug = self._shown(outcome)
            if bug is None or bug in fixed:  # a line like it stands elsewhere, and was changed instead
                return None
            trace.wrong.add((bug.bad_line, difference(bug.bad_line, bug.good_line)))
            if not self._find(bug, outcome):
                return None
            after = self._attempts(bug, wrong_attempts, outcome)
            if after is None:
                return trace if trace.pieces[-2][0] == "<|im_end|>" else None
            fixed.append(bug)
            if after.passed:
                break
            outcome, wrong_attempts = after, 0
        if trace.is_exercise:
            return trace
        trace.answer(
            text=f"Fixed {bug.path}; all tests pass."
            if len(fixed) == 1
            else "Fixed several bugs; all tests pass."
        )
        return trace

    def _shown(self, outcome: Outcome) -> Bug | None:
        """The bug that a failing test is about."""
        subject = self.project.subjects.get(outcome.failing_test)
        if subject is None:
            return None
        for bug in self.project.bugs:
            if bug.unit is subject.unit and bug.bad_line in self.project.files[bug.path].split("\n"):
                return bug
        return None

    def _find(self, bug: Bug, outcome: Outcome) -> bool:
        """Search what the test is about, and read it; False if what is wrong is elsewhere."""
        subject = self.project.subjects[outcome.failing_test]
        pattern = bug.unit.definition(subject.method or bug.unit.name)
        lines = self.project.files[bug.path].split("\n")
        line = next((n for n, text in enumerate(lines, 1) if re.match(rf"\s*{pattern}\b", text)), 0)
        start, limit = (0, TOP) if line < NEAR_THE_TOP else (line, LINES[pattern.partition(" ")[0]])
        if not start <= lines.index(bug.bad_line) < start + limit:
            return False
        where = {"offset": str(start)} if start else dict[str, str]()
        found, read = self._grep(pattern), excerpt(self.project.files[bug.path], start, limit)
        if self.trace.is_exercise:
            self.trace.results(shortened(outcome.text), found, read)
        else:
            if self.rng.random() < 0.06:
                self._search_in_vain()
            self.trace.answer(Call("grep_search", {"pattern": pattern}))
            self.trace.results(found)
            self.trace.answer(Call("read_file", {"file_path": bug.path, **where, "limit": str(limit)}))
            self.trace.results(read)
        self.end = start + limit
        return True

    def _search_in_vain(self) -> None:
        """A search for what is no definition, such as a variable of the test."""
        pattern = f"{self.rng.choice(('def', 'class'))} {self.rng.choice((noun, invented))(self.rng)}"
        if not self._grep(pattern):
            self.trace.answer(Call("grep_search", {"pattern": pattern}, learn=False))
            self.trace.results(f"No matches for {pattern}.")

    def _grep(self, pattern: str) -> str:
        fold = pattern.islower()
        lines = [
            f"{path}:{number}:{line}"
            for path, text in sorted(self.project.files.items())
            for number, line in enumerate(text.split("\n"), 1)
            if pattern in (line.lower() if fold else line)
        ]
        return "\n".join(lines)

    def _attempts(self, bug: Bug, wrong: int, outcome: Outcome) -> Outcome | None:
        """Wrong attempts, and then the right one; None when it was given up.

        Args:
            outcome: what the tests say before the first attempt.
        """
        told = _Told(bug, wrong, outcome)
        for size in IN_ANSWER:
            if self._gives_up and told.made >= wrong:
                break
            answer = _Answer(self.trace.is_exercise)
            enough = wrong - told.made + (0 if self._gives_up else self.rng.choice((1, 1, 2, 3)))
            for left in range(min(size, enough) - 1, -1, -1):
                if not self._attempt(told, answer, quietly=left > 0):
                    return None
            stands = bug.good_line in self.project.files[bug.path].split("\n")
            answer.tell(self.trace, goes_on=not stands)
            if told.helped is not None:
                if not stands:
                    self._again(told)
                return told.outcome
        self.trace.answer(*told.undo)
        self.trace.results(*[self._edit(call) for call in told.undo])
        self.trace.answer(text=NOT_FOUND)
        return None

    def _attempt(self, told: _Told, answer: _Answer, *, quietly: bool) -> bool:
        """Take the last one back, and make the next; False if there is none."""
        bug, path = told.bug, told.bug.path
        for call in told.undo:
            answer.add(call, self._edit(call))
        told.undo, told.made = [], told.made + 1
        if self._given and (refused := self._refused(self._given[0])):
            answer.add(self._given.pop(0), refused)
            answer.run(run_anyway(self.project, self.rng), quietly=quietly)
            return True
        right = told.helped is None and told.made > told.wrong
        right_edit = self._call(path, bug.bad_line, bug.good_line)
        edit = right_edit if right else self._wrong(bug, told.tried, right_edit)
        if edit is None or (right and self._refused(edit)):
            return False
        old, new = (edit.arguments[key] for key in ("old_string", "new_string"))
        at = self.project.files[path].index(old)
        answer.add(edit, self._edit(edit))
        after = run_anyway(self.project, self.rng)
        answer.run(after, quietly=quietly)
        if right:
            told.helped, told.outcome, self.trace.right = edit, after, edit.render()
        back = undone(self.project.files[path], at, new, old)
        if back is None or (after.passed and not right):
            return False
        told.undo = [Call("edit", {"file_path": path, "old_string": back[0], "new_string": back[1]})]
        return True

    def _again(self, told: _Told) -> None:
        """Make the edit again that had helped before others were tried."""
        answer = _Answer(self.trace.is_exercise)
        for call in (*told.undo, told.helped):
            if call is not None:
                answer.add(call, self._edit(call))
        answer.run(told.outcome)
        answer.tell(self.trace, goes_on=False)

    def _wrong(self, bug: Bug, tried: set[str], right: Call) -> Call | None:
        """An edit that someone might try, and that does not help.

        It is of another passage than the right one, which the model is kept from trying twice in a row.
        """
        if self._given:
            return self._given.pop(0)
        text = self.project.files[bug.path]
        lines = text.split("\n")
        unit = bug.unit.source.split("\n")
        options = [
            m
            for m in mutations(text)
            if m.bad not in tried
            and m.kind != "missing return"
            and (m.good in unit or m.good == bug.bad_line)
        ]
        self.rng.shuffle(options)
        near = [m for m in options if m.good == bug.bad_line]
        for mutation in (near + options if self.rng.random() < _NEAR else options)[:6]:
            lines = text.split("\n")
            lines[mutation.line] = mutation.bad
            call = self._call(bug.path, mutation.good, mutation.bad, learn=False)
            if self._refused(call) or call.arguments["old_string"] == right.arguments["old_string"]:
                continue
            self.project.files[bug.path] = "\n".join(lines)
            outcome = run_tests(self.project, self.rng)
            self.project.files[bug.path] = text
            if outcome is not None and not outcome.passed:
                tried.add(mutation.bad)
                return call
        return None

    def _call(self, path: str, old: str, new: str, learn: bool = True) -> Call:
        """An edit of a line, from what is wrong in it on."""
        lines = self.project.files[path].split("\n")
        before, after = smallest_edit(lines, lines.index(old), new, self.end)
        return Call("edit", {"file_path": path, "old_string": before, "new_string": after}, learn)

    def _refused(self, call: Call) -> str:
        """What the tool says to an edit that it does not do."""
        path, old, new = (call.arguments[key] for key in ("file_path", "old_string", "new_string"))
        return refused(path, self.project.files[path], old, new)

    def _edit(self, call: Call) -> str:
        path, old, new = (call.arguments[key] for key in ("file_path", "old_string", "new_string"))
        text = self.project.files[path]
        first = text[: text.index(old)].count("\n") + 1
        self.project.files[path] = text = text.replace(old, new, 1)
        lines = text.split("\n")
        if lines[-1] == "":
            lines.pop()
        last = min(first + new.count("\n") + 2, len(lines))
        numbered = "\n".join(f"{n}| {lines[n - 1]}" for n in range(max(first - 2, 1), last + 1))
        return f"Edited {path}. Now:\n{numbered}"
