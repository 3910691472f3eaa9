"""Asks a person about a plan: carry it out, and how freely; rewrite it; or send it back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from rich.text import Text

from qwen_code.permissions.decision import Mode
from qwen_code.ui.markdown_stream import MarkdownStream
from qwen_code.ui.markdown_view import MarkdownView
from qwen_code.ui.painter import Line, Painter
from qwen_code.ui.repl.panel import Entry, Key, Panel, key_lines


@dataclass(frozen=True, slots=True)
class Approved:
    """Carry it out in this mode."""

    mode: Mode


@dataclass(frozen=True, slots=True)
class Refused:
    note: str = ""


PlanAnswer: TypeAlias = Approved | Refused | Literal["edit"]


def plan_lines(plan: str, painter: Painter, title: str = "The plan") -> list[Line]:
    """The plan as it is shown before the question."""
    view, stream = MarkdownView(painter), MarkdownStream()
    lines = view.render([*stream.feed(plan), *stream.close()])
    heading = Text().append(painter.mark("?"), "warn").append(title, "tool")
    return [heading, Text(), *lines]


class PlanPanel(Panel[PlanAnswer]):
    """The question. Dismissed means: no, and stop the turn."""

    def lines(self, painter: Painter, rows: int) -> list[Line]:
        if self.entry is not None:
            title = "What should be different? Enter alone just refuses, esc goes back."
            return painter.wrap(Text(title, "strong"))
        keys = [
            ("y", "yes, ask before changes"),
            ("a", "yes, edits run unasked"),
            ("e", "edit the plan"),
            ("n", "no, tell it why"),
            ("esc", "no, and stop"),
        ]
        return [Text("Carry out this plan?", "strong"), *key_lines(keys, painter)]

    def wants(self, key: Key) -> bool:
        return len(key) > 1 or key.lower() in frozenset("yaen")

    def press(self, key: Key) -> None:
        match key.lower():
            case "y":
                self._answered(Approved(Mode.DEFAULT))
            case "a":
                self._answered(Approved(Mode.AUTO_EDIT))
            case "e":
                self._answered("edit")
            case "n":
                self.entry = Entry("what else > ")
            case _:
                pass

    def submit(self, text: str) -> None:
        self._answered(Refused(text.strip()))

    def dismiss(self) -> None:
        if self.entry is not None:
            self.entry = None
        else:
            self._answered(None)
