from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_code.ui.markdown_stream import MarkdownStream
from qwen_code.ui.markdown_view import MARGIN, MarkdownView
from qwen_code.ui.painter import Painter


def rendered(source: str, width: int = 40, *, plain: bool = False) -> list[str]:
    stream, view = MarkdownStream(), MarkdownView(Painter(width, "mono", environ={}, plain=plain))
    lines = view.render(stream.feed(source)) + view.render(stream.close())
    return [line.plain for line in lines]


def test_blocks_are_set_apart_and_lists_hang() -> None:
    source = "# Title\ntext\n- one two three four five six seven eight nine\n  - inner\n\n```\ncode\n```\nend"
    assert rendered(source) == [
        "  Title",
        "",
        "  text",
        "  • one two three four five six seven",
        "    eight nine",
        "    • inner",
        "",
        "    code",
        "",
        "  end",
    ]


def test_a_table_is_laid_out_in_columns() -> None:
    assert rendered("| name | n |\n|---|--:|\n| a | 1 |\n| 漢字 | 22 |") == [
        "  name    n",
        "  ─────────",
        "  a       1",
        "  漢字   22",
    ]


def test_a_table_for_a_screen_reader_is_read_row_by_row() -> None:
    assert rendered("| name | n |\n|---|---|\n| a | 1 |\n", plain=True) == ["  name: a; n: 1"]


def test_a_quote_is_marked_and_nested_at_most_a_few_times() -> None:
    assert rendered("> one\n> > two") == ["  ▏ one", "  ▏ ▏ two"]
    assert rendered("> " * 500 + "deep")


def test_code_keeps_its_spaces_and_is_cut_at_the_edge_only() -> None:
    lines = rendered("```\n" + "x = [1,  2,  3,  4,  5,  6,  7,  8,  9,  10]\n```", 30)
    assert [line.strip() for line in lines] == ["x = [1,  2,  3,  4,  5,", "6,  7,  8,  9,  10]"]


def test_no_line_ends_in_blanks() -> None:
    lines = rendered(
        "some words that are wrapped at the edge of the screen, and more of them\n\n- and a list"
    )
    assert lines == [line.rstrip() for line in lines]


@given(st.text(alphabet=st.sampled_from("ab漢👩\u200d \n#>-*`~|1.:[](\x1b\u202e\t\r")), st.integers(20, 100))
def test_nothing_from_outside_ever_reaches_the_margin(source: str, width: int) -> None:
    for line in rendered(source, width):
        assert not line or line.startswith(MARGIN), line


@pytest.mark.parametrize("width", [20, 37, 80])
@given(source=st.text(alphabet="ab 漢\n#>-*`|1."))
def test_no_line_is_wider_than_the_terminal(width: int, source: str) -> None:
    from rich.cells import cell_len

    for line in rendered(source, width):
        assert cell_len(line) <= width, line


def test_a_preview_changes_nothing() -> None:
    painter = Painter(60, "ansi", environ={})
    stream, view = MarkdownStream(), MarkdownView(painter)
    view.render(stream.feed('```python\nx = """\n'))
    first = [painter.ansi([line]) for line in view.preview(stream.tail())]
    stream.feed("still a string")
    preview = [painter.ansi([line]) for line in view.preview(stream.tail())]
    assert preview == [painter.ansi([line]) for line in view.preview(stream.tail())]
    assert first != preview
    assert "\x1b[32m" in "".join(preview)
