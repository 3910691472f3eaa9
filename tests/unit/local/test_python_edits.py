"""Edits of Python that a small model is kept from: those that can't be of use."""

from __future__ import annotations

import itertools
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


@pytest.mark.parametrize("place", ["   price = self", "return [order", "    'label'"])
def test_an_edit_begins_at_the_end_of_the_space_before_a_line(place: str) -> None:
    idle = PythonText(TEXT).idle
    start = TEXT.rindex("\n", 0, TEXT.index(place)) + 1
    indent = len(TEXT[start:]) - len(TEXT[start:].lstrip())
    assert [start + n in idle for n in range(indent)] == [True] * (indent - 1) + [False]


def test_no_edit_begins_where_what_follows_stands_elsewhere_too() -> None:
    source = "def one(a):\n    return a\n\n\ndef two(a):\n    return a\n"
    text = PythonText(source)
    last = source.rindex("a")
    assert last in text.idle
    assert source.index("a)") not in text.idle or source.index("a\n") not in text.idle
    begun = source.rindex("two(a)")
    assert begun in text.idle  # a head without defaults
    source = source.replace("two(a)", "two(a, b=1)")
    text = PythonText(source)
    place = source.index("1)")
    assert place not in text.idle
    assert text.may_become(place, "2):", whole=True)


def test_where_it_has_to_begin_earlier_the_first_words_may_stay() -> None:
    source = "def one(n):\n    m = n\n    return n\n"
    text = PythonText(source)
    assert source.rindex("n\n") in text.idle
    place = source.index("return")
    assert text.may_become(place, "return -n", whole=True)
    assert text.may_become(place, "return ")
    assert not text.may_become(place, "return n", whole=True)


def test_what_nothing_gets_may_be_given_at_its_start_alone() -> None:
    source = "def f(a, b):\n    a, b\n\n\ndef g(c):\n    return c\n"
    text, place = PythonText(source), source.index("a, b\n")
    assert place not in text.idle
    assert place + len("a, ") in text.idle
    assert text.may_become(place, "return a, b", whole=True)
    assert not text.may_become(place, "b, b", whole=True)


def test_what_a_test_does_not_reach_is_left_alone() -> None:
    idle = PythonText(TEXT, used={"test_total", "Order", "total"}).idle
    assert TEXT.index("order.price") in idle
    assert TEXT.index("- count") not in idle
    assert TEXT.index("order.price") not in PythonText(TEXT, used={"label"}).idle


def test_a_name_that_only_gets_its_value_here_stays() -> None:
    source = "def f(word, m):\n    for c in word:\n        word = c\n    k = 1\n    m += k\n    return m\n"
    idle = PythonText(source).idle
    assert {source.index("c in"), source.index("k = 1")} <= idle
    assert not {source.index("word = c"), source.index("m += k"), source.index("k\n    return")} & idle


def test_the_first_word_becomes_another() -> None:
    assert _becomes("self.price * ", "self.price * 2", "price", "math", "zip") == ["price"]
    assert _becomes(" * count", " * ", " * 2", " +", " + count", " //") == [" +", " + count", " //"]
    assert _becomes("price - count", "price", "co", "price + 1") == ["co"]


def test_what_is_behind_the_change_stays() -> None:
    meant = ["orders", "LIMIT.price < LIMIT]"]
    assert _becomes("order.price < LIMIT", *meant, "orders < LIMIT]", "orders.price < 1]") == meant


def test_a_line_stays_python() -> None:
    meant = ["len(price)", "-price"]
    assert _becomes("price - count) +", *meant, "not price", "count]", "return", "price)", "break") == meant
    meant = ["not order for", "orders for"]
    assert _becomes("order for", *meant, "*", "for", "order in", "self for") == meant
    assert _becomes("10\n", "10]", "10 + 1", "11", "pass", "return") == ["10 + 1", "11"]


def test_a_line_of_one_word_may_stay_and_go_on() -> None:
    assert _becomes("10\n", "10", "10 + 1") == ["10", "10 + 1"]
    assert _becomes("10\n", "10", "10 + 1", whole=True) == ["10 + 1"]


def test_a_number_becomes_one_that_came_up_or_is_near() -> None:
    assert _becomes("10\n", "11", "100", "3", "57", "5", "1") == ["11", "100", "3", "5", "1"]
    text = PythonText(TEXT, {"57"})
    assert text.may_become(TEXT.index("10\n"), "57", whole=True)
    assert not text.may_become(TEXT.index("10\n"), "7", whole=True)


