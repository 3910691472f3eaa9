from __future__ import annotations

import pytest

from qwen_code.workspace.reindent import reindenter


@pytest.mark.parametrize(
    ("old", "actual", "new", "expected"),
    [
        (["a"], ["    a"], ["b"], ["    b"]),
        (["a"], ["    a"], ["b", "  c"], ["    b", "      c"]),
        (["        a"], ["    a"], ["        b", "            c"], ["    b", "        c"]),
        (["a", "  b"], ["a", "    b"], ["a", "  c", "    d"], ["a", "    c", "        d"]),
        (["    a"], ["\ta"], ["    b", "        c"], ["\tb", "\t\tc"]),
        (["a"], ["\ta"], ["b", "    c"], ["\tb", "\t\tc"]),
        (["\ta"], ["    a"], ["\tb", "\t\tc"], ["    b", "        c"]),
        (["a", "", "b"], ["  a", "   ", "  b"], ["", "c"], ["", "  c"]),
        (["\t  a"], ["\t\t  a"], ["\t  b"], ["\t\t  b"]),
        (["  \ta"], ["\ta"], ["  \tb"], ["\tb"]),
    ],
)
def test_one_rule_carries_new_lines_to_the_indentation_of_the_file(
    old: list[str], actual: list[str], new: list[str], expected: list[str]
) -> None:
    rule = reindenter(old, actual, new)
    assert rule is not None
    assert [rule(line) for line in new] == expected


@pytest.mark.parametrize(
    ("old", "actual"),
    [
        (["a", "b"], ["a", "  b"]),
        (["a", "  b"], ["a", "b"]),
        (["a", "  b"], ["  a", "b"]),
        (["a", "  b", "    c"], ["a", "  b", "   c"]),
        (["a", "\t b"], ["  a", "\t b"]),
        ([""], [""]),
    ],
)
def test_lines_that_are_nested_otherwise_have_no_rule(old: list[str], actual: list[str]) -> None:
    assert reindenter(old, actual, ["x"]) is None


@pytest.mark.parametrize(
    ("old", "actual", "line"),
    [
        (["    a"], ["  a"], " b"),
        (["a", "    b"], ["a", "\tb"], "  c"),
        (["\ta"], ["\t\ta"], "    c"),
        (["     a"], ["\ta"], "     b"),
        (["\ta"], ["a"], "b"),
        (["a"], ["  a"], " \tb"),
    ],
)
def test_a_line_out_of_reach_of_the_rule_has_no_answer(old: list[str], actual: list[str], line: str) -> None:
    rule = reindenter(old, actual, [line])
    assert rule is None or rule(line) is None
