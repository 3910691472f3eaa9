"""How the screen looks: the theme by name, by what the terminal is like, and by what is set meanwhile."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping

from qwen_code.ui.painter import Painter
from qwen_code.ui.repl.background import (
    QUESTION,
    Background,
    BackgroundListener,
    can_be_asked,
    told_background,
)
from qwen_code.ui.theme import AUTO, theme_named

ANSWER_S = 1.0
"""Terminals answer within milliseconds; over a slow line it may take this long."""


class Looks:
    """Owns the painter's theme. `changed` is called when it changed by itself."""

    def __init__(
        self,
        painter: Painter,
        theme: str,
        changed: Callable[[], None],
        *,
        environ: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._asked_at = float("-inf")
        self._painter = painter
        self._theme = theme
        self._changed = changed
        self._environ = environ
        self._background: Background | None = None

    def ask(self, input: object, send: Callable[[str], None]) -> None:
        """Find out what the background is like, where the theme depends on it."""
        if self._theme != AUTO or self._painter.plain or not self._painter.has_many_colours:
            return
        if self._painter.theme == "mono":
            return
        if told := told_background(self._environ):
            self._take(told)
        elif can_be_asked(self._environ):
            BackgroundListener(input, self._take)
            send(QUESTION)
            self._asked_at = self._clock()

    @property
    def awaits_answer(self) -> bool:
        """Whether the answer may still come: whoever leaves before finds it typed into the shell."""
        return self._background is None and self._clock() - self._asked_at < ANSWER_S

    def show(self, theme: str) -> None:
        """Use the theme that goes by this name, here."""
        self._theme = theme
        self._painter.theme = theme_named(theme, self._environ, self._background)

    def _take(self, background: Background) -> None:
        self._background = background
        if self._theme == AUTO:
            self.show(AUTO)
            self._changed()
