"""Chooses the next token: penalties, top-k, top-p, temperature, and rejection by a grammar.

A grammar inside llama.cpp's sampler chain checks the whole vocabulary at every token (seconds at 152,000
entries). Here a token is chosen first and only that one is checked; when the grammar refuses it, the
choice is made again among the most likely tokens that it accepts.
"""

from __future__ import annotations

import ctypes
import random
from collections import deque
from dataclasses import dataclass
from typing import Any, Protocol

from qwen_code.errors import BackendError
from qwen_code.local import ffi
from qwen_code.local.context import Context
from qwen_code.local.model import Model

_PENALTY_WINDOW = 64
"""Tokens that the repetition penalty looks back on, as in llama.cpp."""
_WIDER_CHOICE = 1024
"""Candidates shown to the grammar when it refused the most likely ones, before the whole vocabulary."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How to choose. The defaults are those that Qwen recommends for Qwen3-Coder-30B-A3B-Instruct."""

    temperature: float = 0.7
    """0 takes the most likely token always."""
    top_p: float = 0.8
    top_k: int = 20
    repetition_penalty: float = 1.05
    seed: int | None = None
    """None draws a new one for each answer."""
    bias: tuple[tuple[int, float], ...] = ()
    """(token, added to its logit)."""


_GROUPS = 64
"""Rows into which the vocabulary is folded to find its largest logits."""


class GrammarExhausted(BackendError):
    """No token satisfies the constraint: a grammar with a dead end."""


class Constraint(Protocol):
    """Says which tokens may come next; see `qwen_code.local.call_grammar`."""

    @property
    def active(self) -> bool:
        """False while anything may come."""
        ...

    @property
    def held(self) -> bool:
        """Whether what is written is a call, or a document, of which the constraint knows the grammar."""
        ...

    @property
    def opening(self) -> str:
        """What had been written of the constrained text when the constraint became active."""
        ...

    def accepts(self, token: int) -> bool: ...

    def mask(self, candidates: Any) -> None:
        """Set the logit of every candidate that may not come to minus infinity."""
        ...

    def advance(self, token: int) -> None: ...


class Sampler:
    """Draws the tokens of one answer. Close it when the answer ends."""

    def __init__(self, model: Model, sampling: Sampling, constraint: Constraint | None = None) -> None:
        import numpy as np

        self._library = lib = ffi.library()
        self._sampling = sampling
        self._constraint = constraint
        self._recent: deque[int] = deque(maxlen=_PENALTY_WINDOW)
        self._size = size = model.vocabulary_size
        self._forbidden = np.array(sorted(model.control_tokens - model.end_tokens), np.int64)
        self._all_ids = np.arange(size, dtype=np.int32)
        padded = np.full(-(-size // _GROUPS) * _GROUPS, -np.inf, np.float32)
        self._logits = padded[:size]
        self._groups = padded.reshape(_GROUPS, -1)
        self._candidates = np.zeros(size, [("id", np.int32), ("logit", np.float32), ("p", np.float32)])
        self._address = self._candidates.ctypes.data_as(lib.llama_token_data_p)
        shortlist = 1 if sampling.temperature <= 0 else max(0, sampling.top_k)
        self._levels = [n for n in (shortlist, _WIDER_CHOICE, size) if 0 < n <= size]
        self._draw = self._drawing_chain()

    def next(self, context: Context) -> int:
        """The token to follow what `context` evaluated last; it counts as taken.

        Raises:
            GrammarExhausted: the constraint allows nothing more, not even the end.
        """
        self._read_logits(context)
        return self.take(self._choose())

    def take(self, token: int) -> int:
        """Count `token` as drawn, whoever chose it."""
        self._recent.append(token)
        if self._constraint is not None:
            self._constraint.advance(token)
        return token

    def close(self) -> None:
        if self._draw is not None:
            self._library.llama_sampler_free(self._draw)
        self._draw = None

    def _drawing_chain(self) -> Any:
        lib, sampling = self._library, self._sampling
        chain = lib.llama_sampler_chain_init(lib.llama_sampler_chain_default_params())
        if sampling.temperature <= 0:
            steps = [lib.llama_sampler_init_greedy()]
        else:
            seed = sampling.seed if sampling.seed is not None else random.getrandbits(32)
            steps = [
                lib.llama_sampler_init_top_p(sampling.top_p, 1),
                lib.llama_sampler_init_temp(sampling.temperature),
                lib.llama_sampler_init_dist(seed & 0xFFFFFFFF),
            ]
        for step in steps:
            lib.llama_sampler_chain_add(chain, step)
        return chain

    def _read_logits(self, context: Context) -> None:
        import numpy as np

        logits = self._logits
        np.copyto(logits, np.ctypeslib.as_array(context.logits(), (self._size,)))
        logits[self._forbidden] = -np.inf
        for token, added in self._sampling.bias:
            logits[token] += added
        penalty = self._sampling.repetition_penalty
        if penalty != 1.0 and self._recent:
            seen = np.fromiter(set(self._recent), np.int64)
            values = logits[seen]
            logits[seen] = np.where(values > 0, values / penalty, values * penalty)

    def _choose(self) -> int:
        constraint = self._constraint
        if constraint is None or not constraint.active:
            return self._drawn(self._shortlist(self._levels[0]))
        most_likely = self._shortlist(self._levels[0])
        kept = self._candidates[: most_likely.size].copy()
        token = self._drawn(most_likely)
        if constraint.accepts(token):
            return token
        self._candidates[: len(kept)] = kept
        candidates = self._array(len(kept))
        for level in (*self._levels[1:], 0):
            constraint.mask(candidates)
            if allowed := self._drop_masked(candidates.size):
                return self._drawn(self._array(allowed))
            if level:
                candidates = self._shortlist(level)
        raise GrammarExhausted(
            "The model can't go on within the grammar of tool calls. Try again, or turn the grammar off."
        )

    def _shortlist(self, size: int) -> Any:
        """The `size` most likely tokens as candidates, the most likely first."""
        import numpy as np

        ids = self._all_ids if size >= self._size else self._top(size)
        order = np.argsort(-self._logits[ids], kind="stable")[:size] if size < self._size else slice(None)
        chosen = ids[order]
        self._candidates["id"][: len(chosen)] = chosen
        self._candidates["logit"][: len(chosen)] = self._logits[chosen]
        return self._array(len(chosen))

    def _top(self, size: int) -> Any:
        """Ids of at least the `size` most likely tokens, in any order.

        The vocabulary is looked at in groups: the `size`-th largest of their maxima is a bound that the
        tokens sought reach, and few others do. Five times as fast as a partial sort of 152,000 logits.
        """
        import numpy as np

        maxima = self._groups.max(axis=0)
        if size * 2 > len(maxima):
            return np.argpartition(-self._logits, size)[:size]
        bound = np.partition(maxima, len(maxima) - size)[len(maxima) - size]
        return np.flatnonzero(self._logits >= bound)

    def _drop_masked(self, size: int) -> int:
        """Close the gaps that the constraint left among `size` candidates; returns how many remain."""
        candidates = self._candidates[:size]
        allowed = candidates[candidates["logit"] > float("-inf")]
        self._candidates[: len(allowed)] = allowed
        return len(allowed)

    def _array(self, size: int) -> Any:
        return self._library.llama_token_data_array(data=self._address, size=size, selected=-1, sorted=False)

    def _drawn(self, candidates: Any) -> int:
        self._library.llama_sampler_apply(self._draw, ctypes.byref(candidates))
        return int(self._candidates["id"][candidates.selected])
