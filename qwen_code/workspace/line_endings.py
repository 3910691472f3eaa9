"""A text seen with `\\n` only, and the way back: every line keeps the ending that it had."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qwen_code.workspace.diffs import common_ends


@dataclass(frozen=True, slots=True)
class UnifiedText:
    """A text whose line endings are all `\\n`, and what they were."""

    view: str
    ending: str
    """The ending of every line, where all have the same."""
    endings: tuple[str, ...] = ()
    """One for each line of a text that mixes them."""

    def with_replaced(self, spans: Sequence[tuple[int, int, str]]) -> str:
        """The text in its own line endings, each `view[start:end]` of the ordered spans replaced.

        New lines end as the lines whose place they take, or as their neighbours do.
        """
        pieces: list[str] = []
        done = line = 0
        for start, end, replacement in spans:
            line = self._keep(pieces, done, start, line)
            after = line + self.view.count("\n", start, end)
            if self.endings:
                near = self.endings[min(after, len(self.endings) - 1)]
                old, new = self.view[start:end].split("\n"), replacement.split("\n")
                endings = _matched(self.endings[line:after], old[:-1], new[:-1], near)
                replacement = _joined(new, endings)
            pieces.append(replacement)
            done, line = end, after
        self._keep(pieces, done, len(self.view), line)
        changed = "".join(pieces)
        return changed if self.endings or self.ending == "\n" else changed.replace("\n", self.ending)

    def _keep(self, pieces: list[str], start: int, end: int, line: int) -> int:
        """Append `view[start:end]`, whose first line has the number `line`; returns the number after it."""
        piece = self.view[start:end]
        after = line + piece.count("\n")
        if self.endings:
            piece = _joined(piece.split("\n"), self.endings[line:after])
        pieces.append(piece)
        return after


def unify(text: str) -> UnifiedText:
    if "\r" not in text:
        return UnifiedText(text, "\n")
    pairs, lines = text.count("\r\n"), text.count("\n")
    view = text.replace("\r\n", "\n")
    if pairs == lines:
        return UnifiedText(view, "\r\n" if pairs else "\n")
    endings = tuple("\r\n" if line.endswith("\r") else "\n" for line in text.split("\n")[:-1])
    return UnifiedText(view, "\n", endings)


def _joined(lines: Sequence[str], endings: Sequence[str]) -> str:
    return "".join(line + ending for line, ending in zip(lines, (*endings, ""), strict=True))


def _matched(endings: Sequence[str], old: Sequence[str], new: Sequence[str], near: str) -> list[str]:
    """An ending for each of the lines `new`, from those of the lines `old` whose place they take."""
    if not endings:
        return [near] * len(new)
    head, tail = common_ends(old, new)
    middle = (endings[min(index, len(endings) - 1)] for index in range(head, len(new) - tail))
    return [*endings[:head], *middle, *endings[len(endings) - tail :]]
