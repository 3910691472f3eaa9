"""Whether the terminal is dark or light: asked once, answered whenever the terminal gets to it.

The question is xterm's OSC 11 (https://invisible-island.net/xterm/ctlseqs/ctlseqs.html, "Operating System
Commands"). Nothing waits for the answer; it is taken out of what comes from the keyboard, however late.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Literal, Protocol, TypeAlias, runtime_checkable

Background: TypeAlias = Literal["dark", "light"]

QUESTION = "\x1b]11;?\x1b\\"
_ANSWER = re.compile(
    r"\x1b\]11;rgba?:([0-9a-fA-F]{2,4})/([0-9a-fA-F]{2,4})/([0-9a-fA-F]{2,4})[^\x07\x1b]*(?:\x07|\x1b\\)"
)
_BEGUN = re.compile(r"\x1b\]1?1?;?[^\x07\x1b]{0,40}\x1b?$")
_PASTE_BEGINS, _PASTE_ENDS = "\x1b[200~", "\x1b[201~"
"""Around a bracketed paste, which the parser must not forget half of."""
_MUTE = ("linux", "screen", "vt", "ansi")
"""Terminals that do not know the question, some of which would print it."""


@runtime_checkable
class Parsing(Protocol):
    """The part of prompt-toolkit's inputs on a terminal that is listened in on."""

    @property
    def vt100_parser(self) -> _Parser: ...


class _Parser(Protocol):
    feed: Callable[[str], None]
    flush: Callable[[], None]

    def reset(self) -> None:
        """Forget what was fed and is not a whole key yet."""


def told_background(environ: Mapping[str, str]) -> Background | None:
    """What `COLORFGBG` says (rxvt, Konsole): the last number is the background among the sixteen colours."""
    last = environ.get("COLORFGBG", "").rpartition(";")[2]
    if not last.isascii() or not last.isdigit():
        return None
    return "light" if int(last) in (7, *range(9, 16)) else "dark"


def can_be_asked(environ: Mapping[str, str]) -> bool:
    term = environ.get("TERM", "")
    return "TMUX" in environ or not term.startswith(_MUTE)


class BackgroundListener:
    """Takes the answer out of the input."""

    def __init__(self, input: object, answered: Callable[[Background], None]) -> None:
        self._answered = answered
        self._held = ""
        self._escape_waits = False
        """An Esc came alone: the parser has it, and has not made a key of it yet."""
        self._pasting = False
        self._feed: Callable[[str], None] = lambda text: None
        self._flush: Callable[[], None] = lambda: None
        self._forget: Callable[[], None] = lambda: None
        if isinstance(input, Parsing):
            parser = input.vt100_parser
            self._feed, self._flush, self._forget = parser.feed, parser.flush, parser.reset
            parser.feed, parser.flush = self.feed, self.flush

    def feed(self, text: str) -> None:
        """What the terminal sent: keys, and perhaps the answer, perhaps in pieces."""
        if self._escape_waits and not self._pasting and text.startswith("]"):
            self._forget()
            text = "\x1b" + text
        text, self._held = self._held + text, ""
        if match := _ANSWER.search(text):
            self._answered(_brightness(*match.groups()))
            text = text[: match.start()] + text[match.end() :]
        elif match := _BEGUN.search(text):
            text, self._held = text[: match.start()], match[0]
        self._escape_waits = text.endswith("\x1b")
        begun, ended = text.rfind(_PASTE_BEGINS), text.rfind(_PASTE_ENDS)
        self._pasting = begun > ended or (self._pasting and begun == ended)
        if text:
            self._feed(text)

    def flush(self) -> None:
        """So much time has passed that an Esc was a key."""
        self._escape_waits = False
        self._flush()


def _brightness(*channels: str) -> Background:
    """By the luma of ITU-R BT.601."""
    red, green, blue = (int(channel, 16) / (16 ** len(channel) - 1) for channel in channels)
    return "light" if 0.299 * red + 0.587 * green + 0.114 * blue > 0.5 else "dark"
