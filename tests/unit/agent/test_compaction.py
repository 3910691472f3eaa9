from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

import pytest

from qwen_code.agent.shortening import Facts
from qwen_code.chunks import BadCall, CallChunk, Chunk, Finish, TextChunk
from qwen_code.errors import BackendError, ContextOverflow, ExitCode
from qwen_code.events import (
    Compacted,
    CompactionStarted,
    Corrected,
    Event,
    Outcome,
    RequestStarted,
    ToolFinished,
    TurnEnded,
    WindowFilling,
)
from qwen_code.messages import Message, Prompt, ToolCall, Usage
from tests.support.agents import Step, ended, play
from tests.support.windows import (
    SUMMARY,
    WindowedBackend,
    changes,
    compactions,
    looks,
    says,
    tokens_of,
    windowed_agent,
    words,
)


def counting(steps: int, size: int, say: int = 40) -> Callable[[int], Step]:
    """`steps` answers of `say` tokens with a call whose result has `size`, then the end."""

    def answer(number: int) -> Step:
        if number >= steps:
            return says("All stars are counted.")
        return looks((size, number), say=words(say, number + 5000))

    return answer


def continues(before: Prompt, after: Prompt) -> bool:
    return after.messages[: len(before.messages)] == before.messages


def run(backend: WindowedBackend, folder: Path, prompt: str = "Count the stars.") -> list[Event]:
    agent, _ = windowed_agent(backend, folder)
    return asyncio.run(play(agent, prompt))


@pytest.mark.parametrize(("window", "size"), [(8_192, 250), (32_768, 900), (262_144, 7_000)])
def test_long_work_stays_within_the_window_whatever_its_size(window: int, size: int, tmp_path: Path) -> None:
    backend = WindowedBackend(counting(90, size, say=size // 2), window)
    events = run(backend, tmp_path)
    end, done = ended(events), compactions(events)
    assert (end.outcome, end.tool_calls) == (Outcome.DONE, 90)
    assert not backend.refused
    assert done
    assert {one.kind for one in done} >= {"summary"}
    for one in done:
        assert one.after < one.before / 2
        assert 0 < one.evaluated_again < one.after


def test_the_prefix_is_broken_by_announced_compactions_alone(tmp_path: Path) -> None:
    backend = WindowedBackend(counting(120, 500, say=250), 16_384)
    events = run(backend, tmp_path)
    pairs = list(zip(backend.prompts, backend.prompts[1:], strict=False))
    breaks = [(before, after) for before, after in pairs if not continues(before, after)]
    assert len(breaks) == len(compactions(events)) >= 3
    # the request for a summary goes on where the one before ended, and so costs next to nothing
    assert all(before in backend.summaries for before, _ in breaks)


def test_task_latest_exchanges_and_facts_stay_as_they_were(tmp_path: Path) -> None:
    backend = WindowedBackend(counting(40, 500, say=250), 16_384)
    facts = Facts(["stars.txt"], ["[x] count Orion", "[ ] count Lyra"], ["task-1: watch the sky"])
    agent, replaced = windowed_agent(backend, tmp_path, facts=facts)
    events = asyncio.run(play(agent, "Count the stars."))
    asked = backend.summaries[0]
    then = backend.prompts[backend.prompts.index(asked) + 1].messages
    assert then == tuple(replaced[0])
    assert then[0].text == "PREAMBLE\n\nCount the stars."
    summary, latest = then[1], then[2:]
    assert SUMMARY in summary.text
    for fact in ("stars.txt", "[x] count Orion", "[ ] count Lyra", "task-1: watch the sky"):
        assert fact in summary.text
    assert latest == asked.messages[-1 - len(latest) : -1]
    saved = Path(compactions(events)[0].saved_to)
    assert str(saved) in summary.text
    for message in asked.messages[1:-1]:
        assert message.text in saved.read_text()


def test_what_the_person_said_in_between_is_kept_in_their_words_through_two_compactions(
    tmp_path: Path,
) -> None:
    def answer(number: int) -> Step:
        return says("So far.") if number in (2, 70) else looks((500, number), say=words(250, number))

    backend = WindowedBackend(answer, 16_384)
    agent, replaced = windowed_agent(backend, tmp_path)

    async def turns() -> None:
        await play(agent, "Count the stars.")
        agent.steer("Never count the moon.\nNor the sun.")
        await play(agent, "Go on, but only in the north.")

    asyncio.run(turns())
    assert len(replaced) >= 2
    for messages in replaced:
        said = messages[1].text
        assert "- Go on, but only in the north.\n- Never count the moon.\n  Nor the sun." in said


def test_results_that_fill_the_window_are_replaced_by_references_that_lead_to_them(tmp_path: Path) -> None:
    backend = WindowedBackend(counting(40, 1000, say=0), 16_384)
    agent, replaced = windowed_agent(backend, tmp_path)
    events = asyncio.run(play(agent, "Count the stars."))
    first = compactions(events)[0]
    assert first.kind == "outputs"
    assert first.usage == Usage()
    rows = Path(first.saved_to).read_text().split("\n")
    references = [re.search(r"lines (\d+)-(\d+) of (\S+)\]", m.text) for m in replaced[0] if m.role == "tool"]
    found = [match for match in references if match]
    assert len(found) >= 10
    for number, match in enumerate(found):
        assert match[3] == Path(first.saved_to).name
        assert "\n".join(rows[int(match[1]) - 1 : int(match[2])]) == words(1000, number)
    assert str(first.saved_to) in replaced[0][-1].text


def test_references_are_not_worth_it_where_they_free_little(tmp_path: Path) -> None:
    backend = WindowedBackend(counting(60, 250, say=500), 16_384)
    events = run(backend, tmp_path)
    assert {one.kind for one in compactions(events)} == {"summary"}


CALL: list[Chunk] = [CallChunk(ToolCall("x", "look", {"size": 7})), Finish("tool_calls", Usage())]


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        ([CALL, CALL], "digest"),
        ([CALL, says(SUMMARY)], "summary"),
        ([[TextChunk(SUMMARY), *CALL]], "summary"),  # a call beside the summary
        ([says(""), says("")], "digest"),
        ([says("ok"), says("ok")], "digest"),
        ([says(words(20_000))], "summary"),  # longer than what it sums up
        ([[TextChunk("no "), BackendError("odd")]], "digest"),
        ([[ContextOverflow("no room")], [ContextOverflow("no room")]], "digest"),
    ],
    ids=["calls", "calls once", "calls too", "silent", "too short", "too long", "broken", "overflows"],
)
def test_any_answer_to_the_request_for_a_summary_leaves_a_conversation_to_go_on_with(
    answers: list[Step], kind: str, tmp_path: Path
) -> None:
    backend = WindowedBackend(counting(24, 500, say=250), 16_384, summary=lambda n: answers[n])
    events = run(backend, tmp_path)
    (done,) = compactions(events)
    assert (ended(events).outcome, done.kind) == (Outcome.DONE, kind)
    assert done.after < 6_000
    assert len(backend.summaries) == len(answers)
    assert not any(isinstance(e, ToolFinished) and e.call.arguments["size"] == 7 for e in events)
    # nothing of the summary is told as if it were an answer
    assert ended(events).text == "All stars are counted."


