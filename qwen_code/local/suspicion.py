"""Where a model thinks, while it reads a file, that something is wrong there.

A model may have been trained to tell that, by a token that is never said: how likely it is behind a token of
the file is how suspicious that token looks. It sees everything before it, what the failing test printed
included, but nothing behind it; the edit that the model would make sees all. Together they know more.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import TypeAlias

from qwen_code.local.edit_places import EditPlaces
from qwen_code.local.lookahead import Lookahead
from qwen_code.local.model import Model

WRONG = "<|wrong|>"
"""The token, a control token, in models that have it."""

Place: TypeAlias = tuple[bytes, int]
"""A path, and a place in that file in bytes."""


def suspicions(
    model: Model, lookahead: Lookahead, base: Sequence[int], files: Iterable[EditPlaces]
) -> Mapping[Place, float]:
    """How surprising it would be that something is wrong in a place, for all where an edit may begin.

    Args:
        base: the conversation. Where a file does not stand in it as it is now, nothing is known.

    Raises:
        NoLookahead: see there.
    """
    token = model.special_tokens.get(WRONG)
    if token is None:
        return {}
    pieces = [model.piece(each) for each in base]
    starts, said = [0, *accumulate(map(len, pieces))], b"".join(pieces)
    looks = dict[Place, float]()
    for file in files:
        shown = file.text.rstrip(b"\n")
        at = said.rfind(shown)
        if at < 0 or not shown:
            continue
        first, last = bisect_right(starts, at) - 1, bisect_right(starts, at + len(shown) - 1)
        logits = lookahead.throughout(base[:last], first, token)
        _, useful = file.useful
        for place in useful:
            if place < len(shown):
                looks[file.path, place] = logits[bisect_right(starts, at + place) - 1 - first]
    return _surprises(looks)


def _surprises(looks: Mapping[Place, float]) -> dict[Place, float]:
    """As a distribution over all places."""
    import numpy as np

    if not looks:
        return {}
    values = np.array(list(looks.values()), np.float64)
    return dict(zip(looks, (np.logaddexp.reduce(values) - values).tolist(), strict=True))
