"""Lays text out for one terminal: wraps it, and turns styled lines into escape sequences or fragments.

The unit everywhere above is a *line*: a `rich.text.Text` that fits the width and holds no line feed, with
styles by the names of `theme.py`. Only this module knows what they look like on a terminal.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, TypeAlias

from rich.cells import cell_len, chop_cells
from rich.color import ColorSystem
from rich.console import Console, RenderableType
from rich.style import Style
from rich.text import Text
from rich.theme import Theme

from qwen_code.ui.theme import THEMES

Line: TypeAlias = Text
Fragments: TypeAlias = list[tuple[str, str]]
"""prompt-toolkit's formatted text: (style, text)."""

MIN_WIDTH = 20


class Painter:
    """Wraps and paints for a terminal of `width` columns with a theme and a number of colours."""

    def __init__(
        self, width: int, theme: str = "ansi", *, environ: Mapping[str, str] = os.environ, plain: bool = False
    ) -> None:
        """`plain`: for screen readers: no frames or bars made of characters."""
        self.plain = plain
        self._theme_name = theme
        self._console = Console(
            file=io.StringIO(),
            force_terminal=True,
            width=max(width, MIN_WIDTH),
            color_system=None,
            legacy_windows=False,
            theme=Theme(dict(THEMES[theme]), inherit=False),
        )
        self._colours = _colours(environ)
        self._ptk_styles: dict[Style | None, str] = {None: ""}

    @property
    def width(self) -> int:
        return self._console.width

    @width.setter
    def width(self, columns: int) -> None:
        self._console.width = max(columns, MIN_WIDTH)

    @property
    def has_many_colours(self) -> bool:
        """Whether it can show colours of the themes' own choosing."""
        return self._colours is not ColorSystem.STANDARD

    @property
    def colours(self) -> Literal["none", "sixteen", "many", "all"]:
        """How many the terminal is sent."""
        if self._theme_name == "mono":
            return "none"
        if self._colours is ColorSystem.TRUECOLOR:
            return "all"
        return "many" if self.has_many_colours else "sixteen"

    @property
    def theme(self) -> str:
        return self._theme_name

    @theme.setter
    def theme(self, name: str) -> None:
        """Lines made before take the new look too, when they are painted again."""
        self._theme_name = name
        self._console.push_theme(Theme(dict(THEMES[name]), inherit=False), inherit=False)
        self._ptk_styles = {None: ""}

    def wrap(self, text: Text, first: str = "", rest: str | None = None, *, style: str = "") -> list[Line]:
        """`text` broken between words, the first line after `first`, the others after `rest`.

        `style` is that of `first`; `rest` is as many spaces when not given.
        """
        if rest is None:
            rest = " " * cell_len(first)
        lines: list[Line] = []
        for line in text.wrap(self._console, self._room(first, rest)) if text else [text]:
            line.rstrip()
            prefix = Text(rest) if lines else Text().append(first, style)
            lines.append(prefix.append_text(line) if prefix else line)
        return lines

    def fold(self, text: Text, first: str = "", rest: str = "") -> list[Line]:
        """Like `wrap`, for text whose spaces matter (code, output): cut at the edge, not between words."""
        pieces = self.pieces(text, self._room(first, rest))
        return [Text(rest if n else first).append_text(piece) for n, piece in enumerate(pieces)]

    def pieces(self, text: Text, room: int) -> list[Text]:
        """`text` cut into pieces of at most `room` columns; a wide character is never cut."""
        if len(text) * 2 <= room or cell_len(text.plain) <= room:
            return [text]
        cuts: list[int] = []
        for piece in chop_cells(text.plain, room):
            cuts.append(len(piece) + (cuts[-1] if cuts else 0))
        return list(text.divide(cuts[:-1]))

    def _room(self, first: str, rest: str) -> int:
        return max(self.width - max(cell_len(first), cell_len(rest)), 8)

    def mark(self, sign: str, spoken: str = "") -> str:
        """A sign before a line; for screen readers the word that it stands for, if it needs one."""
        return spoken if self.plain else f"{sign} "

    def laid_out(self, renderable: RenderableType, indent: int = 0) -> list[Line]:
        """Any rich renderable (a table, say) as lines, without the padding at their ends."""
        options = self._console.options.update(width=max(self.width - indent, 8), highlight=False)
        lines: list[Line] = []
        for segments in self._console.render_lines(renderable, options, pad=False):
            line = Text(" " * indent)
            for segment in segments:
                line.append(segment.text, segment.style)
            line.rstrip()
            lines.append(line)
        return lines

    def ansi(self, lines: Iterable[Line]) -> str:
        """The lines as text for a raw terminal: colours, and CR LF after each."""
        out: list[str] = []
        for line in lines:
            for text, style in self._runs(line):
                out.append(style.render(text, color_system=self._colours) if style else text)
            out.append("\r\n")
        return "".join(out)

    def fragments(self, line: Line) -> Fragments:
        """The line for prompt-toolkit."""
        return [(self._ptk_style(style), text) for text, style in self._runs(line)]

    def _runs(self, line: Line) -> Iterator[tuple[str, Style | None]]:
        if line.spans:
            for text, style, _ in line.render(self._console):
                yield text, style
        elif plain := line.plain:
            yield plain, self._console.get_style(line.style) if line.style else None

    def ptk_style(self, name: str) -> str:
        """The named style in prompt-toolkit's words."""
        return self._ptk_style(self._console.get_style(name))

    def _ptk_style(self, style: Style | None) -> str:
        known = self._ptk_styles.get(style)
        if known is None and style is not None:
            known = self._ptk_styles[style] = _ptk_words(style)
        return known or ""


def joined(parts: Sequence[str | tuple[str, str]], separator: str = " · ") -> Text:
    """Parts with the same separator between them, empty ones left out; a tuple is (text, style)."""
    text = Text()
    for part in parts:
        words, style = (part, "") if isinstance(part, str) else part
        if words:
            text.append(separator if text else "", "dim").append(words, style)
    return text


def _colours(environ: Mapping[str, str]) -> ColorSystem:
    """How many colours the terminal says it has."""
    if environ.get("COLORTERM", "").strip().lower() in ("truecolor", "24bit"):
        return ColorSystem.TRUECOLOR
    term = environ.get("TERM", "")
    wide = "256" in term or "kitty" in term or "direct" in term
    return ColorSystem.EIGHT_BIT if wide else ColorSystem.STANDARD


def _ptk_words(style: Style) -> str:
    words: list[str] = []
    for key, colour in (("fg", style.color), ("bg", style.bgcolor)):
        if colour is None or colour.is_default:
            continue
        if colour.triplet is not None:
            words.append(f"{key}:{colour.triplet.hex}")
        elif colour.number is not None and colour.number < len(_PTK_COLOURS):
            words.append(f"{key}:{_PTK_COLOURS[colour.number]}")
    words += [
        word
        for word, on in (
            ("bold", style.bold),
            ("dim", style.dim),
            ("italic", style.italic),
            ("underline", style.underline),
            ("strike", style.strike),
            ("reverse", style.reverse),
        )
        if on
    ]
    return " ".join(words)


_PTK_COLOURS = (
    "ansiblack",
    "ansired",
    "ansigreen",
    "ansiyellow",
    "ansiblue",
    "ansimagenta",
    "ansicyan",
    "ansigray",
    "ansibrightblack",
    "ansibrightred",
    "ansibrightgreen",
    "ansibrightyellow",
    "ansibrightblue",
    "ansibrightmagenta",
    "ansibrightcyan",
    "ansiwhite",
)
