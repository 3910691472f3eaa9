from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from qwen_code.agent.conversation import Conversation
from qwen_code.agent.shortening import (
    Facts,
    digest,
    tail_start,
    take_outputs,
    with_references,
    with_summary,
)
from qwen_code.messages import Message, ToolCall

TEXTS = st.text(alphabet="ab \n\r\u2028é", max_size=900)


@st.composite
def conversations(draw: st.DrawFn) -> list[Message]:
    """As the agent makes them: what a person or the program says, answers, and a result for each call."""
    conversation = Conversation("", ())
    conversation.add_user(draw(TEXTS))
    for step in draw(st.lists(st.sampled_from(["user", "harness", "answer", "calls"]), max_size=14)):
        if step in ("user", "harness"):
            conversation.add_user(draw(TEXTS), by_harness=step == "harness")
            continue
        count = draw(st.integers(1, 3)) if step == "calls" else 0
        calls = tuple(ToolCall(f"c{n}", "look", {"seed": n}) for n in range(count))
        answer = conversation.add_answer(Message("assistant", draw(TEXTS) or "x", tool_calls=calls))
        conversation.add_results({call.id: draw(TEXTS) for call in answer.tool_calls})
    return list(conversation.messages)


def is_valid(messages: list[Message]) -> bool:
    """Every call has its result, in order, before anything else is said."""
    waiting: list[str] = []
    for message in messages:
        if message.role == "tool":
            if not waiting or waiting.pop(0) != message.tool_call_id:
                return False
        elif waiting:
            return False
        waiting = waiting or [call.id for call in message.tool_calls]
    return not waiting


@given(conversations(), st.integers(0, 2_000))
def test_whatever_is_left_out_every_call_keeps_its_result(messages: list[Message], budget: int) -> None:
    start = tail_start(messages, budget)
    shortened = with_summary(
        messages, start, "sum", by_model=True, facts=Facts(), requests_budget=500, saved_to="f"
    )
    assert 1 <= start <= len(messages)
    assert is_valid(shortened)
    assert shortened[0] == messages[0]
    assert shortened[2:] == messages[start:]


@given(conversations())
def test_what_the_model_has_not_answered_is_never_left_out(messages: list[Message]) -> None:
    kept = messages[tail_start(messages, 0) :]
    for message in reversed(messages[1:]):
        if message.role == "assistant":
            break
        assert message in kept


@given(conversations())
def test_references_name_the_very_lines(messages: list[Message]) -> None:
    taken = take_outputs(messages, len(messages))
    rows = taken.text.split("\n")
    shortened = with_references(messages, taken, Path("/o/0001-tool-results.txt"))
    assert is_valid(shortened)
    for index, (first, last) in taken.lines.items():
        assert "\n".join(rows[first - 1 : last]) == messages[index].text
        assert f"lines {first}-{last} of 0001-tool-results.txt" in shortened[index].text


@given(conversations(), st.integers(0, 3_000))
def test_notes_made_without_a_model_keep_to_their_budget(messages: list[Message], budget: int) -> None:
    assert len(digest(messages, budget)) <= budget


def test_braces_in_what_was_said_are_text() -> None:
    said = [Message("user", "go"), Message("user", "use {summary} and {facts}"), Message("assistant", "ok")]
    text = with_summary(
        said, 2, "{whose} {x}", by_model=False, facts=Facts(["{y}"]), requests_budget=500, saved_to=""
    )[1].text
    for kept in ("{whose} {x}", "{y}", "use {summary} and {facts}", "the program's notes"):
        assert kept in text
