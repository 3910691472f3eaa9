from __future__ import annotations

from collections.abc import Sequence

from prompt_toolkit.layout.mouse_handlers import MouseHandlers
from prompt_toolkit.layout.screen import Screen, WritePosition
from rich.text import Text

from qwen_code.ui.painter import Painter
from qwen_code.ui.repl.stack import Lines, Stack

PAINTER = Painter(20, "ansi", environ={})


def lines(*texts: str) -> Lines:
    made = [Text(text) for text in texts]
    return Lines(lambda rows: made, PAINTER)


def drawn(container: Stack | Lines, *, width: int = 20, height: int = 10) -> list[str]:
    screen = Screen()
    container.preferred_height(width, height)
    place = WritePosition(xpos=0, ypos=0, width=width, height=height)
    container.write_to_screen(screen, MouseHandlers(), place, "", False, None)
    rows = [screen.data_buffer[number] for number in range(screen.height)]
    return ["".join(row[column].char for column in sorted(row)).rstrip() for row in rows]


def stack(*shelves: tuple[Lines, bool]) -> Stack:
    return Stack(*((container, lambda there=there: there) for container, there in shelves))


def test_containers_stand_below_each_other_and_absent_ones_take_no_room() -> None:
    it = stack((lines("one", "two"), True), (lines("never"), False), (lines("three"), True))
    assert it.preferred_height(20, 10).preferred == 3
    assert drawn(it, height=3) == ["one", "two", "three"]


def test_the_first_gives_way_when_there_is_no_room() -> None:
    it = stack((lines("1", "2", "3", "4"), True), (lines("prompt"), True))
    assert drawn(it, height=3) == ["3", "4", "prompt"]


def test_what_is_too_wide_is_cut_and_a_wide_character_never_halved() -> None:
    assert drawn(lines("abcdef", "漢字漢字"), width=5) == ["abcde", "漢字", *[""] * 8]


def test_accents_stand_on_their_letters() -> None:
    assert drawn(lines("e\u0301a"), height=1) == ["e\u0301a"]


def test_styles_of_a_line_are_kept() -> None:
    screen = Screen()
    it = Lines(lambda rows: [Text().append("a", "ok").append("b")], PAINTER)
    it.preferred_height(20, 1)
    it.write_to_screen(screen, MouseHandlers(), WritePosition(0, 0, 20, 1), "", False, None)
    assert [screen.data_buffer[0][column].style for column in (0, 1)] == ["fg:ansigreen", ""]


def test_lines_are_told_how_many_rows_there_are() -> None:
    asked: list[int] = []

    def made(rows: int) -> Sequence[Text]:
        asked.append(rows)
        return []

    Lines(made, PAINTER).preferred_height(20, 7)
    assert asked == [7]
