from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_code.workspace.globs import compile_glob, split_base


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("*.py", ["a.py", ".hidden.py"], ["a/b.py", "a.pyc", "a.py/b"]),
        ("**/*.py", ["a.py", "a/b.py", "a/b/c.py"], ["a.txt", "py"]),
        ("**", ["a", "a/b"], []),
        ("src/**", ["src/a", "src/a/b"], ["src", "other/src/a"]),
        ("a/**/b", ["a/b", "a/x/b", "a/x/y/b"], ["ab", "a/xb"]),
        ("**/test_*", ["test_a", "x/test_b", "x/y/test_c.py"], ["a_test_"]),
        ("src/**/*.{ts,tsx}", ["src/a.ts", "src/x/y/b.tsx"], ["a.ts", "src/a.js"]),
        ("{src,lib}/**/*.py", ["src/a.py", "lib/b/c.py"], ["x/a.py"]),
        ("{src/a,lib}/*.py", ["src/a/x.py", "lib/x.py"], ["src/x.py", "lib/a/x.py"]),
        ("{**/*.py,*.md}", ["a.py", "x/y.py", "r.md"], ["x/r.md"]),
        ("{a,{b,c}}.txt", ["a.txt", "b.txt", "c.txt"], ["d.txt"]),
        ("file?.txt", ["file1.txt"], ["file.txt", "file/.txt"]),
        ("[ab]x", ["ax", "bx"], ["cx", "/x"]),
        ("[!ab]x", ["cx"], ["ax", "/x"]),
        ("[a-c].py", ["b.py"], ["d.py"]),
        ("a[]]b", ["a]b"], ["ab"]),
        ("[", ["["], []),
        ("{a", ["{a"], ["a"]),
        ("a}", ["a}"], ["a"]),
        ("}{", ["}{"], []),
        (r"\*.py", ["*.py"], ["a.py"]),
        ("*a*b*", ["ab", "xaxbx", "aabb"], ["ba"]),
        ("./src/./a.py", ["src/a.py"], ["a.py"]),
        ("a.py", ["a.py"], ["axpy", "a.pyc"]),
        ("a+(b)|c$^", ["a+(b)|c$^"], ["c"]),
    ],
)
def test_globs_match_whole_paths(pattern: str, matching: list[str], others: list[str]) -> None:
    expression = compile_glob(pattern)
    assert [path for path in matching if not expression.match(path)] == []
    assert [path for path in others if expression.match(path)] == []


@given(st.text(alphabet="ab*?[]{},!/\\-^.", max_size=30), st.text(alphabet="ab/.", max_size=20))
def test_every_text_is_a_pattern_or_a_clear_error(pattern: str, path: str) -> None:
    try:
        expression = compile_glob(pattern)
    except ValueError:
        return
    expression.match(path)


@given(st.text(alphabet="ab*", max_size=8), st.text(alphabet="ab", max_size=10))
def test_stars_mean_any_text_within_a_name(pattern: str, name: str) -> None:
    if pattern == "**":
        return
    by_hand = re.compile(re.sub(r"\*+", ".*", pattern) + r"\Z")
    assert bool(compile_glob(pattern).match(name)) == bool(by_hand.match(name))


def test_many_stars_take_no_longer_on_a_name_made_for_it() -> None:
    assert compile_glob("*a" * 12 + "*b").match("a" * 250) is None


@pytest.mark.parametrize(
    ("pattern", "parts"),
    [
        ("*.py", ("", "*.py")),
        ("src/a/*.py", ("src/a", "*.py")),
        ("src/**/x/*.py", ("src", "**/x/*.py")),
        ("/abs/x/*.py", ("/abs/x", "*.py")),
        ("/*.py", ("/", "*.py")),
        ("../x/*.py", ("../x", "*.py")),
        ("README.md", ("", "README.md")),
        ("docs/README.md", ("docs", "README.md")),
        ("{a,b}/c", ("", "{a,b}/c")),
    ],
)
def test_the_directories_before_the_first_wildcard_are_told_apart(
    pattern: str, parts: tuple[str, str]
) -> None:
    assert split_base(pattern) == parts
