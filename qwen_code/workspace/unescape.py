"""What a model may have meant by text that it escaped once too often.

Each reading decodes a text as a whole, or finds that the text contradicts it: escaped JSON holds no bare
quote or line break, escaped markup no bare `<`. What was meant as old text is proved by the file; of the
new text nothing is, so there a reading is given up as soon as it is in doubt.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_LINE_BREAK = re.compile(r"(?<!\\)(?:\\r)?\\n")

_BLANKS = {"n": "\n", "t": "\t", "r": "\r"}
_MARKUP = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'", "#39": "'", "#x27": "'", "#34": '"'}


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to undo an escape too many."""

    pattern: re.Pattern[str]
    """An escape; its first group names what is meant."""
    meanings: dict[str, str]
    """What a name stands for; for itself where it is not listed."""
    contradicted: Callable[[str, str], bool]
    """Given a text, whole and without its escapes: True when it can't have been escaped this way."""

    def of(self, text: str) -> str | None:
        """`text` decoded, None when it contradicts this reading. Text without escapes stays as it is."""
        bare = self.pattern.sub("", text)
        if bare == text:
            return text
        if self.contradicted(text, bare):
            return None
        return self.pattern.sub(lambda match: self.meanings.get(match[1], match[1]), text)

    def of_new(self, text: str) -> str | None:
        """As `of`; None as well when a line break would land in a string literal, where it may have been
        meant as an escape of the language."""
        decoded = self.of(text)
        if decoded is None or decoded.count("\n") == text.count("\n"):
            return decoded
        pieces = (self.of(piece) or "" for piece in _LINE_BREAK.split(text))
        split = any(piece.count(quote) % 2 for piece in pieces for quote in "\"'`")
        return None if split else decoded


_READINGS = (
    Reading(  # a JSON string
        re.compile(r"\\([\"\\/`'ntr])"),
        _BLANKS,
        lambda text, bare: "\n" in bare or '"' in bare or "\\" in bare,
    ),
    Reading(  # quotes alone
        re.compile(r"\\([\"'`])"),
        {},
        lambda text, bare: False,
    ),
    Reading(  # line breaks and tabs alone
        re.compile(r"(?<!\\)\\([ntr])"),
        _BLANKS,
        lambda text, bare: "\n" in bare and _LINE_BREAK.search(text) is not None,
    ),
    Reading(  # backslashes alone
        re.compile(r"\\(\\)"),
        {},
        lambda text, bare: False,
    ),
    Reading(  # HTML or XML
        re.compile(r"&(amp|lt|gt|quot|apos|#39|#x27|#34);"),
        _MARKUP,
        lambda text, bare: "<" in bare or "&" in bare,
    ),
)


def readings(old: str, new: str) -> Iterator[tuple[str, str]]:
    """Every other text that `old` may stand for, with what `new` is in the same reading."""
    for reading in _READINGS:
        old_meant, new_meant = reading.of(old), reading.of_new(new)
        if old_meant is not None and old_meant != old and new_meant is not None:
            yield old_meant, new_meant
