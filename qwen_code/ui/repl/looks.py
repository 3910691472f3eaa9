"""How the screen looks: the theme by name, by what the terminal is like, and by what is set meanwhile."""

from __future__ import annotations

import os
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


class Looks:
    """Owns the painter's theme. `changed` is called when it changed by itself."""

    def __init__(
        self,
        painter: Painter,
        theme: str,
        changed: Callable[[], None],
        *,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
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

    def show(self, theme: str) -> None:
        """Use the theme that goes by this name, here."""
        self._theme = theme
        self._painter.theme = theme_named(theme, self._environ, self._background)

    def _take(self, background: Background) -> None:
        self._background = background
        if self._theme == AUTO:
            self.show(AUTO)
            self._changed()
