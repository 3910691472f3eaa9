"""What a failing test can reach."""

from __future__ import annotations

import ast

import pytest

from qwen_code.local.within_reach import out_of_reach

SOURCE = """\
from elsewhere import helper

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
    return helper(d)


class Shape(Base):
    def __init__(self, side):
        self.side = side

    def area(self):
        return self.scale() * 2

    def scale(self):
        return self.side


class Base:
    pass
"""


def _out(*used: str) -> set[str]:
    """The first lines of what is out of reach."""
    lines = SOURCE.split("\n")
    return {lines[first - 1] for first, _ in out_of_reach(ast.parse(SOURCE), used)}


NOTHING = set[str]()


@pytest.mark.parametrize(
    ("used", "out"),
    [
        (["second"], {"@cached"}),
        (["fourth"], {"def second(b):", "def third(c):", "class Shape(Base):", "class Base:"}),
        (["area"], {"def second(b):", "def third(c):", "@cached"}),
        (["Base"], {"def second(b):", "def third(c):", "@cached", "class Shape(Base):"}),
        (["cart", "expected"], NOTHING),
        ([""], NOTHING),
    ],
)
def test_what_nothing_uses_is_out_of_reach(used: list[str], out: set[str]) -> None:
    assert _out(*used) == out


def test_its_lines_are_all_of_it() -> None:
    lines = SOURCE.split("\n")
    (span,) = out_of_reach(ast.parse(SOURCE), ["second"])
    assert lines[span[0] - 1 : span[1]] == ["@cached", "def fourth(d):", "    return helper(d)"]
