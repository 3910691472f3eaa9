"""Large pastes stand in the prompt as a placeholder and are put back when it is sent."""

from __future__ import annotations

import re

FOLDED_LINES = 10
FOLDED_CHARACTERS = 1000
"""A paste beyond either is folded."""

_PLACEHOLDER = re.compile(r"\[Pasted #(\d+): [^\]\n]*\]")


class Pastes:
    """The texts behind this session's placeholders."""

    def __init__(self) -> None:
        self._texts: list[str] = []

    def folded(self, text: str) -> str:
        """What to insert for a paste: itself, or a placeholder when it is large."""
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        lines = text.count("\n") + 1
        if lines <= FOLDED_LINES and len(text) <= FOLDED_CHARACTERS:
            return text
        self._texts.append(text)
        size = f"{lines} lines" if lines > 1 else f"{len(text)} characters"
        return f"[Pasted #{len(self._texts)}: {size}]"

    def unfolded(self, text: str) -> str:
        """`text` with every placeholder of this session replaced by what was pasted."""

        def original(match: re.Match[str]) -> str:
            number = int(match[1])
            return self._texts[number - 1] if 0 < number <= len(self._texts) else match[0]

        return _PLACEHOLDER.sub(original, text)
