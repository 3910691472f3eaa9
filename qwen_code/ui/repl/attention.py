"""Tells a person who looks elsewhere: a bell with a notification, and the window's title. Off by default."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from qwen_code.settings.model import UiSettings
from qwen_code.ui.terminal_text import clipped, shown_line

LONG_TURN_S = 20.0
"""A turn that took longer is worth a bell."""

_PUSH_TITLE, _POP_TITLE = "\x1b[22;2t", "\x1b[23;2t"
"""xterm's stack of window titles, so that the old title is there afterwards."""


class Attention:
    """Sends control sequences of its own making; the only text in them is the folder's name."""

    def __init__(
        self,
        settings: UiSettings,
        directory: Path,
        send: Callable[[str], None],
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self._knows_777 = "VTE_VERSION" in environ or environ.get("TERM", "").startswith(("rxvt", "foot"))
        self._bell = settings.bell
        self._title = settings.title
        self._name = clipped(shown_line(directory.name), 40)
        self._send = send

    def take(self, settings: UiSettings) -> None:
        """Other settings hold from now on."""
        if settings.title != self._title:
            self.closed()
            self._title = settings.title
            self.opened()
        self._bell = settings.bell

    def opened(self) -> None:
        if self._title:
            self._send(_PUSH_TITLE)
        self._show("")

    def closed(self) -> None:
        if self._title:
            self._send(_POP_TITLE)

    def working(self) -> None:
        self._show("… ")

    def asking(self) -> None:
        """A question waits for an answer."""
        self._show("? ")
        self._ring(f"{self._name}: a question")

    def idle(self, took_s: float) -> None:
        """A turn has ended."""
        self._show("")
        if took_s >= LONG_TURN_S:
            self._ring(f"{self._name}: done")

    def _show(self, sign: str) -> None:
        if self._title:
            self._send(f"\x1b]2;{sign}{self._name} - qwen-code\x07")

    def _ring(self, text: str) -> None:
        """BEL, and a desktop notification: OSC 9 (iTerm2, WezTerm, ghostty, kitty, Windows Terminal), and OSC
        777 where the terminal is of the family that knows that one (urxvt, foot, VTE)."""
        if not self._bell:
            return
        self._send(f"\x07\x1b]9;qwen-code, {text}\x07")
        if self._knows_777:
            self._send(f"\x1b]777;notify;qwen-code;{text.replace(';', ',')}\x07")
