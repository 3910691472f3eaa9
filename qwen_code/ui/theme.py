"""Colours by meaning: every style that the front ends use, in four themes.

`ansi` uses the terminal's own sixteen colours, so it is right on dark and light backgrounds; `dark` and
`light` are tuned for one background; `mono` has no colour at all (NO_COLOR, https://no-color.org). `auto` is
`dark` or `light` once the terminal has said which it is, and `ansi` until then. A style's name says what it
is for (`diff.added`), never how it looks.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Literal

_MONO = {
    "dim": "dim",
    "strong": "bold",
    "accent": "bold",
    "user": "bold",
    "ok": "none",
    "warn": "bold",
    "error": "bold",
    "tool": "bold",
    "thinking": "italic dim",
    "md.heading": "bold",
    "md.title": "bold underline",
    "md.bold": "bold",
    "md.italic": "italic",
    "md.strike": "strike",
    "md.code": "bold",
    "md.link": "underline",
    "md.url": "dim",
    "md.quote": "dim",
    "md.marker": "bold",
    "md.rule": "dim",
    "md.table": "dim",
    "diff.added": "none",
    "diff.removed": "none",
    "diff.added.word": "bold underline",
    "diff.removed.word": "bold underline",
    "diff.hunk": "dim",
    "diff.number": "dim",
    "code.keyword": "bold",
    "code.name": "none",
    "code.type": "none",
    "code.string": "none",
    "code.number": "none",
    "code.comment": "dim italic",
    "code.operator": "none",
    "bar.done": "bold",
    "bar.rest": "dim",
    "menu": "none",
    "menu.chosen": "reverse",
}

_ANSI = _MONO | {
    "accent": "magenta",
    "user": "bold cyan",
    "ok": "green",
    "warn": "yellow",
    "error": "red",
    "md.heading": "bold magenta",
    "md.title": "bold underline magenta",
    "md.code": "cyan",
    "md.link": "underline blue",
    "md.marker": "magenta",
    "diff.added": "green",
    "diff.removed": "red",
    "diff.added.word": "bold reverse green",
    "diff.removed.word": "bold reverse red",
    "diff.hunk": "cyan",
    "code.keyword": "magenta",
    "code.name": "blue",
    "code.type": "cyan",
    "code.string": "green",
    "code.number": "yellow",
    "bar.done": "magenta",
}

_DARK = _ANSI | {
    "dim": "#8a8f98",
    "accent": "#b39dff",
    "user": "bold #7fd4ff",
    "ok": "#7ee2a8",
    "warn": "#ffcf70",
    "error": "#ff8f8f",
    "thinking": "italic #8a8f98",
    "md.heading": "bold #b39dff",
    "md.title": "bold underline #b39dff",
    "md.code": "#8fe3d6",
    "md.link": "underline #7fb4ff",
    "md.url": "#8a8f98",
    "md.quote": "#a6abb5",
    "md.marker": "#b39dff",
    "md.rule": "#5c6370",
    "md.table": "#5c6370",
    "diff.added": "#b7f0c8 on #12301e",
    "diff.removed": "#ffc4c4 on #3a1719",
    "diff.added.word": "bold #e6ffee on #1f6b3b",
    "diff.removed.word": "bold #ffecec on #8a2b30",
    "diff.hunk": "#7fb4ff",
    "diff.number": "#6b7280",
    "code.keyword": "#c9a6ff",
    "code.name": "#7fb4ff",
    "code.type": "#8fe3d6",
    "code.string": "#a8e0a0",
    "code.number": "#ffcf70",
    "code.comment": "italic #7d8590",
    "code.operator": "#a6abb5",
    "bar.done": "#b39dff",
    "bar.rest": "#4b5160",
    "menu.chosen": "bold #ffffff on #4a3f80",
}

_LIGHT = _ANSI | {
    "dim": "#6a6f78",
    "accent": "#6a3fd4",
    "user": "bold #00608f",
    "ok": "#0b7a3b",
    "warn": "#8a5a00",
    "error": "#b3261e",
    "thinking": "italic #6a6f78",
    "md.heading": "bold #6a3fd4",
    "md.title": "bold underline #6a3fd4",
    "md.code": "#00696b",
    "md.link": "underline #0b57d0",
    "md.url": "#6a6f78",
    "md.quote": "#4f545c",
    "md.marker": "#6a3fd4",
    "md.rule": "#a9aeb8",
    "md.table": "#a9aeb8",
    "diff.added": "#0b4d26 on #e3f7e9",
    "diff.removed": "#7a1712 on #fdeaea",
    "diff.added.word": "bold #053d1c on #a9e5bd",
    "diff.removed.word": "bold #5c0d09 on #f5b5b2",
    "diff.hunk": "#0b57d0",
    "diff.number": "#8a8f98",
    "code.keyword": "#8b2fc9",
    "code.name": "#0b57d0",
    "code.type": "#00696b",
    "code.string": "#0b7a3b",
    "code.number": "#8a5a00",
    "code.comment": "italic #6a6f78",
    "code.operator": "#4f545c",
    "bar.done": "#6a3fd4",
    "bar.rest": "#c9cdd6",
    "menu.chosen": "bold #ffffff on #6a3fd4",
}

THEMES: Mapping[str, Mapping[str, str]] = {"ansi": _ANSI, "dark": _DARK, "light": _LIGHT, "mono": _MONO}


AUTO = "auto"


def theme_named(
    name: str, environ: Mapping[str, str] = os.environ, background: Literal["dark", "light"] | None = None
) -> str:
    """The theme that the setting `ui.theme` means here: a key of `THEMES`.

    `auto` goes by the background; names not known give `ansi`; a NO_COLOR that is not empty wins over
    everything.
    """
    if environ.get("NO_COLOR"):
        return "mono"
    if name == AUTO and background is not None:
        return background
    return name if name in THEMES else "ansi"
