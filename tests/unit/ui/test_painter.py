from __future__ import annotations

import pytest
from rich.table import Table
from rich.text import Text

from qwen_code.ui.painter import MIN_WIDTH, Painter, joined
from qwen_code.ui.theme import THEMES


def painter(width: int = 40, theme: str = "ansi", **environ: str) -> Painter:
    return Painter(width, theme, environ=environ)


def test_words_are_wrapped_after_a_prefix_and_hang_under_it() -> None:
    lines = painter(20).wrap(Text("one two three four five"), "1. ")
    assert [line.plain for line in lines] == ["1. one two three", "   four five"]


def test_folding_keeps_every_blank() -> None:
    lines = painter(20).fold(Text("a    b" * 6), "> ", "  ")
    assert "".join(line.plain[2:] for line in lines) == "a    b" * 6


def test_wide_characters_are_never_cut() -> None:
    lines = painter(20).fold(Text("漢" * 25))
    assert [len(line.plain) for line in lines] == [10, 10, 5]


def test_colours_by_name_become_the_terminal_s_own() -> None:
    assert painter().ansi([Text("x", "diff.added")]) == "\x1b[32mx\x1b[0m\r\n"


def test_without_colours_only_weight_is_left() -> None:
    text = painter(theme="mono").ansi([Text("x", "diff.added"), Text("y", "md.bold")])
    assert text == "x\r\n\x1b[1my\x1b[0m\r\n"


def test_fragments_say_the_same_in_prompt_toolkit_s_words() -> None:
    line = Text().append("a", "user").append("b").append("c", "md.link")
    assert painter().fragments(line) == [("fg:ansicyan bold", "a"), ("", "b"), ("fg:ansiblue underline", "c")]
    assert painter(theme="dark").fragments(Text("x", "diff.added")) == [("fg:#b7f0c8 bg:#12301e", "x")]


def test_a_theme_can_be_changed_and_lines_made_before_follow() -> None:
    it, line = painter(), Text("x", "user")
    it.theme = "mono"
    assert it.fragments(line) == [("bold", "x")]
    assert it.theme == "mono"


def test_a_table_is_laid_out_without_padding_at_its_ends() -> None:
    grid = Table.grid(padding=(0, 1))
    grid.add_row("a", "b")
    assert [line.plain for line in painter().laid_out(grid, 2)] == ["  a b"]


def test_a_terminal_of_no_width_is_taken_to_have_some() -> None:
    it = painter(0)
    it.width = 1
    assert it.width == MIN_WIDTH
    assert it.wrap(Text("some words here"), "prefix that is long ")


def test_empty_parts_are_left_out() -> None:
    assert joined(["a", "", ("b", "dim")]).plain == "a · b"


@pytest.mark.parametrize("theme", THEMES)
def test_every_theme_knows_every_style(theme: str) -> None:
    assert set(THEMES[theme]) == set(THEMES["mono"])
    for name in THEMES[theme]:
        painter(theme=theme).ptk_style(name)
