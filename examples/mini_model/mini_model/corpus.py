"""The endless stream of conversations that the model is trained on; number n is always the same."""

from __future__ import annotations

import random
import re
from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from mini_model import found_code
from mini_model.chat import SYSTEM
from mini_model.mistakes import Mistake
from mini_model.other_traces import chat_trace, go_on, short_trace
from mini_model.project import make_project
from mini_model.repair import Repair
from mini_model.smallest_edit import difference
from mini_model.tasks.base import Task, all_tasks
from mini_model.tokens import Tokenizer
from mini_model.tool_answers import excerpt
from mini_model.trace import Trace

OPENING = f"<|im_start|>system\n{SYSTEM}<|im_end|>\n"
_CHATS, _SHORT, _EXERCISES = 0.02, 0.03, 0.88
"""The shares of each kind; an exercise has about a sixth of the tokens of a whole repair."""
_READINGS, _FEWER_READINGS, _TELLS = 0.4, 0.08, 52_000
"""The share of exercises in which nothing is to be said: several functions, and what is wrong in some of
them. They show what an error looks like several times as often as repairs of the same length. After so many
conversations that is told well enough, and what it becomes is what takes practice."""
_FOUND, _ALL_FOUND = 0.2, 40_000
"""The share of exercises with code that is found, of which nothing is known but that a line was spoilt; it
grows over so many conversations, for without a test that is the harder task."""
_GIVES_UP = 0.15
"""The share of repairs with wrong attempts that find nothing else."""
_MISTAKES = 0.16
"""The share of repairs that begin with an edit which the model got wrong, once some are known."""
_HARD = {"name", "attribute", "logic", "truth", "missing not", "extra not"}
"""Kinds of bugs that are met more often in exercises, because they take longer to learn."""
EASY, EASY_CODE, _STAYS_EASY = 1200, 30_000, 0.35
"""Conversations until whole repairs have their full size and first attempts may fail; and until exercises
are as hard as they get: at first there is one small function in them, and its first edit helps; so many of
them stay easy."""


