from __future__ import annotations

import pytest

from qwen_code.tool import Block, CommandBlock, DiffBlock, TextBlock, Todo, TodoBlock
from qwen_code.ui.blocks import body, command_lines, heading_note, label, todo_lines
from qwen_code.ui.painter import Painter

TODOS = TodoBlock((Todo("read", "completed"), Todo("fix", "in_progress"), Todo("test", "pending")))


def painter(*, plain: bool = False, width: int = 40) -> Painter:
    return Painter(width, "mono", environ={}, plain=plain)


def plain(block: Block, limit: int | None = None) -> list[str]:
    return [line.plain for line in body(block, painter(), limit=limit)]


@pytest.mark.parametrize(
    ("block", "note"),
    [
        (None, ""),
        (TextBlock("120 lines"), "120 lines"),
        (TextBlock("two\nlines"), ""),
        (CommandBlock("ls", "/", "", 0), ""),
        (CommandBlock("ls", "/", "", 2), "exit 2"),
        (CommandBlock("ls", "/", "", None), "ended by a signal"),
        (DiffBlock("a", "", 3, 1), "+3 -1"),
        (TODOS, "1 of 3 done"),
    ],
)
def test_the_heading_says_what_came_of_a_call(block: Block | None, note: str) -> None:
    assert heading_note(block).plain == note


def test_output_is_shown_from_its_end() -> None:
    output = "".join(f"line {n}\n" for n in range(20))
    assert plain(CommandBlock("x", "/", output, 0), 3) == [
        "    … 17 more lines above · ctrl+o",
        "    line 17",
        "    line 18",
        "    line 19",
    ]


def test_the_whole_output_is_there_when_asked_for() -> None:
    output = "".join(f"line {n}\n" for n in range(20))
    assert len(plain(CommandBlock("x", "/", output, 0))) == 20


def test_one_endless_line_of_output_can_not_fill_the_screen() -> None:
    assert len(plain(CommandBlock("x", "/", "x" * 100_000, 0), 5)) == 5


def test_a_short_text_is_in_the_heading_and_not_repeated() -> None:
    assert plain(TextBlock("120 lines")) == []
    assert plain(TextBlock("a\nb")) == ["    a", "    b"]


def test_a_plan_shows_what_is_done_doing_and_left() -> None:
    assert [line.plain for line in todo_lines(TODOS.todos, painter())] == [
        "    ☑ read",
        "    ▸ fix",
        "    ☐ test",
    ]
    spoken = [line.plain for line in todo_lines(TODOS.todos, painter(plain=True))]
    assert spoken == ["    [x] read", "    [>] fix", "    [ ] test"]


def test_a_command_is_shown_whole_and_escaped() -> None:
    lines = command_lines("echo 1\nrm -rf \x1b[8mhidden " + "y" * 40, painter())
    assert "".join(line.plain[6:] for line in lines) == "echo 1rm -rf ␛[8mhidden " + "y" * 40
    assert lines[0].plain == "    $ echo 1"


def test_tools_have_short_names_and_unknown_ones_their_own() -> None:
    assert label("run_shell_command") == "Run"
    assert label("mcp__db__query") == "mcp__db__query"
    assert label("evil\x1b[2J") == "evil␛[2J"
