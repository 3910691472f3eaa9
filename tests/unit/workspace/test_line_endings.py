from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_code.workspace.line_endings import unify


@pytest.mark.parametrize(
    ("text", "view", "ending", "mixed"),
    [
        ("a\nb\n", "a\nb\n", "\n", False),
        ("a\r\nb\r\n", "a\nb\n", "\r\n", False),
        ("a\r\nb\n", "a\nb\n", "\n", True),
        ("a\rb", "a\rb", "\n", False),
        ("", "", "\n", False),
    ],
)
def test_a_text_is_seen_with_one_kind_of_line_ending(text: str, view: str, ending: str, mixed: bool) -> None:
    unified = unify(text)
    assert (unified.view, unified.ending, bool(unified.endings)) == (view, ending, mixed)


TEXTS = st.lists(st.sampled_from(["a", "b", "\n", "\r\n"]), max_size=20).map("".join)


@given(TEXTS)
def test_nothing_replaced_gives_back_the_text(text: str) -> None:
    assert unify(text).with_replaced([]) == text


@given(TEXTS, st.data(), st.text(alphabet="xy\n", max_size=6))
def test_lines_outside_a_replacement_keep_their_endings(text: str, data: st.DataObject, new: str) -> None:
    unified = unify(text)
    start = data.draw(st.integers(0, len(unified.view)))
    end = data.draw(st.integers(start, len(unified.view)))
    changed = unified.with_replaced([(start, end, new)])
    assert unify(changed).view == unified.view[:start] + new + unified.view[end:]
    assert changed.startswith(unified.with_replaced([(start, len(unified.view), "")]))
    assert changed.endswith(text[len(text) - len(unified.view[end:].rpartition("\n")[2]) :])


@pytest.mark.parametrize(
    ("text", "old", "new", "after"),
    [
        ("a\r\nb\nc\n", "b\n", "x\ny\n", "a\r\nx\ny\nc\n"),
        ("a\nb\r\nc\n", "b\n", "x\ny\n", "a\nx\r\ny\r\nc\n"),
        ("a\r\nb\nc\r\n", "a\nb\nc\n", "a\nc\n", "a\r\nc\r\n"),
        ("a\r\nb\n", "b", "b\nc", "a\r\nb\nc\n"),
        ("a\nb\r\nc", "c", "c\nd", "a\nb\r\nc\r\nd"),
    ],
)
def test_new_lines_end_as_those_in_their_place(text: str, old: str, new: str, after: str) -> None:
    unified = unify(text)
    start = unified.view.index(old)
    assert unified.with_replaced([(start, start + len(old), new)]) == after
