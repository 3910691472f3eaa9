from __future__ import annotations

import asyncio
from collections.abc import Sequence

from qwen_code.ui.painter import Painter
from qwen_code.ui.repl.panel import Choice, Picker

FRUIT = [
    Choice(n, name, note)
    for n, (name, note) in enumerate([("apple", "red"), ("banana", "yellow"), ("cherry", "red")])
]


def picked(*keys: str, choices: Sequence[Choice[int]] = FRUIT, chosen: int = 0) -> int | None:
    async def pick() -> int | None:
        picker = Picker("Which?", choices, chosen)
        for key in keys:
            picker.press(key)
        return picker.answer.result() if picker.answer.done() else -1

    return asyncio.run(pick())


def shown(*keys: str, width: int = 60, rows: int = 10, choices: Sequence[Choice[int]] = FRUIT) -> list[str]:
    async def show() -> list[str]:
        picker = Picker("Which?", choices)
        for key in keys:
            picker.press(key)
        return [line.plain for line in picker.lines(Painter(width, "mono", environ={}), rows)]

    return asyncio.run(show())


def test_the_pointer_moves_and_enter_chooses() -> None:
    assert picked("enter") == 0
    assert picked("down", "down", "down", "enter") == 2
    assert picked("down", "up", "up", "enter") == 0
    assert picked("enter", chosen=1) == 1


def test_typing_narrows_by_text_and_note() -> None:
    assert picked(*"red", "down", "enter") == 2
    assert picked(*"banx", "backspace", "enter") == 1
    assert picked(*"nothing like it", "enter") == -1


def test_the_list_shows_the_pointer_and_the_keys() -> None:
    assert shown("down") == [
        "Which?",
        "  apple  red",
        "❯ banana  yellow",
        "  cherry  red",
        "  ↑↓ move · enter choose · type to search · esc leave",
    ]


def test_a_long_list_scrolls_around_the_pointer() -> None:
    many = [Choice(n, f"item {n}") for n in range(100)]
    lines = shown(*["down"] * 50, choices=many, rows=8)
    assert "❯ item 50" in lines
    assert len(lines) <= 9
    assert picked("pagedown", "pagedown", "pageup", "enter", choices=many) == 10


def test_hostile_names_are_shown_harmless_and_cut_to_the_width() -> None:
    lines = shown(choices=[Choice(0, "\x1b[2J" + "x" * 200, "\u202e" * 50)], width=30)
    assert all(len(line) <= 30 for line in lines[:-1])
    assert not any("\x1b" in line for line in lines)


def test_an_empty_list_says_so_and_answers_nothing() -> None:
    assert "  nothing matches" in shown(choices=[])
    assert picked("down", "enter", choices=[]) == -1