def test_a_small_number_and_an_index_stay_small() -> None:
    source = "def f(a):\n    return a[12] + 3\n"
    text = PythonText(source, {"57"})
    assert text.may_become(source.index("3\n"), "30", whole=True)
    assert not text.may_become(source.index("3\n"), "57", whole=True)
    assert text.may_become(source.index("12"), "11] + 3", whole=True)
    assert not text.may_become(source.index("12"), "57] + 3", whole=True)


def test_what_is_said_of_a_type_is_left_alone() -> None:
    source = "def f(a):\n    b: list[int] = a\n    return b\n"
    idle = PythonText(source).idle
    assert {source.index("list"), source.index("int")} <= idle
    assert source.index("= a") not in idle


def test_a_text_becomes_another_that_is_known() -> None:
    source = 'def f(a):\n    return a["left"] + a["right"]\n'
    text = PythonText(source, texts={"top"})
    place = source.index("left")
    assert text.may_become(place, 'right"] + a["right"]', whole=True)
    assert text.may_become(place, 'top"] + a["right"]', whole=True)
    assert not text.may_become(place, 'f"] + a["right"]', whole=True)


def test_names_are_those_of_the_function_and_of_the_file() -> None:
    known = ["count", "LIMIT"]
    assert (
        _becomes("price - count)", *known, "self -", "orders", "order", "undefined", "import", "len -")
        == known
    )
    assert _becomes("price - count)", "co", "undef") == ["co"]
    assert _becomes(
        "price - count)", 'co - count) + len(f"{price}")', 'LIMIT - count) + len(f"{price}")', whole=True
    ) == ['LIMIT - count) + len(f"{price}")']


def test_what_is_called_becomes_something_that_can_be() -> None:
    source = "def one(a, key):\n    return len(key(a))\n\n\ndef two(a):\n    return 2 * a\n"
    text = PythonText(source)
    known = ("sum", "one", "two", "key", "a", "print", "+")
    may = [name for name in known if text.may_become(source.index("len"), f"{name}(")]
    assert may == ["sum", "one", "two", "print"]


def test_behind_a_dot_stand_names_of_the_file_and_of_types_that_python_has() -> None:
    source = "class A:\n    def f(self, a):\n        self.b = self.c = a\n        return self.b, a.upper()\n"
    text = PythonText(source)
    place = source.index("b, a")
    assert [name for name in ("c", "f", "upper", "b") if text.may_become(place, f"{name}, ")] == ["c"]
    place = source.index("upper")
    assert [name for name in ("lower", "append", "f", "c") if text.may_become(place, f"{name}(")] == [
        "lower",
        "f",
    ]


def test_a_text_becomes_one_that_came_up() -> None:
    source = "def f(a):\n    return a + 'Fiz'\n"
    text = PythonText(source, texts={"Fizz"})
    may = [
        text.may_become(source.index("'"), f"'{word}'", whole=True) for word in ("Fizz", "", "Fuzz", "Fiz")
    ]
    assert may == [True, True, False, False]


def test_methods_that_are_awaited_are_names_too() -> None:
    source = (
        "class Door:\n    async def open(self):\n        self.unlock()\n\n    async def shut(self): ...\n"
    )
    text = PythonText(source)
    place = source.index("unlock")
    assert text.may_become(place, "shut")
    assert not text.may_become(place, "slam")


def test_lines_with_other_letters_are_left_alone() -> None:
    source = "def f(a):\n    b = 'é' + a\n    return b + a\n".encode().decode("latin-1")
    idle = PythonText(source).idle
    assert source.index("+ a") in idle
    assert source.index("b + a") not in idle


LINES = [line for line in TEXT.split("\n") if line.strip() and "def " not in line and '"' not in line]


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(LINES), st.data())
def test_whatever_is_chosen_the_file_stays_python_and_becomes_another(line: str, data: st.DataObject) -> None:
    text = PythonText(TEXT)
    first = TEXT.index(f"\n{line}\n") + 1
    place = data.draw(
        st.sampled_from([n for n in range(first, first + len(line)) if n not in text.idle] or [0])
    )
    begun, rest = "", TEXT[place:].partition("\n")[0]
    pieces = [
        *"()[]-+*<=,.: 1",
        *map("".join, itertools.pairwise(rest)),
        "not ",
        "len",
        "self",
        "price",
        "return ",
    ]
    for _ in range(12):
        allowed = [piece for piece in pieces if text.may_become(place, begun + piece)]
        if place == 0 or not allowed:
            return
        begun += data.draw(st.sampled_from(allowed))
        if text.may_become(place, begun, whole=True):
            changed = TEXT[:place] + begun + TEXT[place + len(rest) :]
            assert changed != TEXT
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                compile(changed, "m.py", "exec")


def test_what_is_no_python_is_left_alone() -> None:
    text = PythonText("def f(:\n    # a comment\n")
    assert not text.idle
    assert text.may_become(4, "anything")
