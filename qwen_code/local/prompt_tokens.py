"""Text -> token ids such that only trusted text can become a control token or a tool tag.

`llama_tokenize` offers one switch for a whole text, and even without it always parses the tokens that a
vocabulary calls user-defined, `<tool_call>` and `</tool_response>` among them. So the special tokens are
taken out of the trusted text here, and what remains is tokenised as plain text, with every tag that
untrusted text spells broken in two: the model reads the same characters, but as characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from qwen_code.local.model import Model


class PromptTokenizer:
    """Encodes segments of trusted and untrusted text for one model."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._special = model.special_tokens
        self._pattern = _any_of(self._special)
        self._always_parsed = _any_of(
            text for text, token in self._special.items() if token not in model.control_tokens
        )

    def encode(self, segments: Iterable[tuple[str, bool]]) -> list[int]:
        """Token ids of `segments`, each a text and whether its control tokens count.

        Neighbouring plain text is tokenised together, whoever it comes from, so that the ids are those of
        the whole text wherever no tag had to be broken.
        """
        ids: list[int] = []
        run: list[str] = []
        for text, trusted in segments:
            if not trusted:
                run.append(text)
                continue
            for part in self._pattern.split(text):
                special = self._special.get(part)
                if special is None:
                    run.append(part)
                else:
                    ids += self._plain("".join(run))
                    ids.append(special)
                    run = []
        return ids + self._plain("".join(run))

    def _plain(self, text: str) -> list[int]:
        ids: list[int] = []
        for piece in self._broken(text):
            ids += self._model.tokenize(piece)
        return ids

    def _broken(self, text: str) -> list[str]:
        """`text` in pieces of which none holds a token that is parsed always."""
        pieces: list[str] = []
        start = 0
        while found := self._always_parsed.search(text, start):
            middle = found.start() + (found.end() - found.start()) // 2
            pieces.append(text[start:middle])
            start = middle
        pieces.append(text[start:])
        return [piece for piece in pieces if piece]


def _any_of(texts: Iterable[str]) -> re.Pattern[str]:
    longest_first = sorted((text for text in texts if text), key=len, reverse=True)
    return re.compile("(" + ("|".join(map(re.escape, longest_first)) or r"(?!)") + ")")
