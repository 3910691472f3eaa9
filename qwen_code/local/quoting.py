"""Draws only tokens with which a call quotes its file and an answer does what its attempts have come to."""

from __future__ import annotations

from typing import Any

from qwen_code.local.constraint import CallConstraint
from qwen_code.local.due_calls import DueCalls
from qwen_code.local.gguf import GgufHeader
from qwen_code.local.lookahead import Lookahead
from qwen_code.local.model import Model
from qwen_code.local.quoted_edits import QuotedEdits

_NEVER = float("-inf")
_OPENER = b"<tool_call>"
_LONGEST_SENTENCE = 240
GIVEN_UP = b"Not done: I could not find the bug, and took my changes back."
"""What an answer says when all attempts are made: by then the model has read more than it was trained on."""
_DONE = b"Fixed "
"""How it begins to say that all tests pass. It goes on as it will, but calls nothing that would undo that."""


def quotes_files(header: GgufHeader) -> bool:
    """Whether a model declares that its edits quote files word by word."""
    return header.metadata.get("qwen_code.quotes_files") is True


class QuotingConstraint:
    """The grammar of calls, with edits that quote their file and are new, and with all calls that are due."""

    def __init__(self, model: Model, calls: CallConstraint, edits: QuotedEdits, due: DueCalls) -> None:
        self._model = model
        self._calls = calls
        self._edits = edits
        self._due = due
        self._said = b""
        """What the answer says before it calls anything."""

    @property
    def active(self) -> bool:
        return True

    @property
    def held(self) -> bool:
        return self._calls.held

    @property
    def opening(self) -> str:
        return self._calls.opening

    def ahead(self, lookahead: Lookahead) -> list[int]:
        """Tokens that come next whatever the model would say: calls that have to be made."""
        begins = not self._calls.active and not self._said
        if not begins and not self._edits.is_between:
            return []
        attempts = self._edits.attempts
        return self._due.next(lookahead) if attempts.tool and not attempts.may_talk else []

    def accepts(self, token: int) -> bool:
        return self._fits(token) and self._calls.accepts(token)

    def mask(self, candidates: Any) -> None:
        self._calls.mask(candidates)
        left = [n for n in range(candidates.size) if candidates.data[n].logit > _NEVER]
        refused = [n for n in left if not self._fits(candidates.data[n].id)]
        if len(refused) == len(left) and candidates.size == self._model.vocabulary_size:
            return  # at the end of a file a passage may be neither unique nor go on: the tool says so
        for n in refused:
            candidates.data[n].logit = _NEVER

    def advance(self, token: int) -> None:
        if not self._calls.active:
            self._said += self._model.piece(token)
        self._edits.advance(self._model.piece(token))
        self._calls.advance(token)

    @property
    def _is_told(self) -> bool:
        """Whether what it says is at its end: it knows sentences of one line."""
        return len(self._said) > _LONGEST_SENTENCE or b"\n" in self._said.lstrip(b"\n")

    def _fits(self, token: int) -> bool:
        attempts = self._edits.attempts
        if token in self._model.end_tokens:
            is_said = self._calls.active or self._said == GIVEN_UP or not attempts.is_over
            has_begun = self._said.startswith(_DONE) or not attempts.is_done
            return is_said and has_begun and (not attempts.tool or attempts.may_talk)
        piece = self._model.piece(token)
        if not self._calls.active:
            if attempts.is_over:
                return GIVEN_UP.startswith(self._said + piece)
            if attempts.is_done:
                said = self._said + piece
                return not self._is_told and (_DONE.startswith(said) or said.startswith(_DONE))
            must_call = attempts.tool and not attempts.may_talk
            return piece == _OPENER or not (must_call or self._is_told)
        if (attempts.is_over or attempts.has_to_be_read) and self._edits.is_between:
            return False
        return self._edits.allows(piece)
