"""What a line may become by one change."""

from __future__ import annotations

import re

import pytest

from qwen_code.local.one_change import LAST_WORD, OneChange, is_statement

CHANGES = [
    ("    return ", "a - b", "b - a"),
    ("    return ", "a", "-a"),
    ("    ", "a == b", "return a == b"),
    ("    if a", " in b:", " not in b:"),
    ("    ", "if a:", "elif a:"),
    ("    for i in range(", "1, n):", "n):"),
    ("    return sorted(a", ")", ", reverse=True)"),
    ("    return ", "names", "sorted(names)"),
    ("    return a[len(a", ")]", ") - 1]"),
    ("    return a", "[0]", "[-1]"),
    ("    a ", "-= 1", "+= 1"),
    ("    return ", "a.b > c - 1", "c > a.b - 1"),
    ("    return a", "", "[::-1]"),
    ("    return a.", "lower().strip()", "strip()"),
    ("    except ", "KeyError:", "ValueError:"),
]


@pytest.mark.parametrize(("before", "rest", "now"), CHANGES)
def test_usual_repairs_can_be_written_letter_by_letter(before: str, rest: str, now: str) -> None:
    line = OneChange(before, rest)
    for begun in (now[:n] for n in range(len(now) + 1)):
        last = LAST_WORD.search(begun)
        others = [word for word in re.findall(r"\w+", now) if last and word.startswith(last[0])]
        assert line.may_become(begun, whole=False, others=others)
    assert line.may_become(now, whole=True)
    assert not line.may_become(rest, whole=True)


@pytest.mark.parametrize(
    ("before", "rest", "now"),
    [
        ("    return a.", 'strip(".")[-1]', 'split(".")[0]'),
        ("    return ", "number", "number)"),
        ("    key, ", "value", "end"),
        ("    return ", "a in b", " * int"),
        ("    x = ", "a + b", "continue + b"),
        ("    x = ", "a + b", "b  + b"),
        ("    return ", "a - b", "a - c - b + a"),
        ("    return ", "a - b", "c * a + 1"),
        ("    return ", "a", "f (a)"),
        ("    return f", "(a)", "( b)"),
        ("    return a", "", " .b"),
        ("    return ", "a + b", "c. a + b"),
        ("    return ", "a + b", "\fc + b"),
        ("    return ", "f(a, b) - g(c, d)", "f(c, b) - g(d, d)"),
    ],
)
def test_slips_can_not(before: str, rest: str, now: str) -> None:
    line = OneChange(before, rest)
    letters = [line.may_become(now[:n], whole=False) for n in range(len(now) + 1)]
    assert not (all(letters) and line.may_become(now, whole=True))


def test_a_part_of_longer_brackets_is_only_held_to_one_change() -> None:
    line = OneChange("        total(", "a,")
    assert line.may_become("b,", whole=True)
    assert not line.may_become("b, c, d, e, f, g,", whole=True)


@pytest.mark.parametrize(
    "line",
    [
        "  return 1",
        "if a:",
        "elif a:",
        "else:",
        "except E:",
        "finally:",
        "@cached",
        "...",
        "f()",
        "'a'",
        "x: int",
    ],
)
def test_lines_of_python(line: str) -> None:
    assert is_statement(line)


@pytest.mark.parametrize("line", ["a", "a == b", "return *a", "if a", "f(", "1 = a", "a, b", 'f"{a}"'])
def test_lines_that_do_nothing_or_are_no_python(line: str) -> None:
    assert not is_statement(line)
