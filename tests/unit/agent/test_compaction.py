from __future__ import annotations

import asyncio
import re
from contextlib import aclosing
from pathlib import Path

import pytest

from qwen_code.agent.shortening import Facts
from qwen_code.chunks import CallChunk, Chunk, Finish, TextChunk
from qwen_code.errors import BackendError, ContextOverflow
from qwen_code.events import (
    Compacted,
    CompactionStarted,
    Event,
    Outcome,
    RequestStarted,
    ToolFinished,
    TurnEnded,
    WindowFilling,
)
from qwen_code.messages import Message, ToolCall, Usage
from tests.support.agents import Step, ended, play
from tests.support.windows import (
    SUMMARY,
    WindowedBackend,
    compactions,
    continues,
    counting,
    looks,
    run,
    says,
    tokens_of,
    windowed_agent,
    words,
)


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
