"""Edits of Python that a small model is kept from: those that can't be of use."""

from __future__ import annotations

import pytest

from qwen_code.local.python_edits import PythonText

TEXT = '''\
"""About prices."""

import math

LIMIT = 10


class Order:
    def __init__(self, price, tries=3):
        """A new one."""
        self.price = price  # of one piece

    def total(self, count):
        price = self.price * count
        return math.floor(price - count) + len(f"{price}")


def label(orders):
    """What they cost."""
    'label'
    return [order for order in orders if order.price < LIMIT]
'''


def _becomes(place: str, *lines: str, whole: bool = False) -> list[str]:
    """Those of `lines` with which the line that has `place` may go on from there."""
    text = PythonText(TEXT)
    return [line for line in lines if text.may_become(TEXT.index(place), line, whole=whole)]


@pytest.mark.parametrize("place", ["About", "import", "Order:", "A new", "# of", "What they", "orders):\n"])
def test_no_edit_begins_where_nothing_is_run(place: str) -> None:
    assert TEXT.index(place) in PythonText(TEXT).idle


@pytest.mark.parametrize("place", ["10\n", "tries=3", "self.price =", "- count", "'label'", "order.price"])
def test_an_edit_may_begin_where_something_is_run(place: str) -> None:
    assert TEXT.index(place) not in PythonText(TEXT).idle


def test_an_edit_begins_with_a_word_not_in_it() -> None:
    idle = PythonText(TEXT).idle
    place = TEXT.index("count) +")
    assert [place + n in idle for n in range(6)] == [False, True, True, True, True, False]


def test_the_first_word_becomes_another() -> None:
    assert _becomes("self.price * ", "self.price * 2", "self", "price", "math") == ["price", "math"]
    assert _becomes(" * count", " *", " * 2", " +", " + count", " //") == [" +", " + count", " //"]
    assert _becomes("price - count", "price", "pri", "price + 1") == ["pri"]
    assert _becomes("[order for", "[", "[*", "(order") == ["[", "[*", "(order"]


def test_a_line_of_one_word_may_stay_and_go_on() -> None:
    assert _becomes("10\n", "10", "10 + 1") == ["10", "10 + 1"]
    assert _becomes("10\n", "10", "10 + 1", whole=True) == ["10 + 1"]


def test_names_are_those_of_the_function_and_what_python_has() -> None:
    known = ["count", "self", "len", "return", "LIMIT", "label"]
    assert _becomes("price - count", *known, "orders", "order", "undefined", "import") == known
    assert _becomes("price - count", "co", "undef") == ["co"]
    assert _becomes("price - count", "co", "count", whole=True) == ["count"]


def test_behind_a_dot_stand_names_of_the_file_and_of_types_that_python_has() -> None:
    assert _becomes("floor", "ceil", "price", "append", "undefined") == ["ceil", "price", "append"]


def test_methods_that_are_awaited_are_names_too() -> None:
    source = (
        "class Door:\n    async def open(self):\n        self.unlock()\n\n    async def shut(self): ...\n"
    )
    text = PythonText(source)
    place = source.index("unlock")
    assert text.may_become(place, "shut")
    assert not text.may_become(place, "slam")


def test_in_a_string_stand_words_of_the_file_and_before_it_its_kind() -> None:
    assert _becomes("'label'", '"pieces', '"piece', '"cost', 'f"piece', "undefined") == [
        '"piece',
        '"cost',
        'f"piece',
    ]


def test_what_is_no_python_is_left_alone() -> None:
    text = PythonText("def f(:\n    # a comment\n")
    assert not text.idle
    assert text.may_become(4, "anything")
