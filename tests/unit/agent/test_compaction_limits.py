from __future__ import annotations

import asyncio
import re
from pathlib import Path

from qwen_code.chunks import BadCall, Finish
from qwen_code.errors import ExitCode
from qwen_code.events import Compacted, Corrected, Event, Outcome, ToolFinished
from qwen_code.messages import Usage
from tests.support.agents import Step, ended, play
from tests.support.windows import (
    WindowedBackend,
    changes,
    compactions,
    continues,
    counting,
    looks,
    run,
    says,
    windowed_agent,
    words,
)


def test_a_window_smaller_than_the_server_says_is_learnt_from_its_refusal(tmp_path: Path) -> None:
    for tells in (True, False):
        backend = WindowedBackend(counting(60, 500, say=250), 12_000, claims=131_072, tells=tells)
        events = run(backend, tmp_path)
        assert ended(events).outcome is Outcome.DONE
        assert len(backend.refused) == 1
        assert compactions(events)[0].before >= 11_000


def test_a_prompt_larger_than_the_window_is_said_to_be_in_a_sentence_with_a_remedy(tmp_path: Path) -> None:
    backend = WindowedBackend(lambda n: says("Never."), 8_192)
    end = ended(run(backend, tmp_path, words(30_000)))
    assert end.outcome.exit_code is ExitCode.FAILED
    assert "the model's window holds 8,192" in end.detail
    assert "name that file" in end.detail
    assert not backend.prompts


def test_a_refused_first_prompt_ends_with_the_servers_words_and_the_remedy(tmp_path: Path) -> None:
    backend = WindowedBackend(lambda n: says("Never."), 1_000)
    end = ended(run(backend, tmp_path, words(1_500)))
    assert end.detail.startswith("The server holds fewer tokens. Put the text into a file")


def test_results_of_one_answer_are_cut_to_what_the_window_takes_and_kept_whole(tmp_path: Path) -> None:
    texts = [words(5_000, n) for n in range(8)]
    looked = [(5_000, n) for n in range(8)]

    def answer(number: int) -> Step:
        return [looks((1_500, 9)), looks((1_500, 8)), looks(*looked), says("Done.")][number]

    backend = WindowedBackend(answer, 16_384)
    events = run(backend, tmp_path)
    assert ended(events).outcome is Outcome.DONE
    assert not backend.refused
    results = [m.text for m in backend.prompts[-1].messages if m.role == "tool"][-8:]
    for text, whole in zip(results, texts, strict=True):
        saved = re.search(r"the whole output is in (\S+?)[,\]]", text)
        assert saved is not None
        assert Path(saved[1]).read_text() == whole
    told = [e.for_model for e in events if isinstance(e, ToolFinished)][-8:]
    assert sorted(told) == sorted(results)


def test_a_model_that_plans_anew_after_every_compaction_is_stopped(tmp_path: Path) -> None:
    def answer(number: int) -> Step:
        return looks((500, number % 7), say=words(300, number))

    backend = WindowedBackend(answer, 16_384)
    events = run(backend, tmp_path)
    end = ended(events)
    assert end.outcome is Outcome.LOOP
    assert "without changing a file" in end.detail
    assert len(compactions(events)) <= 4
    assert [e.reason for e in events if isinstance(e, Corrected)] == ["loop"]


def test_work_that_changes_files_is_no_loop(tmp_path: Path) -> None:
    def answer(number: int) -> Step:
        if number >= 100:
            return says("Done.")
        if number % 10 == 9:
            return changes(f"t{number}")
        return looks((500, number % 10), say=words(300, number))

    backend = WindowedBackend(answer, 16_384)
    events = run(backend, tmp_path)
    assert ended(events).outcome is Outcome.DONE
    assert len(compactions(events)) >= 4


def test_a_window_too_small_for_the_work_ends_the_turn_and_not_in_a_circle(tmp_path: Path) -> None:
    def answer(number: int) -> Step:
        return looks(*((1_000, 8 * number + n) for n in range(8)), say=words(4_000, number))

    backend = WindowedBackend(answer, 8_192)
    events = run(backend, tmp_path)
    end = ended(events)
    assert end.outcome is Outcome.FAILED
    assert "too small for this task" in end.detail
    assert len(backend.prompts) < 12


def test_results_that_came_before_the_window_was_known_are_cut_when_it_is(tmp_path: Path) -> None:
    def answer(number: int) -> Step:
        return says("Done.") if number else looks(*((1_500, n) for n in range(8)))

    backend = WindowedBackend(answer, 8_192)
    events = run(backend, tmp_path)
    assert ended(events).outcome is Outcome.DONE
    assert not backend.refused
    assert continues(backend.prompts[0], backend.prompts[1])


def test_a_later_prompt_larger_than_the_window_is_cut_and_kept_whole(tmp_path: Path) -> None:
    backend = WindowedBackend(lambda n: says("So far.") if n == 6 else counting(30, 500)(n), 16_384)
    agent, _ = windowed_agent(backend, tmp_path)
    pasted = words(40_000, 7)

    async def turns() -> list[Event]:
        await play(agent, "Count the stars.")
        return await play(agent, pasted)

    events = asyncio.run(turns())
    assert ended(events).outcome is Outcome.DONE
    assert not backend.refused
    files = [path.read_text() for path in (tmp_path / "outputs").iterdir()]
    assert pasted in files


def test_references_that_leave_no_room_are_not_enough(tmp_path: Path) -> None:
    def answer(number: int) -> Step:
        return says("So far.") if number == 6 else counting(30, 1_400, say=0)(number)

    backend = WindowedBackend(answer, 12_288)
    agent, _ = windowed_agent(backend, tmp_path)

    async def turns() -> list[Event]:
        await play(agent, "Count the stars.")
        return await play(agent, words(40_000, 7))

    events = asyncio.run(turns())
    assert ended(events).outcome is Outcome.DONE
    assert not backend.refused


def test_a_task_that_nearly_fills_the_window_is_cut_when_its_work_needs_the_room(tmp_path: Path) -> None:
    backend = WindowedBackend(counting(5, 900), 16_384)
    events = run(backend, tmp_path, words(15_500))
    assert ended(events).outcome is Outcome.DONE
    assert not backend.refused
    assert "the whole output is in" in backend.prompts[-1].messages[0].text


def test_an_answer_that_the_window_cut_off_is_given_more_room(tmp_path: Path) -> None:
    cut = False

    def answer(number: int) -> Step:
        nonlocal cut
        if number < 12:
            return looks((600, number), say=words(100, number + 500))
        if not cut:
            cut = True
            return [
                BadCall("truncated", "The call of change was cut off."),
                Finish("length", Usage(11_000, 0, 1_200)),
            ]
        return says("Written.")

    backend = WindowedBackend(answer, 12_288)
    events = run(backend, tmp_path)
    assert ended(events).outcome is Outcome.DONE
    (done,) = compactions(events)
    assert done.before < 11_000
    kinds = [type(e) for e in events if isinstance(e, (Corrected, Compacted))]
    assert kinds == [Corrected, Compacted]
