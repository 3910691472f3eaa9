from __future__ import annotations

from collections.abc import Generator

import numpy as np
import pytest

from qwen_code.local.context import Context, ContextOptions
from qwen_code.local.lookahead import Lookahead, NoLookahead
from qwen_code.local.memory import Track
from qwen_code.local.model import Model
from tests.support.tiny_models import TinyModel, needs_llama_cpp

pytestmark = needs_llama_cpp

SAID = list(range(300, 360))


@pytest.fixture(scope="module")
def model() -> Generator[Model]:
    model = Model(TinyModel("qwen3").build())
    yield model
    model.close()


@pytest.fixture
def context(model: Model) -> Generator[Context]:
    context = Context(model, ContextOptions(256, threads=1, batch=32, sequences=2, has_spare=True))
    yield context
    context.close()


def _track(context: Context, tokens: list[int], number: int = 0) -> Track:
    for start in range(0, len(tokens), 32):
        context.decode(tokens[start : start + 32], start, number)
    return Track(number, list(tokens))


def _said(context: Context, tokens: list[int]) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """What the model says behind tokens that are all evaluated anew."""
    context.remove_from(1, 0)
    _track(context, tokens, 1)
    logits = np.ctypeslib.as_array(context.logits(), (context.model.vocabulary_size,)).copy()
    context.remove_from(1, 0)
    return logits


def _close(one: object, other: object) -> bool:
    return bool(np.allclose(np.asarray(one), np.asarray(other), atol=0.02))


def test_it_says_what_the_model_would_say_behind_any_text(context: Context) -> None:
    ahead = Lookahead(context, _track(context, SAID), lambda: None)
    base = [*SAID[:40], 7, 8, 9]
    ahead.begin(base)
    for tokens in ([], [11], [11, 12, 13], [11, 12], [11, 14], [], list(range(400, 450)), [401]):
        assert _close(ahead.logits(tokens).copy(), _said(context, [*base, *tokens])), tokens


def test_the_conversation_goes_on_as_if_nothing_had_been_asked(context: Context) -> None:
    track = _track(context, SAID)
    ahead = Lookahead(context, track, lambda: None)
    ahead.begin(SAID[:20])
    ahead.logits([1, 2, 3])
    ahead.begin(SAID)
    ahead.logits([5])
    assert context.last_position(0) == len(SAID) - 1
    context.decode([17], len(SAID), 0)
    logits = np.ctypeslib.as_array(context.logits(), (context.model.vocabulary_size,)).copy()
    ahead.close()
    assert context.last_position(context.spare) == -1
    assert _close(logits, _said(context, [*SAID, 17]))


def test_where_there_is_no_room_that_is_said_and_nothing_is_lost(context: Context) -> None:
    ahead = Lookahead(context, _track(context, SAID), lambda: None)
    ahead.begin(SAID)
    with pytest.raises(NoLookahead):
        ahead.logits(list(range(300, 600)))
    assert context.last_position(context.spare) == -1
    assert context.last_position(0) == len(SAID) - 1


def test_it_can_be_broken_off_between_two_evaluations(context: Context) -> None:
    class Enough(Exception):
        pass

    asked = 0

    def check() -> None:
        nonlocal asked
        asked += 1
        if asked > 2:
            raise Enough

    ahead = Lookahead(context, _track(context, SAID), check)
    ahead.begin([*SAID, 1])
    ahead.logits([1])
    with pytest.raises(Enough):
        ahead.logits(list(range(400, 480)))
    ahead.close()
    assert context.last_position(context.spare) == -1


def test_a_token_can_be_asked_for_throughout_a_text(context: Context) -> None:
    track = _track(context, SAID[:45])
    ahead = Lookahead(context, track, lambda: None)
    for first in (0, 10, 50):
        found = ahead.throughout(SAID, first, 17)
        expected = [_said(context, SAID[: n + 1])[17] for n in range(first, len(SAID))]
        assert _close(found, expected)
    ahead.begin([*SAID, 9])
    assert _close(ahead.logits([3]).copy(), _said(context, [*SAID, 9, 3]))
