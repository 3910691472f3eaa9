"""Finds what a model holds for most likely among what may be said, without saying any of it.

Drawing token by token takes the likeliest beginning, however unlikely all that can come behind it. Here whole
texts compete. The search is best-first: no text can be likelier than its beginning, so the first that is
complete is the likeliest, and only what is nearly as likely is ever looked at.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, Generic, TypeAlias, TypeVar

T = TypeVar("T")

Logits: TypeAlias = Callable[[Sequence[int]], Any]
"""What the model says behind tokens: an array, a logit for each token."""


@dataclass(frozen=True, slots=True)
class Choice(Generic[T]):
    """One way to go on. Of those that are offered together none begins with all of another's tokens."""

    tokens: Sequence[int]
    then: Callable[[], Sequence[Choice[T]]] | None = None
    """What may follow; nothing does where this is None, or gives nothing."""
    value: T | None = None
    """What has been said then, if nothing follows."""
    surprise: float = 0.0
    """What speaks against it besides, which counts as if the model had said it: at least 0."""


def most_likely(choices: Sequence[Choice[T]], logits: Logits) -> Iterator[T]:
    """The values of all that may be said, likeliest first: a beginning has what its ends have together.

    Args:
        choices: the ways to begin.
        logits: asked for as few beginnings as can be.
    """
    order = count()
    # Surprise so far, which is least for what is looked at next; ties in the order in which they came up.
    queue: list[tuple[float, int, Sequence[int], Sequence[Choice[T]], int]] = []

    def offer(surprise: float, said: Sequence[int], ways: Sequence[Choice[T]], done: int = 0) -> None:
        if ways:
            heapq.heappush(queue, (surprise, next(order), said, ways, done))

    offer(0.0, (), choices)
    while queue:
        surprise, _, said, ways, done = heapq.heappop(queue)
        if len(ways) == 1:
            (choice,) = ways
            if choice.surprise:
                offer(surprise + choice.surprise, said, [replace(choice, surprise=0.0)], done)
            elif choice.then is not None:
                offer(surprise, [*said, *choice.tokens[done:]], choice.then())
            elif choice.value is not None:
                yield choice.value
            continue
        for token, (more, some) in _by_next_token(ways, done, said, logits).items():
            offer(surprise + more, [*said, token], some, done + 1)


def _by_next_token(
    ways: Sequence[Choice[T]], done: int, said: Sequence[int], logits: Logits
) -> dict[int, tuple[float, list[Choice[T]]]]:
    """Ways to go on, each with the surprise of its token among all that come next here."""
    import numpy as np

    groups: defaultdict[int, list[Choice[T]]] = defaultdict(list)
    for choice in ways:
        groups[choice.tokens[done]].append(choice)
    if len(groups) == 1:
        return {token: (0.0, some) for token, some in groups.items()}
    values = logits(said)[list(groups)].astype(np.float64)
    surprises = np.logaddexp.reduce(values) - values
    return {token: (float(more), some) for (token, some), more in zip(groups.items(), surprises, strict=True)}
