from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from qwen_code.errors import ConfigurationError, ContextOverflow
from qwen_code.local.context import Context, ContextOptions, KvType
from qwen_code.local.engine import Cancel, Cancelled, Drawn, Ended, Engine, Evaluated, Request, Step
from qwen_code.local.lookahead import Lookahead
from qwen_code.local.model import Model
from qwen_code.local.sampling import Sampling
from tests.support.tiny_models import Architecture, TinyModel, needs_llama_cpp
from tests.unit.local.models import ARCHITECTURES, loaded, small_context

GREEDY = Sampling(temperature=0)
PLAIN = Sampling(temperature=0, repetition_penalty=1.0)


@contextmanager
def _engine(architecture: Architecture = "qwen3moe", **options: int) -> Generator[Engine]:
    engine = Engine(Model(TinyModel(architecture).build()), small_context(**options))
    try:
        yield engine
    finally:
        engine.close()


def _prompt(characters: int, start: int = 0) -> list[int]:
    """Some of this file, as tokens."""
    text = Path(__file__).read_text("utf-8") * (1 + (start + characters) // 1000)
    return loaded().tokenize(text[start : start + characters])


def _run(engine: Engine, request: Request, cancel: Cancel | None = None) -> list[Step]:
    steps: list[Step] = []
    engine.answer(request, steps.append, cancel or Cancel())
    return steps


def _drawn(steps: list[Step]) -> list[int]:
    return [step.token for step in steps if isinstance(step, Drawn)]


@needs_llama_cpp
def test_steps_come_in_order_and_add_up() -> None:
    with _engine(batch=64) as engine:
        prompt = _prompt(600)
        steps = _run(engine, Request(prompt, GREEDY, max_tokens=12))
        evaluated = [step for step in steps if isinstance(step, Evaluated)]
        assert [step.done for step in evaluated] == [*range(0, len(prompt), 64), len(prompt)]
        assert {(step.total, step.reused) for step in evaluated} == {(len(prompt), 0)}
        assert [type(step) for step in steps[len(evaluated) :]] == [Drawn] * 12 + [Ended]
        ended = steps[-1]
        assert isinstance(ended, Ended)
        assert (ended.reason, ended.evaluated, ended.drawn) == ("length", len(prompt), 12)
        text = "".join(step.text for step in steps if isinstance(step, Drawn))
        assert engine.model.text(_drawn(steps)).startswith(text)


@needs_llama_cpp
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_ten_turns_evaluate_nothing_twice(architecture: Architecture) -> None:
    with _engine(architecture, window=4096) as engine:
        conversation = new = _prompt(400)
        for turn in range(10):
            steps = _run(engine, Request(conversation, GREEDY, max_tokens=8, marks=[len(conversation) - 1]))
            ended = steps[-1]
            assert isinstance(ended, Ended)
            # The token drawn last is not evaluated before there is something to follow it.
            assert ended.evaluated == len(new) + (1 if turn else 0)
            new = _prompt(60, start=50 * turn)
            conversation = [*conversation, *_drawn(steps), *new]
        assert engine.evaluated_total == len(conversation) - len(new) - 1


@needs_llama_cpp
def test_equal_seeds_draw_equal_tokens_and_others_do_not() -> None:
    prompt = _prompt(100)

    def draw(seed: int | None) -> list[int]:
        with _engine() as engine:
            return _drawn(_run(engine, Request(prompt, Sampling(temperature=1.5, seed=seed), max_tokens=24)))

    assert draw(7) == draw(7)
    assert draw(7) != draw(8)
    assert draw(None) != draw(None)


@needs_llama_cpp
def test_an_end_token_ends_the_answer_and_is_not_told() -> None:
    end = loaded().special_tokens["<|im_end|>"]
    with _engine() as engine:
        steps = _run(engine, Request(_prompt(50), Sampling(bias=((end, 100.0),)), max_tokens=5))
        assert _drawn(steps) == []
        assert isinstance(steps[-1], Ended)
        assert steps[-1].reason == "stop"


@needs_llama_cpp
def test_control_tokens_are_never_drawn() -> None:
    start = loaded().special_tokens["<|im_start|>"]
    with _engine() as engine:
        steps = _run(engine, Request(_prompt(50), Sampling(bias=((start, 100.0),)), max_tokens=5))
        assert start not in _drawn(steps)
        assert len(_drawn(steps)) == 5


@needs_llama_cpp
def test_characters_come_whole_also_when_their_bytes_are_several_tokens() -> None:
    forced = loaded().tokenize("日本 🎉 ok")
    assert len(forced) > 8
    with _engine() as engine:
        steps = _run(engine, Request(_prompt(50), GREEDY, max_tokens=len(forced), forced=forced))
        texts = [step.text for step in steps if isinstance(step, Drawn)]
        assert "".join(texts) == "日本 🎉 ok"
        assert "" in texts


@needs_llama_cpp
def test_a_prompt_that_leaves_no_room_for_an_answer_is_refused_before_it_is_read() -> None:
    with _engine(window=512) as engine:
        with pytest.raises(ContextOverflow, match=r"500 tokens and leaves no room .* holds 512") as caught:
            _run(engine, Request([5] * 500, GREEDY))
        assert caught.value.window == 512
        assert engine.evaluated_total == 0
        assert isinstance(_run(engine, Request([5] * 500, GREEDY, max_tokens=4))[-1], Ended)


@needs_llama_cpp
def test_an_answer_ends_where_the_window_does() -> None:
    with _engine(window=256) as engine:
        prompt = [5] * 180
        steps = _run(engine, Request(prompt, Sampling(temperature=1.0, seed=1)))
        ended = steps[-1]
        assert isinstance(ended, Ended)
        if ended.reason == "length":
            assert len(_drawn(steps)) == 256 - 180


@needs_llama_cpp
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_cancelled_prompt_keeps_what_was_read_and_the_next_answer_is_right(
    architecture: Architecture,
) -> None:
    prompt = _prompt(6000)
    with _engine(architecture, window=4096, batch=128) as engine:
        cancel = Cancel()

        def tell(step: Step) -> None:
            if isinstance(step, Evaluated) and step.done >= 512:
                threading.Timer(0.005, cancel.set).start()

        with pytest.raises(Cancelled):
            engine.answer(Request(prompt, GREEDY, max_tokens=1), tell, cancel)
        kept = len(engine.memory.tracks[0].tokens)
        assert 512 <= kept < len(prompt)
        assert engine.context.last_position(0) == kept - 1
        steps = _run(engine, Request(prompt, GREEDY, max_tokens=4))
        assert isinstance(steps[-1], Ended)
        assert steps[-1].evaluated == len(prompt) - kept
        ours = engine.context.logits()[: engine.model.vocabulary_size]
        with _engine(architecture, window=4096, batch=128) as fresh:
            _run(fresh, Request([*prompt, *_drawn(steps)[:3]], GREEDY, max_tokens=1))
            expected = fresh.context.logits()[: engine.model.vocabulary_size]
        assert max(abs(a - b) for a, b in zip(ours, expected, strict=True)) < 1.0


@needs_llama_cpp
def test_a_request_cancelled_before_it_begins_does_nothing() -> None:
    cancel = Cancel()
    cancel.set()
    with _engine() as engine:
        with pytest.raises(Cancelled):
            _run(engine, Request(_prompt(300), GREEDY), cancel)
        assert engine.evaluated_total == 0


@needs_llama_cpp
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_cancelling_while_it_writes_loses_no_token(architecture: Architecture) -> None:
    prompt = _prompt(200)
    with _engine(architecture) as engine:
        cancel, drawn = Cancel(), list[int]()

        def tell(step: Step) -> None:
            if isinstance(step, Drawn):
                drawn.append(step.token)
                if len(drawn) == 10:
                    cancel.set()

        with pytest.raises(Cancelled):
            engine.answer(Request(prompt, GREEDY, max_tokens=50), tell, cancel)
        assert len(drawn) == 10
        steps = _run(engine, Request([*prompt, *drawn, 7, 8], GREEDY, max_tokens=1))
        assert isinstance(steps[-1], Ended)
        assert steps[-1].evaluated == 2


@needs_llama_cpp
@pytest.mark.parametrize("kv_type", ["f16", "q8_0", "q4_0"])
def test_keys_and_values_can_be_quantised(kv_type: KvType) -> None:
    options = ContextOptions(1024, threads=1, kv_type=kv_type)
    engine = Engine(Model(TinyModel("qwen3moe").build()), options)
    assert len(_drawn(_run(engine, Request(_prompt(100), GREEDY, max_tokens=3)))) == 3
    engine.close()


@needs_llama_cpp
def test_yarn_stretches_the_window() -> None:
    options = ContextOptions(65536, threads=1, yarn_from=32768)
    engine = Engine(Model(TinyModel("qwen3").build()), options)
    assert engine.window == 65536
    assert len(_drawn(_run(engine, Request(_prompt(100), GREEDY, max_tokens=3)))) == 3
    engine.close()


@needs_llama_cpp
def test_a_context_that_does_not_fit_into_memory_gets_a_sentence() -> None:
    program = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from qwen_code.errors import ConfigurationError\n"
        "from qwen_code.local.context import Context, ContextOptions, KvType\n"
        "from qwen_code.local.model import Model\n"
        "model = Model(Path(sys.argv[1]))\n"
        "used = int(Path('/proc/self/statm').read_text().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (used + 20_000_000,) * 2)\n"
        "try:\n"
        "    Context(model, ContextOptions(32768, threads=1))\n"
        "except ConfigurationError as error:\n"
        "    print(error)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, str(TinyModel("qwen3").build())],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "A context of 32,768 tokens with f16 keys and values does not fit into memory" in ran.stdout
    assert "Use a smaller context window, or kvType q8_0." in ran.stdout


@needs_llama_cpp
def test_a_window_beyond_what_the_model_was_trained_for_is_refused_unless_it_is_stretched() -> None:
    with pytest.raises(ConfigurationError, match=r"was trained for 32,768 tokens, and 65,536 were asked for"):
        Context(loaded("qwen3"), ContextOptions(65536, threads=1))
    with pytest.raises(ConfigurationError, match=r"at most 131,072"):
        Context(loaded("qwen3"), ContextOptions(2**31 - 1, threads=1, yarn_from=32768))


@needs_llama_cpp
def test_what_is_known_to_come_is_evaluated_at_once_and_the_model_goes_on_behind_it() -> None:
    prompt, known = _prompt(300), _prompt(260, start=900)
    expected = known + _answers_behind([*prompt, *known], 6)
    asked = 0

    def ahead(_: Lookahead) -> list[int]:
        nonlocal asked
        asked += 1
        return known if asked == 1 else []

    with _engine(batch=64) as engine:
        batches = _counted(engine)
        steps = _run(engine, Request(prompt, PLAIN, max_tokens=len(expected), ahead=ahead))
        assert _drawn(steps) == expected
        reading, behind = -(-len(prompt) // 64), -(-len(known) // 64)
        assert len(batches) == reading + behind + 5
        assert engine.memory.tracks[0].tokens == [*prompt, *expected[:-1]]


@needs_llama_cpp
def test_an_answer_may_end_within_what_is_known_to_come() -> None:
    prompt, known = _prompt(300), _prompt(260, start=900)
    with _engine(batch=64) as engine:
        steps = _run(engine, Request(prompt, PLAIN, max_tokens=20, ahead=lambda _: known))
        assert _drawn(steps) == known[:20]
        assert engine.memory.tracks[0].tokens == [*prompt, *known[:19]]
        cancel = Cancel()

        def broken_off(_: Lookahead) -> list[int]:
            cancel.set()
            return known

        with pytest.raises(Cancelled):
            _run(engine, Request([*prompt, 5], PLAIN, max_tokens=20, ahead=broken_off), cancel)
        assert engine.memory.tracks[0].tokens == [*prompt, 5]


def _answers_behind(prompt: list[int], count: int) -> list[int]:
    with _engine(batch=64) as engine:
        return _drawn(_run(engine, Request(prompt, PLAIN, max_tokens=count)))


def _counted(engine: Engine) -> list[int]:
    """Gets the size of each batch that is evaluated."""
    sizes, decode = list[int](), engine.context.decode

    def counting(tokens: Sequence[int], position: int, sequence: int) -> int:
        sizes.append(len(tokens))
        return decode(tokens, position, sequence)

    engine.context.decode = counting  # pyright: ignore[reportAttributeAccessIssue]
    return sizes
