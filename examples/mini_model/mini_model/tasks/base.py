"""What a task is: a correct function or class in several spellings, and the calls that its tests make."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


class Draw:
    """Draws arguments for calls."""

    def __init__(self, rng: random.Random, constants: Callable[[str], int]) -> None:
        self.rng = rng
        self.k = constants
        """The value of a constant of the task, such as `K` or `K2`."""

    def int(self, low: int = 0, high: int = 20) -> int:
        return self.rng.randint(low, high)

    def ints(self, least: int = 2, most: int = 5, low: int = 0, high: int = 12) -> list[int]:
        return [self.rng.randint(low, high) for _ in range(self.rng.randint(least, most))]

    def distinct(self, least: int = 3, most: int = 5, low: int = 1, high: int = 20) -> list[int]:
        return self.rng.sample(range(low, high + 1), self.rng.randint(least, most))

    def word(self) -> str:
        return self.rng.choice(WORDS)

    def words(self, least: int = 2, most: int = 4) -> list[str]:
        return self.rng.sample(WORDS, self.rng.randint(least, most))

    def near(self, number: int) -> int:
        """A number at or beside a boundary."""
        return number + self.rng.choice((-1, 0, 0, 1, self.rng.randint(-5, 9)))

    def table(self, least: int = 2, most: int = 4) -> dict[str, int]:
        return {word: self.rng.randint(1, 9) for word in self.words(least, most)}

    def choice(self, *options: Any) -> Any:
        return self.rng.choice(options)


WORDS = [
    "apple",
    "pear",
    "fig",
    "plum",
    "kiwi",
    "lemon",
    "red",
    "blue",
    "green",
    "ann",
    "bob",
    "eve",
    "tom",
    "ada",
    "max",
    "leo",
    "mia",
    "cat",
    "dog",
    "owl",
    "fox",
    "bee",
    "hat",
    "cup",
    "pen",
    "key",
    "map",
    "sun",
    "sky",
    "sea",
    "ice",
    "tea",
    "oak",
    "elm",
    "level",
    "noon",
    "radar",
    "hello",
    "world",
    "python",
    "code",
    "Hello",
    "World",
    "abc",
    "aba",
    "Ab",
    "xyz",
]


@dataclass(frozen=True, slots=True)
class Task:
    """Text with placeholders (`$xs`, `$K`); alternatives are separated by ` | ` in names and documentation."""

    topic: str
    name: str
    """Possible names of the function; empty for a class."""
    parameters: str
    docs: str
    bodies: tuple[str, ...]
    calls: Callable[[Draw], tuple[Any, ...]] | None
    """Arguments of one call."""
    methods: Callable[[Draw], list[tuple[str, str]]] | None = None
    """For a class: statements that set something up, and an expression to check, one pair a test."""
    functions: tuple[str, ...] = ()
    """Possible names of each function, where there are several and no class."""
    is_written: bool = False
    """Whether the text is a module as someone wrote it, without placeholders."""


_TASKS: list[Task] = []


def function(
    topic: str, name: str, parameters: str, docs: str, *bodies: str, calls: Callable[[Draw], tuple[Any, ...]]
) -> None:
    """Add a function task."""
    _TASKS.append(Task(topic, name, parameters, docs, tuple(body.strip("\n") for body in bodies), calls))


def class_(topic: str, *texts: str, methods: Callable[[Draw], list[tuple[str, str]]]) -> None:
    """Add a class task; each text is a whole class named `$C`."""
    _TASKS.append(Task(topic, "", "", "", tuple(text.strip("\n") for text in texts), None, methods))


def module(topic: str, names: tuple[str, ...], *texts: str, calls: Callable[[Draw], list[str]]) -> None:
    """Add a task of functions that call each other.

    Args:
        names: alternatives for the first, second and further function, which are `$f1`, `$f2` in the rest.
        texts: each is a whole module.
        calls: expressions to check.
    """
    bodies = tuple(text.strip("\n") for text in texts)
    _TASKS.append(
        Task(topic, "", "", "", bodies, None, lambda draw: [("pass", call) for call in calls(draw)], names)
    )


def written(name: str, text: str, checks: list[tuple[str, str]]) -> None:
    """Add a module as someone wrote it; `checks`: statements and an expression each."""
    _TASKS.append(Task("written", name, "", "", (text,), None, lambda _: checks, is_written=True))


def all_tasks() -> list[Task]:
    """Every task of the package, in a fixed order."""
    from mini_model.tasks import (
        checked,
        classes,
        conditions,
        lists,
        longer,
        loops,
        mappings,
        modules,
        numbers,
        objects,
        records,
        text_modules,
        texts,
        written_modules,
    )

    parts = (checked, classes, conditions, lists, longer, loops, mappings, modules, numbers, objects, records)
    assert all((*parts, text_modules, texts, written_modules))
    return sorted(_TASKS, key=lambda task: (task.topic, task.name, task.bodies))