@dataclass(frozen=True, slots=True)
class Example:
    """A conversation in tokens, and which of them the model is to have said."""

    ids: list[int]
    said: list[bool]
    family: str
    decisions: list[int]
    """Where the strings of edits begin that it is to have said: first all that are replaced, then all new."""
    wrong: list[int]
    """Where in what it reads something is to be mended."""

    @property
    def replaced(self) -> list[int]:
        """Where what an edit replaces begins."""
        return self.decisions[: len(self.decisions) // 2]


def make_trace(number: int, seed: int = 0, mistakes: Sequence[Mistake] = ()) -> Trace:
    """The conversation with a number."""
    rng = random.Random(f"{seed}/{number}")
    if mistakes and rng.random() < _MISTAKES and (trace := rng.choice(mistakes).trace(rng)):
        return trace
    progress = min(1.0, number / EASY)
    tasks = all_tasks()
    kind = rng.random()
    if kind < _CHATS:
        return chat_trace(rng)
    if kind < _CHATS + _SHORT:
        trace = short_trace(rng)
        if rng.random() < 0.5:
            go_on(trace, rng)
        return trace
    if kind < _CHATS + _SHORT + _EXERCISES:
        share = _FOUND * min(1.0, number / _ALL_FOUND)
        easy = rng.random() < max(_STAYS_EASY, 1 - number / EASY_CODE)
        if rng.random() < (_READINGS if number < _TELLS else _FEWER_READINGS):
            return reading(rng, tasks, easy=easy)
        found = found_code.exercise(rng) if rng.random() < share else None
        return found or exercise(rng, tasks, easy=easy)
    while True:
        wrong = rng.choice((1, 1, 1, 2, 2, 3, 4, 7)) if rng.random() < 0.35 * progress else 0
        bugs = rng.choice((2, 2, 3, 3, 4)) if rng.random() < 0.4 else 1
        project = make_project(rng, tasks, size=0.15 + 0.7 * progress * rng.random() ** 0.5, bugs=bugs)
        if project is None:
            continue
        trace = Repair(project, rng, gives_up=wrong > 0 and rng.random() < _GIVES_UP).tell(wrong)
        if trace is not None:
            if rng.random() < 0.06:
                go_on(trace, rng)
            return trace


def exercise(rng: random.Random, tasks: list[Task], *, easy: bool = False) -> Trace:
    """A repair in one file and nothing around it: more of the hard part of the work at a time."""
    if easy:
        tasks = _small(tasks)
    while True:
        bugs = 1 if easy else rng.choice((1, 1, 1, 1, 2))
        units = 1 if easy else rng.choice((bugs, bugs, bugs, 2, 3))
        project = make_project(rng, tasks, bugs=bugs, units=units)
        wrong = rng.choice((1, 1, 2, 3, 5)) if not easy and rng.random() < 0.15 else 0
        if project is None or (project.bugs[0].mutation.kind not in _HARD and rng.random() < 0.4):
            continue
        gives_up = wrong > 0 and rng.random() < _GIVES_UP
        trace = Repair(project, rng, brief=True, gives_up=gives_up).tell(wrong)
        if trace is not None:
            return trace


def reading(rng: random.Random, tasks: list[Task], *, easy: bool = False) -> Trace:
    """A file in which several things are wrong, of which nothing is said."""
    if easy:
        tasks = _small(tasks)
    elif rng.random() < 0.6:
        tasks = [task for task in tasks if not task.is_written]
    while True:
        units = rng.randint(4, 7) if easy else rng.randint(2, 5)
        project = make_project(rng, tasks, bugs=rng.randint(units // 2, units), units=units)
        if project is None:
            continue
        text = project.files[project.bugs[0].path]
        lines = text.split("\n")
        if any(lines.count(bug.bad_line) > 1 for bug in project.bugs):
            continue
        trace = Trace(family="reading", is_exercise=True)
        trace.wrong |= {(bug.bad_line, difference(bug.bad_line, bug.good_line)) for bug in project.bugs}
        trace.results(excerpt(text, 0, len(lines)), answered=False)
        return trace


def _small(tasks: list[Task]) -> list[Task]:
    """Those of one function."""
    return [task for task in tasks if not task.is_written and task.methods is None]


def encode(trace: Trace, tokenizer: Tokenizer) -> Example:
    """A conversation in tokens. What the model says begins and ends at token boundaries."""
    ids = [] if trace.is_exercise else tokenizer.encode(OPENING)
    said, wrong = [False] * len(ids), list[int]()
    for learned, pieces in groupby(trace.pieces, key=lambda piece: piece[1]):
        text = "".join(text for text, _ in pieces)
        new = tokenizer.encode(text)
        if not learned:
            wrong += sorted(len(ids) + at for at in _wrong(text, trace.wrong, tokenizer))
        ids += new
        said += [learned] * len(new)
    return Example(ids, said, trace.family, list(_decisions(ids, said, tokenizer)), wrong)


def _wrong(text: str, lines: Collection[tuple[str, int]], tokenizer: Tokenizer) -> Iterator[int]:
    """The tokens of `text` from which on lines are wrong."""
    starts = list[int]()
    for line, column in lines:
        for found in re.finditer(re.escape(f"\n{line}\n"), text):
            starts = starts or tokenizer.starts(text)
            yield bisect_right(starts, found.start() + 1 + column) - 1


def _decisions(ids: Sequence[int], said: Sequence[bool], tokenizer: Tokenizer) -> Iterator[int]:
    for key in ("old_string", "new_string"):
        mark = tokenizer.encode(f"<parameter={key}>\n")
        for at in range(len(mark), len(ids)):
            if said[at] and ids[at - 1] == mark[-1] and ids[at - len(mark) : at] == mark:
                yield at


def numbered(tokenizer: Tokenizer, number: int, seed: int = 0, mistakes: Sequence[Mistake] = ()) -> Example:
    """The conversation with a number, in tokens."""
    return encode(make_trace(number, seed, mistakes), tokenizer)
