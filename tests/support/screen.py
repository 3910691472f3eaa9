"""A terminal emulator, so that a test sees what a person would see: the scrollback and the screen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pyte


class Emulator:
    """Feed it what a program writes; read lines back, with or without their looks."""

    def __init__(self, columns: int = 80, rows: int = 24) -> None:
        self.columns, self.rows = columns, rows
        self._screen = pyte.HistoryScreen(columns, rows, history=100_000, ratio=0.5)
        self._stream = pyte.Stream(self._screen)
        self.raw: list[str] = []

    def feed(self, text: str) -> None:
        self.raw.append(text)
        self._stream.feed(text)

    def resize(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows
        self._screen.resize(rows, columns)

    @property
    def title(self) -> str:
        return self._screen.title

    @property
    def cursor(self) -> tuple[int, int]:
        """(row, column), from 0."""
        return self._screen.cursor.y, self._screen.cursor.x

    def lines(self) -> list[str]:
        """Scrollback and screen, without trailing blanks and trailing blank lines."""
        return _trimmed(self._text(row) for row in self._rows())

    def screen(self) -> list[str]:
        """What is visible now."""
        return _trimmed(self._text(row) for row in self._visible())

    def text(self) -> str:
        return "\n".join(self.lines())

    def cells(self) -> list[list[Any]]:
        """The visible rows as pyte has them: characters with their looks."""
        return [self._cells(row) for row in self._visible()]

    def painted(self) -> list[str]:
        """Like `lines`, every run of equal looks as `{looks}text`; `{}` goes back to none."""
        return _trimmed(self._painted(row) for row in self._rows())

    def _rows(self) -> list[Mapping[int, Any]]:
        return [*self._screen.history.top, *self._visible()]

    def _visible(self) -> list[Mapping[int, Any]]:
        return [self._screen.buffer[number] for number in range(self.rows)]

    def _cells(self, row: Mapping[int, Any]) -> list[Any]:
        return [row[column] for column in range(self.columns)]

    def _text(self, row: Mapping[int, Any]) -> str:
        return "".join(cell.data for cell in self._cells(row)).rstrip()

    def _painted(self, row: Mapping[int, Any]) -> str:
        cells = self._cells(row)
        while cells and cells[-1].data == " " and not _looks(cells[-1]):
            cells.pop()
        out: list[str] = []
        last = ""
        for cell in cells:
            looks = _looks(cell)
            if looks != last:
                out.append(f"{{{looks}}}")
                last = looks
            out.append(cell.data)
        return "".join(out) + ("{}" if last else "")


def _looks(cell: Any) -> str:
    words = [] if cell.fg == "default" else [cell.fg]
    words += [] if cell.bg == "default" else [f"on-{cell.bg}"]
    words += [
        name for name in ("bold", "italics", "underscore", "strikethrough", "reverse") if getattr(cell, name)
    ]
    return ",".join(words)


def _trimmed(lines: Iterable[str]) -> list[str]:
    found = list(lines)
    while found and not found[-1]:
        found.pop()
    return found
