from __future__ import annotations

import random
from collections.abc import Generator, Sequence
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_code.local.context import DECODED, NO_ROOM, Context
from qwen_code.local.memory import Memory, common_length, least_useful
from tests.support.tiny_models import Architecture, needs_llama_cpp
from tests.unit.local.models import ARCHITECTURES, loaded, small_context

WRONG = 1.0
"""Logits of the tiny models have a deviation of about one; those of another history differ by several.
Evaluating in other portions alone moves them by less than a tenth."""


class Bench:
    """A context whose answers are compared with those of one that remembers nothing."""

    def __init__(
        self, architecture: Architecture, window: int, sequences: int, checkpoint_bytes: int
    ) -> None:
        self.model = loaded(architecture)
        self.context = Context(self.model, small_context(window, sequences=sequences))
        self.memory = Memory(self.context, checkpoint_bytes=checkpoint_bytes)
        self.forgetful = Context(self.model, small_context(window))

    def ask(self, tokens: Sequence[int], marks: Sequence[int] = ()) -> int:
        """How many tokens were evaluated to get the logits behind `tokens`, which must be the right ones."""
        track = self.memory.enter(tokens)
        start = len(track.tokens)
        if start in marks:
            self.memory.mark(track)
        for stop in [*(mark for mark in marks if start < mark < len(tokens)), len(tokens)]:
            while len(track.tokens) < stop:
                chunk = tokens[len(track.tokens) : min(stop, len(track.tokens) + 64)]
                result = self.context.decode(chunk, len(track.tokens), track.id)
                if result == NO_ROOM and self.memory.make_room(track):
                    continue
                assert result == DECODED
                track.tokens += chunk
            if stop < len(tokens):
                self.memory.mark(track)
        assert self._difference(tokens) < WRONG
        return len(tokens) - start

    def lengths(self) -> list[int]:
        return [len(track.tokens) for track in self.memory.tracks]

    def _difference(self, tokens: Sequence[int]) -> float:
        size = self.model.vocabulary_size
        ours = self.context.logits()[:size]
        self.forgetful.remove_from(0, 0)
        for start in range(0, len(tokens), 64):
            assert self.forgetful.decode(tokens[start : start + 64], start, 0) == DECODED
        return max(abs(a - b) for a, b in zip(ours, self.forgetful.logits()[:size], strict=True))


@contextmanager
def _bench(
    architecture: Architecture, *, window: int = 2048, sequences: int = 3, checkpoint_bytes: int = 10**8
) -> Generator[Bench]:
    bench = Bench(architecture, window, sequences, checkpoint_bytes)
    try:
        yield bench
    finally:
        bench.context.close()
        bench.forgetful.close()


def _tokens(count: int, seed: int) -> list[int]:
    return random.Random(seed).choices(range(2000), k=count)


OPENING = _tokens(120, 0)


@needs_llama_cpp
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_what_goes_on_where_memory_ends_evaluates_only_what_is_new(architecture: Architecture) -> None:
    with _bench(architecture) as bench:
        conversation = OPENING + _tokens(80, 1)
        assert bench.ask(conversation) == 200
        for turn in range(5):
            conversation += _tokens(7, 10 + turn)
            assert bench.ask(conversation) == 7


@needs_llama_cpp
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_rewind_to_a_mark_evaluates_only_what_follows_it(architecture: Architecture) -> None:
    with _bench(architecture) as bench:
        first = OPENING + _tokens(150, 1)
        bench.ask(first, [120])
        bench.ask(first + _tokens(150, 2), [270])
        assert bench.ask(first + _tokens(20, 3)) == 20
        assert bench.ask(OPENING + _tokens(30, 4)) == 30


@needs_llama_cpp
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_asking_the_same_again_evaluates_little(architecture: Architecture) -> None:
    with _bench(architecture) as bench:
        prompt = OPENING + _tokens(50, 1)
        bench.ask(prompt, [167])
        assert bench.ask(prompt) == (3 if architecture == "qwen3next" else 1)


@needs_llama_cpp
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_another_conversation_beside_it_does_not_cost_the_main_one(architecture: Architecture) -> None:
    with _bench(architecture) as bench:
        main = OPENING + _tokens(200, 1)
        bench.ask(main, [120, 300])
        side = OPENING + _tokens(100, 2)
        assert bench.ask(side, [120]) == 100
        foreign = _tokens(90, 3)
        assert bench.ask(foreign) == 90
        assert bench.ask(main + _tokens(5, 4)) == 5
        assert bench.ask(side + _tokens(6, 5)) == 6


@needs_llama_cpp
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_when_room_runs_out_the_least_recently_used_conversation_goes(architecture: Architecture) -> None:
    with _bench(architecture, window=512) as bench:
        bench.ask(_tokens(200, 1))
        bench.ask(_tokens(150, 2))
        assert bench.ask(_tokens(300, 3)) == 300
        assert sorted(bench.lengths()) == [0, 150, 300]


@needs_llama_cpp
def test_one_sequence_is_cut_in_place() -> None:
    with _bench("qwen3moe", sequences=1) as bench:
        bench.ask(OPENING + _tokens(200, 1))
        assert bench.ask(OPENING + _tokens(10, 2)) == 10
        assert bench.lengths() == [130]


@needs_llama_cpp
def test_a_running_state_without_a_checkpoint_is_evaluated_anew() -> None:
    with _bench("qwen3next") as bench:
        bench.ask(OPENING + _tokens(30, 1))
        assert bench.ask(OPENING + _tokens(20, 2)) == 140


@needs_llama_cpp
def test_checkpoints_stay_within_their_bytes_and_keep_the_first_and_the_last() -> None:
    with _bench("qwen3next") as bench:
        bench.ask(OPENING, [60])
        one = len(bench.memory.tracks[0].checkpoints[0].state)
    with _bench("qwen3next", checkpoint_bytes=4 * one) as bench:
        conversation = _tokens(400, 1)
        bench.ask(conversation, range(20, 400, 20))
        lengths = [c.length for c in bench.memory.tracks[0].checkpoints]
        assert len(lengths) == 4
        assert lengths[0] == 20
        assert lengths[-1] == 380
        assert bench.ask(conversation[:380] + _tokens(9, 2)) == 9


@given(st.lists(st.integers(0, 3), max_size=40), st.lists(st.integers(0, 3), max_size=40))
def test_the_common_beginning_is_found_as_by_looking_at_each(a: list[int], b: list[int]) -> None:
    expected = 0
    while expected < min(len(a), len(b)) and a[expected] == b[expected]:
        expected += 1
    assert common_length(a, b) == expected
    assert common_length(a + b, a) == len(a)


@given(st.lists(st.integers(1, 10**6), min_size=3, max_size=20, unique=True).map(sorted))
def test_the_checkpoint_that_is_dropped_is_neither_the_first_nor_the_last(lengths: list[int]) -> None:
    assert 0 < least_useful(lengths) < len(lengths) - 1


def test_close_checkpoints_far_back_are_dropped_first() -> None:
    assert least_useful([100, 110, 9000, 9500, 10000]) == 1
