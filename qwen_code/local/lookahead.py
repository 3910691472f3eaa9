"""Asks a model how a conversation could go on, in a sequence beside the one that it goes on in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from qwen_code.errors import BackendError
from qwen_code.local.context import DECODED, Context
from qwen_code.local.memory import Track, common_length


class NoLookahead(BackendError):
    """There is no room to look ahead, or llama.cpp failed to."""


class Lookahead:
    """What a model would say behind texts that are never said; close it when the answer ends.

    Only for models whose memory can be cut at any token, in a context with a spare sequence.
    """

    def __init__(self, context: Context, track: Track, check: Callable[[], None]) -> None:
        """Look ahead from what `track` holds.

        Args:
            check: called before each evaluation; raises where the answer is not wanted any more.
        """
        self._context = context
        self._track = track
        self._check = check
        self._base = 0
        """Tokens of the base that the spare sequence shares with the conversation's."""
        self._last: list[int] = []
        """Those of the base that it does not."""
        self._held: list[int] = []
        """What it holds behind the shared ones."""

    def begin(self, base: Sequence[int]) -> None:
        """Look on from `base`, a beginning of the conversation and perhaps a few tokens more."""
        spare, context = self._context.spare, self._context
        self.close()
        shared = min(common_length(self._track.tokens, base), len(base) - 1)
        if shared:
            context.copy(self._track.id, spare)
            context.remove_from(spare, shared)
        self._base, self._last = shared, [*base[shared:]]

    def logits(self, tokens: Sequence[int]) -> Any:
        """How likely each token is behind the base and `tokens`: an array of float32, good until the next
        call.

        Raises:
            NoLookahead: see there.
        """
        import numpy as np

        behind = [*self._last, *tokens]
        kept = min(common_length(self._held, behind), len(behind) - 1)
        if kept < len(self._held):
            self._context.remove_from(self._context.spare, self._base + kept)
            del self._held[kept:]
        self._evaluate(behind[kept:])
        return np.ctypeslib.as_array(self._context.logits(), (self._context.model.vocabulary_size,))

    def throughout(self, tokens: Sequence[int], first: int, token: int) -> list[float]:
        """How likely `token` is behind each of `tokens` from number `first` on, as a logit; ends what was
        begun.

        Args:
            tokens: a beginning of the conversation.

        Raises:
            NoLookahead: see there.
        """
        import numpy as np

        size, found = self._context.model.vocabulary_size, list[float]()
        self.begin(tokens[: first + 1])
        self._evaluate(tokens[self._base : first])
        batch = self._context.options.batch
        for start in range(first, len(tokens), batch):
            part = tokens[start : start + batch]
            self._evaluate(part, throughout=True)
            rows = np.ctypeslib.as_array(self._context.all_logits(), (len(part), size))
            found += rows[:, token].tolist()
        self.close()
        return found

    def close(self) -> None:
        """Give back the room."""
        if self._held or self._base:
            self._context.remove_from(self._context.spare, 0)
        self._base, self._last, self._held = 0, [], []

    def _evaluate(self, tokens: Sequence[int], *, throughout: bool = False) -> None:
        size = self._context.options.batch
        for start in range(0, len(tokens), size):
            self._check()
            part = tokens[start : start + size]
            at = self._base + len(self._held)
            if self._context.decode(part, at, self._context.spare, throughout=throughout) != DECODED:
                self.close()
                raise NoLookahead("llama.cpp has no room to look ahead.")
            self._held.extend(part)
