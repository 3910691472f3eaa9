"""Questions that take the prompt's place until they are answered; the draft waits untouched.

A panel is a small state machine: it says which lines to show, takes single keys, and may ask for a line of
text. It knows neither the terminal nor prompt-toolkit, so its tests press keys on an object.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from rich.text import Text

from qwen_code.ui.painter import Line, Painter
from qwen_code.ui.terminal_text import clipped, shown_line

T = TypeVar("T")

Key: TypeAlias = str
"""One character, or `up`, `down`, `pageup`, `pagedown`, `enter`, `escape`, `tab`, `backspace`."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A panel wants text: the sign before it, and what stands there to be edited."""

    sign: str
    text: str = ""
    secret: bool = False
    """Shown as dots."""


class Panel(ABC, Generic[T]):
    """One question. `answer` is its future; whoever waits for it gets None when the panel is dismissed."""

    def __init__(self) -> None:
        self.answer: asyncio.Future[T | None] = asyncio.get_running_loop().create_future()
        self.entry: Entry | None = None

    @abstractmethod
    def lines(self, painter: Painter, rows: int) -> list[Line]:
        """What is shown above the place for input, in at most `rows` lines."""

    @abstractmethod
    def press(self, key: Key) -> None:
        """A key, while no text is asked for."""

    def wants(self, key: Key) -> bool:
        """Whether `key` means something here; one that does not is the beginning of a sentence."""
        return True

    def submit(self, text: str) -> None:
        """The text that was asked for."""

    def dismiss(self) -> None:
        """Esc or Ctrl+C: no answer."""
        self._answered(None)

    def _answered(self, value: T | None) -> None:
        if not self.answer.done():
            self.answer.set_result(value)


@dataclass(frozen=True, slots=True)
class Choice(Generic[T]):
    """One row of a list to pick from; `note` is shown dim beside it."""

    value: T
    text: str
    note: str = ""


class Picker(Panel[T]):
    """A list with a pointer; letters that are typed narrow it."""

    def __init__(
        self,
        title: str,
        choices: Sequence[Choice[T]],
        chosen: int = 0,
        *,
        moved: Callable[[T], None] | None = None,
        preview: Callable[[T, Painter], Sequence[Line]] | None = None,
    ) -> None:
        """
        Args:
            moved: told what the pointer is on, when that changes.
            preview: lines about what the pointer is on, shown below the list.
        """
        super().__init__()
        self._moved = moved
        self._preview = preview
        self._title = title
        self._all = list(choices)
        self._at = max(0, min(chosen, len(choices) - 1))
        self._filter = ""

    @property
    def _choices(self) -> list[Choice[T]]:
        words = self._filter.lower().split()
        if not words:
            return self._all
        return [c for c in self._all if all(word in f"{c.text} {c.note}".lower() for word in words)]

    @property
    def chosen(self) -> Choice[T] | None:
        choices = self._choices
        return choices[min(self._at, len(choices) - 1)] if choices else None

    def lines(self, painter: Painter, rows: int) -> list[Line]:
        choices = self._choices
        at = min(self._at, max(0, len(choices) - 1))
        below = self._previewed(painter, rows)
        room = max(1, min(rows - 2 - len(below), 12))
        first = max(0, min(at - room // 2, len(choices) - room))
        title = Text(clipped(self._title, painter.width - (20 if self._filter else 1)), "strong")
        if self._filter:
            title.append(f"  {shown_line(self._filter)}", "accent")
        lines: list[Line] = [title]
        for number, choice in enumerate(choices[first : first + room], first):
            mark, style = (painter.mark("❯", "> "), "accent") if number == at else ("  ", "")
            line = Text().append(mark, style)
            line.append(clipped(shown_line(choice.text), painter.width - 4), style)
            note, space = shown_line(choice.note), painter.width - line.cell_len - 4
            if note and (len(note) <= space or (number != at and space > 10)):
                line.append(f"  {clipped(note, space)}", "dim")
                note = ""
            lines.append(line)
            if note and number == at:  # what is looked at is told in full
                lines += painter.wrap(Text(note, "dim"), " " * 4)
        if not choices:
            lines.append(Text("  nothing matches", "dim"))
        hint = f"{len(choices)} of {len(self._all)} · " if len(choices) > room or self._filter else ""
        keys = "↑↓ move · enter choose · type to search · esc leave"
        if len(hint + keys) > painter.width - 4:
            keys = "↑↓ · enter · type to search · esc"
        lines.append(Text(f"  {hint}{keys}", "dim"))
        return [*lines, *below]

    def _previewed(self, painter: Painter, rows: int) -> list[Line]:
        """At most half of the room, a blank line before it."""
        chosen = self.chosen
        if self._preview is None or chosen is None:
            return []
        lines = list(self._preview(chosen.value, painter))[: max(rows // 2, 1)]
        return [Text(), *lines] if lines else []

    def press(self, key: Key) -> None:
        before = self.chosen
        self._act(key)
        after = self.chosen
        if self._moved is not None and after is not None and after is not before:
            self._moved(after.value)

    def _act(self, key: Key) -> None:
        last = len(self._choices) - 1
        match key:
            case "up":
                self._at = max(0, min(self._at, last) - 1)
            case "down" | "tab":
                self._at = min(last, self._at + 1)
            case "pageup":
                self._at = max(0, self._at - 10)
            case "pagedown":
                self._at = min(last, self._at + 10)
            case "enter":
                if choice := self.chosen:
                    self._answered(choice.value)
            case "backspace":
                self._filter = self._filter[:-1]
            case _ if len(key) == 1 and key.isprintable():
                self._filter += key
                self._at = 0
            case _:
                pass


class TextPanel(Panel[str]):
    """Asks for a line of text."""

    def __init__(self, title: str, sign: str, text: str = "", *, secret: bool = False) -> None:
        super().__init__()
        self._title = title
        self.entry = Entry(sign, text, secret)

    def lines(self, painter: Painter, rows: int) -> list[Line]:
        hint = "  enter goes on · esc goes back"
        return [*painter.wrap(Text(self._title, "strong")), Text(hint, "dim")]

    def press(self, key: Key) -> None:
        """Text is asked for, so no key comes."""

    def submit(self, text: str) -> None:
        self._answered(text)


def key_lines(keys: Sequence[tuple[str, str]], painter: Painter) -> list[Line]:
    """Keys and what they mean, as many in a line as fit; none is torn from its meaning."""
    lines: list[Line] = []
    for key, meaning in keys:
        pair = Text().append(f"[{key}]" if painter.plain else key, "accent").append(f" {meaning}")
        if lines and lines[-1].cell_len + pair.cell_len + 2 <= painter.width:
            lines[-1].append("  ").append_text(pair)
        else:
            lines.append(Text("  ").append_text(pair))
    return lines
