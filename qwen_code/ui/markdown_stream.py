"""Splits streaming Markdown into finished units, so that each is rendered once and never again.

A unit is the smallest thing whose look no later text can change: a heading, a paragraph, one list item, one
line of code. `feed` gives the units that became final, `tail` what the rest would be if the text ended now,
for the live region. Line breaks inside a paragraph are kept: models break lines on purpose.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from qwen_code.ui.terminal_text import shown

Align: TypeAlias = Literal["left", "center", "right"]

OPEN_LIMIT = 8192
"""Characters of a block that may stay open; a longer one is given in pieces, so that frames stay short."""
TABLE_LIMIT = 200
"""Rows of a table that are laid out together."""


@dataclass(frozen=True, slots=True)
class Heading:
    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    text: str
    indent: int = 0
    """Columns, inside a list item."""


@dataclass(frozen=True, slots=True)
class Item:
    """The first block of a list item."""

    indent: int
    marker: str
    text: str


@dataclass(frozen=True, slots=True)
class Quote:
    """A block quote; `text` is Markdown again."""

    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells, the heading first; `align` has one of `left`, `center`, `right` a column."""

    rows: tuple[tuple[str, ...], ...]
    align: tuple[Align, ...]


@dataclass(frozen=True, slots=True)
class CodeOpen:
    language: str
    indent: int = 0


@dataclass(frozen=True, slots=True)
class CodeLine:
    text: str
    indent: int = 0


@dataclass(frozen=True, slots=True)
class CodeClose:
    pass


@dataclass(frozen=True, slots=True)
class Rule:
    pass


@dataclass(frozen=True, slots=True)
class Gap:
    """One or more blank lines."""


Unit: TypeAlias = Heading | Paragraph | Item | Quote | Table | CodeOpen | CodeLine | CodeClose | Rule | Gap

_FENCE = re.compile(r"( *)(`{3,}|~{3,})([^`]*)$")
_HEADING = re.compile(r" {0,3}(#{1,6})(?: +(.*))?$", re.DOTALL)
_CLOSING_HASHES = re.compile(r"(?:^| )#+$")
_RULE = re.compile(r" {0,3}(?:(?:\*\s*){3,}|(?:-\s*){3,}|(?:_\s*){3,})$")
_SETEXT = re.compile(r" {0,3}(=+|-+)\s*$")
_QUOTE = re.compile(r" {0,3}> ?(.*)$", re.DOTALL)
_ITEM = re.compile(r"( *)([-*+]|\d{1,9}[.)])(?: +(.*)|)$", re.DOTALL)
_ALIGN_ROW = re.compile(r"\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$")
_CELL_EDGE = re.compile(r"(?<!\\)\|")


