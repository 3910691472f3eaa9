"""Holds what an edit replaces to what its file says, in one place and no other.

A small model that copies a line slips now and then: the edit is refused, and a turn is lost. Only for models
that declare in their GGUF that they want it (`qwen_code.quotes_files`): one that means to replace what is
not there is told so by the tool, which helps it more than a passage of the file that it did not mean.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from qwen_code.local.constraint import CallConstraint
from qwen_code.local.gguf import GgufHeader
from qwen_code.local.model import Model

TextOf = Callable[[str], str | None]
"""The text of a file that the model knows as it is, by the path that it uses; None for others."""

_TAG = re.compile(rb"<(function|parameter)=([^<>\s]+)>\n")
_END = b"\n</parameter>"
_LONGEST_TAG = 256


def quotes_files(header: GgufHeader) -> bool:
    """Whether a model declares that its edits quote files word by word."""
    return header.metadata.get("qwen_code.quotes_files") is True


class QuotedEdits:
    """Follows the calls of one answer, in Qwen3-Coder's notation, as they are written."""

    def __init__(self, text_of: TextOf) -> None:
        self._text_of = text_of
        self._texts: dict[bytes, bytes] = {}
        """Of files that this answer edits, as they will be then."""
        self._tool = self._key = b""
        self._arguments: dict[bytes, bytes] = {}
        self._written = b""
        """Of the value of `_key`; without one what came behind the last tag."""

    def allows(self, piece: bytes) -> bool:
        """Whether the answer may go on with `piece`."""
        text = self._text if self._key == b"old_string" else b""
        return not text or not _fits(self._written, text) or _fits(self._written + piece, text)

    def advance(self, piece: bytes) -> None:
        """Take `piece`, whether allowed or not."""
        self._written += piece
        while self._key or _TAG.search(self._written):
            if self._key:
                value, end, rest = self._written.partition(_END)
                if not end:
                    return
                self._arguments[self._key] = value
                if self._key == b"new_string":
                    self._edit()
                self._key, self._written = b"", rest
            elif tag := _TAG.search(self._written):
                self._begin(*tag.groups())
                self._written = self._written[tag.end() :]
        self._written = self._written[-_LONGEST_TAG:]

    def _begin(self, kind: bytes, name: bytes) -> None:
        if kind == b"function":
            self._tool, self._arguments = name, {}
        elif self._tool == b"edit":
            self._key = name

    @property
    def _text(self) -> bytes:
        """The file that the call is about, or nothing."""
        path = self._arguments.get(b"file_path", b"")
        if path not in self._texts:
            text = self._text_of(path.decode("utf-8", "replace")) or ""
            self._texts[path] = text.replace("\r\n", "\n").encode()
        return self._texts[path]

    def _edit(self) -> None:
        """What the next call of this answer will find."""
        old, new = self._arguments.get(b"old_string", b""), self._arguments[b"new_string"]
        text = self._text
        if old and text.count(old) == 1:
            self._texts[self._arguments[b"file_path"]] = text.replace(old, new)


def _fits(written: bytes, text: bytes) -> bool:
    """Whether a value that begins so can be, or is, a passage that is in `text` once."""
    if written in text:
        return True
    value, end, _ = written.partition(_END)
    if end:
        return text.count(value) == 1
    ends = (n for n in range(1, len(_END)) if written.endswith(_END[:n]))
    return any(text.count(written[:-n]) == 1 for n in ends)


class QuotingConstraint:
    """The grammar of calls, with edits that quote their file."""

    def __init__(self, model: Model, calls: CallConstraint, text_of: TextOf) -> None:
        self._model = model
        self._calls = calls
        self._edits = QuotedEdits(text_of)

    @property
    def active(self) -> bool:
        return self._calls.active

    @property
    def opening(self) -> str:
        return self._calls.opening

    def accepts(self, token: int) -> bool:
        return self._edits.allows(self._model.piece(token)) and self._calls.accepts(token)

    def mask(self, candidates: Any) -> None:
        self._calls.mask(candidates)
        for n in range(candidates.size):
            candidate = candidates.data[n]
            if candidate.logit > float("-inf") and not self._edits.allows(self._model.piece(candidate.id)):
                candidate.logit = float("-inf")

    def advance(self, token: int) -> None:
        self._edits.advance(self._model.piece(token))
        self._calls.advance(token)
