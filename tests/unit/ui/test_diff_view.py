from __future__ import annotations

from qwen_code.tool import DiffBlock
from qwen_code.ui.diff_view import diff_lines, summary
from qwen_code.ui.painter import Painter

DIFF = """@@ -10,3 +10,3 @@ def merge():
 for interval in rest:
-    if interval.start < merged[-1].end:
+    if interval.start <= merged[-1].end:
         grow()
@@ -120,2 +120,3 @@
 last = 1
+added = 2
"""


def painter(width: int = 80) -> Painter:
    return Painter(width, "mono", environ={})


def block(diff: str = DIFF) -> DiffBlock:
    return DiffBlock("src/a.py", diff, 2, 1)


def test_lines_have_the_numbers_of_the_file_they_are_in() -> None:
    assert [line.plain for line in diff_lines(block(), painter())] == [
        "     10   for interval in rest:",
        "     11 -     if interval.start < merged[-1].end:",
        "     11 +     if interval.start <= merged[-1].end:",
        "     12           grow()",
        "        ⋯",
        "    120   last = 1",
        "    121 + added = 2",
    ]


def test_only_the_words_that_differ_are_marked() -> None:
    lines = diff_lines(block(), painter())
    marked = [
        [line.plain[s.start : s.end] for s in line.spans if str(s.style).endswith(".word")]
        for line in lines[1:3]
    ]
    assert marked == [[], ["="]]


def test_lines_with_nothing_in_common_are_not_compared_word_by_word() -> None:
    lines = diff_lines(block("@@ -1 +1 @@\n-alpha beta gamma\n+12345 (67890)\n"), painter())
    assert not [s for line in lines for s in line.spans if str(s.style).endswith(".word")]


def test_a_long_line_is_folded_under_its_own_text() -> None:
    lines = diff_lines(block("@@ -1 +1 @@\n+" + "abcdefghij" * 4 + "\n"), painter(30))
    assert [line.plain for line in lines] == ["    1 + abcdefghijabcdefghijab", "      + cdefghijabcdefghij"]


def test_a_long_diff_is_shortened_and_says_by_how_much() -> None:
    diff = "@@ -0,0 +1,100 @@\n" + "".join(f"+line {n}\n" for n in range(100))
    lines = [line.plain for line in diff_lines(block(diff), painter(), limit=10)]
    assert len(lines) == 11
    assert lines[-1] == "    … 90 more lines"


def test_control_sequences_in_a_file_are_shown_and_not_obeyed() -> None:
    lines = diff_lines(block("@@ -1 +1 @@\n+\x1b[2Jboo\u202e\n"), painter())
    assert [line.plain for line in lines] == ["    1 + ␛[2Jboo<U+202E>"]


def test_the_summary_counts() -> None:
    assert summary(block()).plain == "+2 -1"
    assert summary(DiffBlock("a", "", 1, 0, created=True)).plain == "new, 1 line"
    assert summary(DiffBlock("a", "", 0, 0)).plain == "no change"
