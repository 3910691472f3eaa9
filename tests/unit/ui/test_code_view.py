from __future__ import annotations

from rich.text import Text

from qwen_code.ui.code_view import CONTEXT_LINES, LONGEST_LINE, CodeView

SOURCE = [
    "class Greeter:",
    '    """Says hello',
    "",
    '    in many lines."""',
    "",
    "    def hello(self, name: str) -> str:  # a comment",
    '        return f"Hello {name}"',
]


def styles(lines: list[Text]) -> list[list[tuple[str, str]]]:
    return [[(line.plain[s.start : s.end], str(s.style)) for s in line.spans] for line in lines]


def by_character(lines: list[Text]) -> list[list[str]]:
    """The style of each character, blank ones left out."""
    found: list[list[str]] = []
    for line in lines:
        row = [""] * len(line)
        for span in line.spans:
            row[span.start : span.end] = [str(span.style)] * (span.end - span.start)
        found.append([style for style, character in zip(row, line.plain, strict=True) if character != " "])
    return found


def test_code_added_line_by_line_looks_like_code_added_at_once() -> None:
    at_once = CodeView("python").add(SOURCE)
    view = CodeView("python")
    by_line = [view.add([line])[0] for line in SOURCE]
    assert by_character(by_line) == by_character(at_once)
    assert [line.plain for line in by_line] == SOURCE


def test_a_string_over_several_lines_is_one_string() -> None:
    lines = CodeView("python").add(SOURCE)
    assert set(by_character(lines)[3]) == {"code.string"}


def test_keywords_comments_and_names_are_told_apart() -> None:
    found = dict(pair for line in styles(CodeView("python").add(SOURCE)) for pair in line)
    assert found["class"] == "code.keyword"
    assert found["# a comment"] == "code.comment"
    assert found["hello"] == "code.name"


def test_an_unknown_language_is_plain_text() -> None:
    assert styles(CodeView("no such language").add(["x = 1"])) == [[]]


def test_long_code_stays_right_after_old_lines_are_forgotten() -> None:
    view = CodeView("python")
    for number in range(CONTEXT_LINES * 5):
        (line,) = view.add([f"value_{number} = '{number}'"])
        assert "'" in line.plain
        assert any(style == "code.string" for _, style in styles([line])[0])


def test_a_line_too_long_to_be_code_is_left_alone() -> None:
    line = "x" * (LONGEST_LINE + 1)
    assert CodeView("python").add([line])[0].plain == line


def test_looking_ahead_with_a_copy_changes_nothing() -> None:
    view = CodeView("python")
    view.add(['x = """'])
    view.copy().add(['end"""'])
    assert styles(view.add(["inside"])) == [[("inside", "code.string")]]