class MarkdownStream:
    """One answer's Markdown as it arrives, in pieces of any size."""

    def __init__(self) -> None:
        self._partial = ""
        self._open: Paragraph | Item | Quote | Table | None = None
        self._fence = ""
        self._fence_indent = 0
        self._in_list: bool = False
        self._gap = True

    def feed(self, text: str) -> list[Unit]:
        """Take the next piece; the units that are final now."""
        units: list[Unit] = []
        lines = (self._partial + text).split("\n")
        self._partial = lines.pop()
        for line in lines:
            units += self._line(shown(self._pieces(line, units).removesuffix("\r")))
        self._partial = self._pieces(self._partial, units)
        return units

    def close(self) -> list[Unit]:
        """The text has ended; all that is left."""
        units: list[Unit] = []
        if self._partial:
            units += self._line(shown(self._partial.removesuffix("\r")))
            self._partial = ""
        units += self._flush()
        if self._fence:
            self._fence = ""
            units.append(CodeClose())
        return units

    def tail(self) -> list[Unit]:
        """What is still open, as units that later text may change."""
        ahead = copy.copy(self)
        return ahead.close()

    @property
    def in_code(self) -> bool:
        return bool(self._fence)

    def _line(self, line: str) -> Iterator[Unit]:
        if self._fence:
            yield self._code(line)
        elif not line.strip():
            yield from self._flush()
            if not self._gap:
                self._gap = True
                yield Gap()
        elif not self._continue(line):
            yield from self._begin(line)
            self._gap = False

    def _code(self, line: str) -> Unit:
        stripped = line.strip()
        if stripped.startswith(self._fence) and not stripped.strip(self._fence[0]):
            self._fence = ""
            return CodeClose()
        indent = min(len(line) - len(line.lstrip(" ")), self._fence_indent)
        return CodeLine(line[indent:], self._fence_indent)

    def _continue(self, line: str) -> bool:
        """Whether `line` belongs to the open block; if so it is part of it now."""
        match self._open:
            case Table(rows, align) if "|" in line and len(rows) < TABLE_LIMIT:
                self._open = Table((*rows, _cells(line, len(align))), align)
            case Quote(text) if len(text) < OPEN_LIMIT and (quoted := _QUOTE.match(line)):
                self._open = Quote(f"{text}\n{quoted[1]}")
            case Paragraph(text) if _is_table_head(text, line):
                columns: tuple[Align, ...] = tuple(_alignment(cell) for cell in _cells(line))
                self._open = Table((_cells(text, len(columns)),), columns)
            case Paragraph() | Item() if _continues_prose(line, self._in_list):
                if len(self._open.text) > OPEN_LIMIT:
                    return False
                self._open = replace(self._open, text=f"{self._open.text}\n{line.strip()}")
            case _:
                return False
        return True

    def _begin(self, line: str) -> Iterator[Unit]:
        indent = len(line) - len(line.lstrip(" "))
        if isinstance(self._open, Paragraph) and (setext := _SETEXT.match(line)) and not self._in_list:
            text, self._open = self._open.text, None
            yield Heading(1 if setext[1][0] == "=" else 2, text)
            return
        yield from self._flush()
        inside: bool = self._in_list and indent >= 2
        if (fence := _FENCE.match(line)) and (inside or indent < 4):
            self._in_list = inside
            self._fence, self._fence_indent = fence[2], indent
            words = fence[3].split()
            yield CodeOpen(words[0] if words else "", indent)
        elif heading := _HEADING.match(line):
            self._in_list = False
            yield Heading(len(heading[1]), _CLOSING_HASHES.sub("", (heading[2] or "").strip()))
        elif _RULE.match(line):
            self._in_list = False
            yield Rule()
        elif quote := _QUOTE.match(line):
            self._open = Quote(quote[1])
        elif (item := _ITEM.match(line)) and (self._in_list or indent < 4):
            self._in_list = True
            self._open = Item(indent, item[2], (item[3] or "").strip())
        elif indent >= 4 and not inside:
            self._in_list = False
            yield CodeLine(line[4:])
        else:
            self._in_list = inside
            self._open = Paragraph(line.strip(), indent if inside else 0)

    def _flush(self) -> Iterator[Unit]:
        if self._open is not None:
            block, self._open = self._open, None
            yield block

    def _pieces(self, line: str, units: list[Unit]) -> str:
        """Give all but the end of an endless line in pieces, cut at a space where there is one; the end."""
        while len(line) > OPEN_LIMIT:
            cut = line.rfind(" ", OPEN_LIMIT // 2, OPEN_LIMIT) + 1 or OPEN_LIMIT
            units += self._line(shown(line[:cut]))
            line = line[cut:]
            if not self._fence:
                units += self._flush()
        return line


def _continues_prose(line: str, in_list: bool) -> bool:
    """Whether a line after a paragraph's line is more of it, by what may interrupt a paragraph."""
    if item := _ITEM.match(line):
        return not in_list and item[2][0].isdigit() and item[2][:-1] != "1"
    return not any(pattern.match(line) for pattern in (_FENCE, _HEADING, _RULE, _SETEXT, _QUOTE))


def _is_table_head(head: str, line: str) -> bool:
    if "|" not in head or "\n" in head or not _ALIGN_ROW.match(line):
        return False
    return len(_cells(head)) == len(_cells(line))


def _cells(line: str, count: int = 0) -> tuple[str, ...]:
    inner = line.strip().removeprefix("|")
    if inner.endswith("|") and not inner.endswith("\\|"):
        inner = inner[:-1]
    cells = [cell.strip().replace("\\|", "|") for cell in _CELL_EDGE.split(inner)]
    if count:
        cells, more = cells[:count], cells[count:]
        cells += [""] * (count - len(cells))
        cells[-1] = " | ".join([cells[-1], *more])
    return tuple(cells)


def _alignment(cell: str) -> Align:
    if cell.endswith(":"):
        return "center" if cell.startswith(":") else "right"
    return "left"
