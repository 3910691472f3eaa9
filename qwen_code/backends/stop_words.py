"""Ends an answer before words that the asker named."""

from __future__ import annotations

from collections.abc import Sequence


class StopWords:
    """Ends a text before the first of some words, however it is cut into pieces."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = words
        self._held = ""
        self._found = False

    def feed(self, text: str) -> str:
        """What can be given out; nothing more once a word was found."""
        if self._found or not self._words:
            return "" if self._found else text
        self._held += text
        starts = [at for word in self._words if (at := self._held.find(word)) >= 0]
        if starts:
            self._found = True
            given, self._held = self._held[: min(starts)], ""
            return given
        keep = max(self._begun(word) for word in self._words)
        given, self._held = self._held[: len(self._held) - keep], self._held[len(self._held) - keep :]
        return given

    def finish(self) -> str:
        """What was held back and turned out to be no word."""
        rest, self._held = self._held, ""
        return rest

    def _begun(self, word: str) -> int:
        """How much of `word` stands at the end."""
        return next((n for n in range(len(word) - 1, 0, -1) if self._held.endswith(word[:n])), 0)
