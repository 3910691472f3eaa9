"""The endless stream of conversations that the model is trained on; number n is always the same."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from mini_model.chat import SYSTEM
from mini_model.other_traces import chat_trace, go_on, short_trace
from mini_model.project import make_project
from mini_model.repair import Repair
from mini_model.tasks.base import Task, all_tasks
from mini_model.tokens import Tokenizer
from mini_model.trace import Trace

OPENING = f"<|im_start|>system\n{SYSTEM}<|im_end|>\n"
_EXERCISES = 0.42
"""The share of exercises."""
EASY = 1200
"""Conversations until packages have their full size and first attempts may fail."""


@dataclass(frozen=True, slots=True)
class Example:
    """A conversation in tokens, and which of them the model is to have said."""

    ids: list[int]
    said: list[bool]
    family: str


def make_trace(number: int, seed: int = 0) -> Trace:
    """The conversation with a number."""
    rng = random.Random(f"{seed}/{number}")
    progress = min(1.0, number / EASY)
    tasks = all_tasks()
    kind = rng.random()
    if kind < 0.05:
        return chat_trace(rng)
    if kind < 0.12:
        trace = short_trace(rng)
        if rng.random() < 0.5:
            go_on(trace, rng)
        return trace
    if kind < 0.12 + _EXERCISES:
        return exercise(rng, tasks)
    while True:
        wrong = rng.choice((1, 1, 1, 2, 2, 3, 4)) if rng.random() < 0.4 * progress else 0
        bugs = rng.choice((2, 2, 3, 3, 4)) if rng.random() < 0.4 else 1
        project = make_project(rng, tasks, size=0.15 + 0.7 * progress * rng.random() ** 0.5, bugs=bugs)
        if project is None:
            continue
        trace = Repair(project, rng).tell(wrong)
        if trace is not None:
            if rng.random() < 0.06:
                go_on(trace, rng)
            return trace


def exercise(rng: random.Random, tasks: list[Task]) -> Trace:
    """Several repairs in one file and nothing around them: more of the hard part of the work at a time."""
    while True:
        project = make_project(rng, tasks, bugs=rng.choice((2, 2, 3, 3, 4)), crowded=True)
        wrong = rng.choice((1, 1, 2, 3)) if rng.random() < 0.35 else 0
        trace = Repair(project, rng).tell(wrong) if project is not None else None
        if trace is not None:
            trace.exercise()
            return trace


def encode(trace: Trace, tokenizer: Tokenizer) -> Example:
    """A conversation in tokens. What the model says begins and ends at token boundaries."""
    ids = [] if trace.is_exercise else tokenizer.encode(OPENING)
    said = [False] * len(ids)
    run, learned = "", False
    for text, learn in [*trace.pieces, ("", False)]:
        if learn == learned:
            run += text
            continue
        new = tokenizer.encode(run)
        ids += new
        said += [learned] * len(new)
        run, learned = text, learn
    new = tokenizer.encode(run)
    return Example(ids + new, said + [learned] * len(new), trace.family)


def examples(tokenizer: Tokenizer, start: int, step: int, seed: int = 0) -> Iterator[tuple[int, Example]]:
    """Every `step`-th example from `start` on."""
    number = start
    while True:
        yield number, encode(make_trace(number, seed), tokenizer)
        number += step
