from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_code.workspace.diffs import unified_diff


@pytest.mark.parametrize(
    ("before", "after", "diff", "added", "removed"),
    [
        ("a\nb\nc\n", "a\nx\nc\n", "@@ -1,3 +1,3 @@\n a\n-b\n+x\n c", 1, 1),
        ("", "a\nb\n", "@@ -0,0 +1,2 @@\n+a\n+b", 2, 0),
        ("a\n", "", "@@ -1 +0,0 @@\n-a", 0, 1),
        ("a\nb\n", "a\nx\nb\n", "@@ -1,2 +1,3 @@\n a\n+x\n b", 1, 0),
        ("a\n", "a\n", "", 0, 0),
        ("a\r\nb\r\n", "a\r\nx\r\n", "@@ -1,2 +1,2 @@\n a\n-b\n+x", 1, 1),
    ],
)
def test_a_change_is_shown_with_its_surroundings(
    before: str, after: str, diff: str, added: int, removed: int
) -> None:
    found = unified_diff(before, after)
    assert (found.text, found.added, found.removed) == (diff, added, removed)


def test_changes_far_apart_are_separate_hunks() -> None:
    lines = [str(number) for number in range(1, 31)]
    changed = ["two" if line == "2" else "nine-and-twenty" if line == "29" else line for line in lines]
    hunks = [
        line for line in unified_diff("\n".join(lines), "\n".join(changed)).text.split("\n") if line[0] == "@"
    ]
    assert hunks == ["@@ -1,5 +1,5 @@", "@@ -26,5 +26,5 @@"]


def test_a_rewrite_of_a_huge_file_is_counted_in_full_and_shown_in_part() -> None:
    found = unified_diff("a\n" * 100_000, "b\n" * 50_000)
    assert (found.added, found.removed) == (50_000, 100_000)
    assert len(found.text) < 10_000
    assert found.text.endswith("left out.")


def test_one_line_in_a_huge_file_is_shown_alone() -> None:
    text = "same\n" * 200_000
    found = unified_diff(text, text[: 5 * 100_000] + "new\n" + text[5 * 100_000 :])
    assert (found.added, found.removed) == (1, 0)
    assert found.text.count("\n") == 7


LINES = st.lists(st.sampled_from("abc"), max_size=12)


@given(LINES, LINES, st.integers(0, 3))
def test_a_diff_leads_from_one_text_to_the_other(before: list[str], after: list[str], context: int) -> None:
    found = unified_diff("".join(f"{x}\n" for x in before), "".join(f"{x}\n" for x in after), context=context)
    result: list[str] = []
    done = 0
    for line in found.text.split("\n") if found.text else []:
        if hunk := re.match(r"@@ -(\d+)(,0)?", line):
            start = int(hunk[1]) if hunk[2] else int(hunk[1]) - 1
            result += before[done:start]
            done = start
        elif line[0] == "+":
            result.append(line[1:])
        else:
            assert before[done] == line[1:]
            done += 1
            result += line[1:] if line[0] == " " else ""
    assert result + before[done:] == after
    assert found.added - found.removed == len(after) - len(before)


@given(LINES, LINES)
def test_hunks_come_in_order_and_do_not_touch(before: list[str], after: list[str]) -> None:
    found = unified_diff("\n".join(before), "\n".join(after), context=1).text
    starts = [int(start) for start in re.findall(r"^@@ -(\d+)", found, re.MULTILINE)]
    assert all(first < second for first, second in pairwise(starts))
