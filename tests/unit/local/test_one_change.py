"""What a line of Python may become by one change."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_code.local.one_change import changes


class Few:
    """Three names."""

    def instead_of(self, word: str, before: str, behind: str) -> Iterator[str]:
        yield from ("low", "high", word)


def _becomes(before: str, rest: str) -> list[str]:
    return list(changes(before, rest, Few()))


@pytest.mark.parametrize(
    ("before", "rest", "now"),
    [
        ("    return ", "a - b", "b - a"),
        ("    return ", "a", "-a"),
        ("    return ", "-a", "a"),
        ("    return ", "a + 1", "low + 1"),
        ("    ", "a == b", "return a == b"),
        ("    ", "{a: b}", "return {a: b}"),
        ("    if a", " in b:", " not in b:"),
        ("    return [a for a in b if a", " in c]", " not in c]"),
        ("    if a", " not in b:", " in b:"),
        ("    if ", "not a:", "a:"),
        ("    if ", "a:", "not a:"),
        ("    if ", "a:", "self.a:"),
        ("    if a", " <= b:", " < b:"),
        ("    if a", " and b:", " or b:"),
        ("    ", "if a:", "elif a:"),
        ("    ", "elif a:", "if a:"),
        ("    ", "break", "continue"),
        ("    for i in range(", "1, n):", "n):"),
        ("    for i in range(", "n):", "1, n):"),
        ("    for i in range(n", " - 1):", "):"),
        ("    return sorted(a", ")", ", reverse=True)"),
        ("    return ", "names", "sorted(names)"),
        ("    return a[len(a", ")]", ") - 1]"),
        ("    return a[i", "]", " + 1]"),
        ("    return a[i", "]", "+1]"),
        ("    return a", "[0]", "[-0]"),
        ("    return a", "[-1]", "[0]"),
        ("    return a", "[-1]", "[1]"),
        ("    return a", "[::1]", "[::-1]"),
        ("    a ", "-= 1", "+= 1"),
        ("    return ", "a.b > c", "c > a.b"),
        ("    f(", "a, b.c, 1)", "b.c, a, 1)"),
        ("    m[", "i][j] = 0", "j][i] = 0"),
        ('    return a["', 'low"]', 'high"]'),
        ("    return a", "", "[::-1]"),
        ("    return ", "a", "a + 1"),
        ("    return a", ".lower()", ""),
    ],
)
def test_a_wrong_token_can_be_mended(before: str, rest: str, now: str) -> None:
    assert now in _becomes(before, rest)


@pytest.mark.parametrize(
    ("before", "rest", "now"),
    [
        ("    return a.", 'strip(".")[-1]', 'split(".")[0]'),
        ("    return ", "number", "number)"),
        ("    for a", " in b:", ", low in b:"),
        ("    for a", " in b:", " not in b:"),
        ("    return ", "a or b", "a and low or b"),
        ("    return ", "a - b", "a - low - b"),
        ("    return ", "a - b", "low(a) - b"),
        ("    x = ", "a", "return a"),
        ("    return ", "f(a, b) - g(c, d)", "f(low, b) - g(low, d)"),
        ("    return ", 'f"{a}"', 'low"{a}"'),
    ],
)
def test_other_changes_are_slips(before: str, rest: str, now: str) -> None:
    assert now not in _becomes(before, rest)


@given(st.text(" ()[]:,.+-=<ab1\"'", max_size=20), st.text(" ()[]:,.+-=<ab1\"'", max_size=20))
def test_whatever_a_line_is_it_becomes_others_each_once(before: str, rest: str) -> None:
    lines = _becomes(before, rest)
    assert len({*lines, rest}) == len(lines) + 1


@pytest.mark.parametrize("before", ['    a = re.sub(r"', "    raise KeyError('no ", '    a = f(b"x'])
def test_within_a_text_nothing_is_changed(before: str) -> None:
    quote = "'" if "'" in before else '"'
    assert not _becomes(before, f"a + b{quote}, c)")


@pytest.mark.parametrize("before", ['    a = f"{', "    a = f('x', ", '    a["x"] = '])
def test_behind_a_text_and_in_what_it_shows_all_may_change(before: str) -> None:
    assert "low + b" in _becomes(before, "a + b")
