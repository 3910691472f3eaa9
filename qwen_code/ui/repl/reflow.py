"""What a narrower window does to rows that were printed for a wider one.

Most terminals today wrap such rows anew, so the region that is to be erased takes more rows than were drawn.
Erasing too few leaves scraps; erasing too many would eat finished text, so it is done only where a terminal
is known to wrap.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_MARKS = ("TMUX", "VTE_VERSION", "KITTY_WINDOW_ID", "ALACRITTY_WINDOW_ID", "KONSOLE_VERSION", "WT_SESSION")
_PROGRAMS = ("iTerm.app", "WezTerm", "ghostty", "vscode", "Apple_Terminal")


def reflows(environ: Mapping[str, str]) -> bool:
    """Whether the terminal is known to wrap old rows anew when its window gets narrower."""
    return any(environ.get(mark) for mark in _MARKS) or environ.get("TERM_PROGRAM") in _PROGRAMS


def extra_rows(widths: Iterable[int], columns: int) -> int:
    """How many rows more than before rows of these widths take in a window of so many columns."""
    return sum(max(0, -(-width // columns) - 1) for width in widths) if columns > 0 else 0
