"""What a failing test can reach."""

from __future__ import annotations

import ast

import pytest

from qwen_code.local.within_reach import out_of_reach

SOURCE = """\
import elsewhere

RATE = 3
TABLE = {"a": first}


def first(a):
    return a


def second(b):
    return third(b) * RATE


def third(c):
    return Shape(c).area()


@cached
def fourth(d):
    return sorted(d, key=elsewhere.by("weight"))


class Shape(Base):
    sides = 4

    def __init__(self, side):
        self.side = side

    def area(self):
        return self.scale() * 2

    @property
    def scale(self):
        return self.side

    @elsewhere.event
    def on_event(self):
        pass

    def weight(self):
        return len(TABLE)


class Base:
    def describe(self):
        return self.area()


class Visitor(elsewhere.Visitor):
    def visit(self):
        pass
"""
PARTS = {
    "RATE",
    "TABLE",
    "def first",
    "def second",
    "def third",
    "@cached",
    "sides",
    "def __init__",
    "def area",
    "@property",
    "@elsewhere.event",
    "def weight",
    "def describe",
    "def visit",
}
OF_SHAPES = {"sides", "def __init__", "@elsewhere.event"}


def _within(source: str, *used: str) -> set[str]:
    """The beginnings of the parts that are within reach."""
    lines = source.split("\n")
    out = {lines[first - 1].strip() for first, _ in out_of_reach(ast.parse(source), used)}
    return {part for part in PARTS if not any(line.startswith(part) for line in out)}


@pytest.mark.parametrize(
    ("used", "within"),
    [
        (["first"], {"def first"}),
        (["second"], {"def second", "RATE", "def third", "def area", "@property", *OF_SHAPES}),
        (["fourth"], {"@cached", "def weight", "TABLE", "def first", *OF_SHAPES}),
        (["describe"], {"def describe", "def area", "@property", *OF_SHAPES}),
        (["Shape", "cart"], OF_SHAPES),
        (["Visitor"], {"def visit"}),
        (["cart", "expected"], PARTS),
        ([""], PARTS),
    ],
)
def test_what_is_used_directly_or_through_others_is_within_reach(used: list[str], within: set[str]) -> None:
    assert _within(SOURCE, *used) == within


def test_where_names_are_made_up_everything_may_be_used() -> None:
    assert _within(f"{SOURCE}\n\ndef call(name):\n    return globals()[name]\n", "first") == PARTS


def test_its_lines_are_all_of_it() -> None:
    lines = SOURCE.split("\n")
    spans = [lines[first - 1 : last] for first, last in out_of_reach(ast.parse(SOURCE), ["first"])]
    assert ["@cached", "def fourth(d):", '    return sorted(d, key=elsewhere.by("weight"))'] in spans
