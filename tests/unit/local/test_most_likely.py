from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_code.local.most_likely import Choice, most_likely

_SIZE = 6


class Model:
    """Says of each beginning how likely each token is, always the same, and counts how often it is asked."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.asked: list[tuple[int, ...]] = []

    def logits(self, tokens: Sequence[int]) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        self.asked.append(tuple(tokens))
        random = Random(f"{self.seed}/{list(tokens)}")
        return np.array([random.uniform(-6, 6) for _ in range(_SIZE)], np.float32)

    def surprise(self, said: Sequence[int], token: int, among: set[int]) -> float:
        """Of a token, if no other than those may come."""
        logits = self.logits(said)
        return math.log(sum(math.exp(logits[t] - logits[token]) for t in among))


def _ends(words: Sequence[str]) -> list[str]:
    """Words none of which begins with another, as an end mark would make them."""
    return [word for word in words if not any(word != other and word.startswith(other) for other in words)]


def _choice(text: str, *, then: Sequence[str] = ()) -> Choice[str]:
    tokens = [int(digit) for digit in text]
    if not then:
        return Choice(tokens, value=text)
    return Choice(tokens, then=lambda: [_behind(text, word) for word in then])


def _behind(text: str, word: str) -> Choice[str]:
    return Choice([int(digit) for digit in word], value=f"{text}/{word}")


def _surprise(model: Model, said: str, word: str, words: Sequence[str]) -> float:
    total = 0.0
    for n, digit in enumerate(word):
        among = {int(other[n]) for other in words if other[:n] == word[:n] and len(other) > n}
        if len(among) > 1:
            total += model.surprise([int(d) for d in said + word[:n]], int(digit), among)
    return total


_WORDS = st.lists(st.text("012345", min_size=1, max_size=4), min_size=1, max_size=12, unique=True).map(_ends)


@given(_WORDS, _WORDS, st.integers(0, 1000))
def test_texts_come_in_the_order_in_which_the_model_finds_them_likely(
    firsts: list[str], seconds: list[str], seed: int
) -> None:
    known = Model(seed)
    expected = {
        f"{first}/{second}": _surprise(known, "", first, firsts) + _surprise(known, first, second, seconds)
        for first in firsts
        for second in seconds
    }
    found = list(most_likely([_choice(first, then=seconds) for first in firsts], Model(seed).logits))
    assert sorted(found) == sorted(expected)
    order = [expected[value] for value in found]
    assert order == pytest.approx(sorted(order), abs=1e-4)


def test_only_what_may_be_next_is_asked_for() -> None:
    model = Model(3)
    words = [f"{a}{b}000{c}" for a in range(5) for b in range(5) for c in range(5)]
    found = most_likely(list(map(_choice, words)), model.logits)
    next(found)
    assert 0 < len(model.asked) < 10
    assert len(list(found)) == len(words) - 1
    assert sorted(set(model.asked)) == sorted(model.asked)


def test_what_speaks_against_a_choice_counts_as_if_the_model_had_said_it() -> None:
    plain = [_choice(digit) for digit in "012345"]
    order = list(most_likely(plain, Model(1).logits))
    first = replace(plain[int(order[0])], surprise=99.0)
    others = [choice for choice in plain if choice.value != order[0]]
    assert list(most_likely([first, *others], Model(1).logits)) == [*order[1:], order[0]]


def test_where_there_is_no_choice_nothing_is_asked() -> None:
    model = Model(0)
    assert list(most_likely([_choice("01234", then=["5432"])], model.logits)) == ["01234/5432"]
    assert not model.asked


def test_what_has_no_end_is_passed_over() -> None:
    dead: partial[list[Choice[str]]] = partial(list, ())
    choices: list[Choice[str]] = [Choice([1], then=dead), _choice("2")]
    assert list(most_likely(choices, Model(0).logits)) == ["2"]
    assert list(most_likely(choices[:0], Model(0).logits)) == []
