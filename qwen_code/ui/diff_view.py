"""A unified diff as lines with numbers, signs and the changed words marked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from rich.text import Text

from qwen_code.tool import DiffBlock
from qwen_code.ui.markdown_view import MARGIN
from qwen_code.ui.painter import Line, Painter
from qwen_code.ui.terminal_text import shown_line

_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")
_WORD = re.compile(r"\w+|\s+|.")
ALIKE = 0.4
"""Two lines are shown word by word when at least this share of their text is the same (0 to 1)."""
LONGEST_COMPARED = 500
"""Characters of a line that are compared word by word."""


@dataclass(frozen=True, slots=True)
class _Row:
    kind: Literal[" ", "-", "+", "@"]
    number: int
    text: Text


def diff_lines(block: DiffBlock, painter: Painter, *, limit: int | None = None) -> list[Line]:
    """The change, at most `limit` rows of it and then how many more there are."""
    rows = list(_rows(block.diff))
    shown = rows if limit is None or len(rows) <= limit + 1 else rows[:limit]
    digits = len(str(max((row.number for row in shown), default=0)))
    lines: list[Line] = []
    for row in shown:
        lines += _laid_out(row, digits, painter)
    if len(shown) < len(rows):
        lines.append(Text(MARGIN * 2).append(f"… {len(rows) - len(shown)} more lines", "dim"))
    return lines


def summary(block: DiffBlock) -> Text:
    """`+3 -1`, or `new, 12 lines`."""
    if block.created:
        return Text(f"new, {block.added} line{'' if block.added == 1 else 's'}", "dim")
    text = Text()
    if block.added:
        text.append(f"+{block.added}", "diff.added")
    if block.removed:
        text.append(" " if text else "").append(f"-{block.removed}", "diff.removed")
    return text or Text("no change", "dim")


_STYLES = {"-": "diff.removed", "+": "diff.added", " ": "", "@": "diff.hunk"}


def _laid_out(row: _Row, digits: int, painter: Painter) -> list[Line]:
    margin = Text(MARGIN * 2)
    if row.kind == "@":
        return [margin.append(" " * digits + (" ..." if painter.plain else " ⋯"), "diff.hunk")]
    style = _STYLES[row.kind]
    row.text.style = style
    lines: list[Line] = []
    for piece in painter.pieces(row.text, max(painter.width - len(margin) - digits - 3, 8)):
        number = "" if lines else str(row.number)
        line = margin.copy().append(number.rjust(digits), "diff.number").append(f" {row.kind} ", style)
        lines.append(line.append_text(piece))
    return lines


def _rows(diff: str) -> Iterator[_Row]:
    old = new = 1
    removed: list[_Row] = []
    added: list[_Row] = []
    first = True
    for raw in diff.split("\n"):
        line = raw.removesuffix("\r")
        kind, text = line[:1], line[1:]
        if kind not in ("-", "+") and (removed or added):
            yield from _paired(removed, added)
            removed, added = [], []
        if hunk := _HUNK.match(line):
            old, new = int(hunk[1]), int(hunk[2])
            if not first:
                yield _Row("@", 0, Text())
            first = False
        elif kind == "-":
            removed.append(_Row("-", old, Text(shown_line(text))))
            old += 1
        elif kind == "+":
            added.append(_Row("+", new, Text(shown_line(text))))
            new += 1
        elif kind == " ":
            yield _Row(" ", new, Text(shown_line(text)))
            old, new = old + 1, new + 1
    yield from _paired(removed, added)


def _paired(removed: Sequence[_Row], added: Sequence[_Row]) -> Iterator[_Row]:
    """A run of removed and added lines, the words that differ marked where lines correspond."""
    if len(removed) == len(added):
        for before, after in zip(removed, added, strict=True):
            _mark_words(before.text, after.text)
    yield from removed
    yield from added


def _mark_words(before: Text, after: Text) -> None:
    from difflib import SequenceMatcher

    if max(len(before), len(after)) > LONGEST_COMPARED:
        return
    old, new = _WORD.findall(before.plain), _WORD.findall(after.plain)
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    if matcher.ratio() < ALIKE:
        return
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag != "equal":
            before.stylize("diff.removed.word", len("".join(old[:a])), len("".join(old[:b])))
            after.stylize("diff.added.word", len("".join(new[:c])), len("".join(new[:d])))
