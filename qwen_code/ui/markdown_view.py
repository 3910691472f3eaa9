"""Units of Markdown -> lines for the screen, each behind the margin that no untrusted text may enter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from rich.text import Text

from qwen_code.ui.code_view import CodeView
from qwen_code.ui.markdown_inline import inline
from qwen_code.ui.markdown_stream import (
    CodeClose,
    CodeLine,
    CodeOpen,
    Gap,
    Heading,
    Item,
    MarkdownStream,
    Paragraph,
    Quote,
    Rule,
    Table,
    Unit,
)
from qwen_code.ui.painter import Line, Painter

MARGIN = "  "
"""The first two columns belong to qwen-code: a model that writes `● approved` can't write it there."""
CODE_MARGIN = MARGIN * 2
DEEPEST_QUOTE = 4


class MarkdownView:
    """Renders the units of one answer in their order."""

    def __init__(self, painter: Painter) -> None:
        self._painter = painter
        self._code = CodeView("")
        self._last: Unit | None = None

    def preview(self, units: Sequence[Unit]) -> list[Line]:
        """What `render` would give, without taking the units."""
        last, code = self._last, self._code
        self._code = code.copy()
        try:
            return self.render(units)
        finally:
            self._last, self._code = last, code

    def render(self, units: Sequence[Unit]) -> list[Line]:
        """The next units as lines; blank ones between them where they belong, none at the end."""
        lines: list[Line] = []
        rows: list[CodeLine] = []
        for unit in units:
            if rows and not isinstance(unit, CodeLine):
                lines += self._code_rows(rows, self._code.add([row.text for row in rows]))
                rows = []
            if self._needs_gap(unit):
                lines.append(Text())
            if isinstance(unit, CodeLine):
                rows.append(unit)
            elif isinstance(unit, CodeOpen):
                self._code = CodeView(unit.language)
            else:
                lines += self._lines(unit)
            self._last = unit
        if rows:
            lines += self._code_rows(rows, self._code.add([row.text for row in rows]))
        return lines

    def _needs_gap(self, unit: Unit) -> bool:
        """A blank line where the text had one, and around headings, code and tables."""
        last = self._last
        if last is None or isinstance(unit, (Gap, CodeClose)):
            return False
        if isinstance(last, Gap):
            return True
        if isinstance(unit, CodeLine):
            return not isinstance(last, (CodeOpen, CodeLine))
        return isinstance(last, (Heading, CodeClose, Table)) or isinstance(unit, (Heading, CodeOpen, Table))

    def _code_rows(self, rows: Sequence[CodeLine], texts: Sequence[Text]) -> list[Line]:
        lines: list[Line] = []
        for row, text in zip(rows, texts, strict=True):
            margin = CODE_MARGIN + " " * row.indent
            lines += self._painter.fold(text, margin, margin + MARGIN)
        return lines

    def _lines(self, unit: Unit) -> list[Line]:
        painter = self._painter
        match unit:
            case Heading(level, text):
                heading = inline(text)
                heading.stylize("md.title" if level == 1 else "md.heading")
                return painter.wrap(heading, MARGIN)
            case Paragraph(text, indent):
                return painter.wrap(inline(text), MARGIN + " " * indent)
            case Item(indent, marker, text):
                bullet = marker if marker[0].isdigit() else "-" if painter.plain else "•"
                return painter.wrap(inline(text), f"{MARGIN}{' ' * indent}{bullet} ", style="md.marker")
            case Quote(text):
                return self._quote(text)
            case Table():
                return self._table(unit)
            case Rule():
                return (
                    []
                    if painter.plain
                    else [Text(MARGIN).append("─" * min(20, painter.width - len(MARGIN)), "md.rule")]
                )
            case Gap() | CodeOpen() | CodeLine() | CodeClose():
                return []
            case _:
                assert_never(unit)

    def _quote(self, text: str) -> list[Line]:
        bar = "> " if self._painter.plain else "▏ "
        depth = 0
        inner = text
        while depth < DEEPEST_QUOTE and inner.startswith(">") and "\n" not in inner:
            depth, inner = depth + 1, inner[1:].lstrip(" ")
        stream, view = MarkdownStream(), MarkdownView(self._painter)
        if depth < DEEPEST_QUOTE and not inner.startswith(">"):
            lines = view.render([*stream.feed(inner), *stream.close()])
        else:
            lines = self._painter.wrap(inline(inner), MARGIN)
        prefix = MARGIN + bar * (depth + 1)
        quoted: list[Line] = []
        for line in lines:
            body = line[len(MARGIN) :] if line else line
            body.stylize("md.quote")
            quoted += self._painter.fold(body, prefix, prefix)
        return quoted

    def _table(self, table: Table) -> list[Line]:
        if self._painter.plain:
            return self._table_in_words(table)
        from rich import box
        from rich.table import Table as Grid

        grid = Grid(
            box=box.SIMPLE_HEAD,
            border_style="md.table",
            header_style="md.bold",
            padding=(0, 1),
            pad_edge=False,
            show_edge=False,
        )
        head, *rows = table.rows
        for cell, align in zip(head, table.align, strict=True):
            grid.add_column(inline(cell), justify=align, overflow="fold")
        for row in rows:
            grid.add_row(*(inline(cell) for cell in row))
        return [line for line in self._painter.laid_out(grid, len(MARGIN)) if line.plain.strip()]

    def _table_in_words(self, table: Table) -> list[Line]:
        head, *rows = table.rows
        lines: list[Line] = []
        for row in rows:
            words = Text("; ").join(inline(f"{name}: {cell}") for name, cell in zip(head, row, strict=True))
            lines += self._painter.wrap(words, MARGIN)
        return lines