def test_what_a_summary_costs_is_counted(tmp_path: Path) -> None:
    backend = WindowedBackend(counting(24, 500, say=250), 16_384)
    events = run(backend, tmp_path)
    (done,) = compactions(events)
    assert done.usage.prompt_tokens == tokens_of(backend.summaries[0])
    assert ended(events).usage.prompt_tokens == sum(backend.sizes)


def test_the_meter_is_told_and_a_warning_comes_before(tmp_path: Path) -> None:
    backend = WindowedBackend(counting(24, 500, say=250), 16_384)
    events = run(backend, tmp_path)
    told = [event for event in events if isinstance(event, RequestStarted)]
    assert [event.prompt_tokens for event in told] == [tokens_of(p) for p in backend.answered]
    assert (told[0].window, told[-1].window) == (0, 16_384)
    kinds = [type(e) for e in events if isinstance(e, (WindowFilling, CompactionStarted, Compacted))]
    assert kinds == [WindowFilling, CompactionStarted, Compacted]


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


def test_a_conversation_is_shortened_on_request_and_told_what_to_keep(tmp_path: Path) -> None:
    backend = WindowedBackend(counting(12, 500), 131_072)
    agent, _ = windowed_agent(backend, tmp_path)

    async def scenario() -> list[Event]:
        await play(agent)
        async with aclosing(agent.compress("the numbers of Orion")) as events:
            return [event async for event in events]

    started, done, end = asyncio.run(scenario())
    assert isinstance(started, CompactionStarted)
    assert started.reason == "asked"
    assert isinstance(done, Compacted)
    assert done.kind == "summary"
    assert isinstance(end, TurnEnded)
    assert end.outcome is Outcome.DONE
    assert "the numbers of Orion" in backend.summaries[0].messages[-1].text
    assert tokens_of(agent.conversation.prompt()) == done.after


def test_nothing_is_shortened_where_nothing_would_be_gained(tmp_path: Path) -> None:
    agent, replaced = windowed_agent(WindowedBackend(lambda n: says("Four."), 131_072), tmp_path)

    async def scenario() -> list[Event]:
        await play(agent, "2+2?")
        async with aclosing(agent.compress()) as events:
            return [event async for event in events]

    (end,) = asyncio.run(scenario())
    assert isinstance(end, TurnEnded)
    assert "nothing to shorten" in end.detail
    assert not replaced


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


def test_an_interrupted_summary_changes_nothing(tmp_path: Path) -> None:
    backend = WindowedBackend(counting(24, 500, say=250), 16_384, summary=lambda n: [0.0] * 1000)
    agent, replaced = windowed_agent(backend, tmp_path)

    async def scenario() -> tuple[list[Message], TurnEnded]:
        last: Event | None = None
        before: list[Message] = []
        async with aclosing(agent.run("Count the stars.")) as events:
            async for event in events:
                if isinstance(event, CompactionStarted):
                    before = list(agent.conversation.messages)
                    agent.interrupt()
                last = event
        assert isinstance(last, TurnEnded)
        return before, last

    before, end = asyncio.run(scenario())
    assert end.outcome is Outcome.INTERRUPTED
    assert list(agent.conversation.messages) == before
    assert not replaced
