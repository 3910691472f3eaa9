from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_code.backends.answer import AnswerReader, ErrorEvent
from qwen_code.backends.attempt import Transient
from qwen_code.chunks import BadCall, CallChunk, CallStarted, Chunk, Finish, PrefillProgress, ReasoningChunk
from qwen_code.messages import Message, ToolCall, ToolSpec
from tests.support.chat_server import completion, delta
from tests.unit.backends.asking import TOOLS, calls_of, finish_of, prompt, text_of

XML = (
    "<tool_call>\n<function=read_file>\n<parameter=file_path>\na.py\n</parameter>\n</function>\n</tool_call>"
)


def read(
    *events: dict[str, Any] | bytes, tools: tuple[ToolSpec, ...] = TOOLS, together: bool = True
) -> list[Chunk]:
    """The chunks of an answer whose events come at once, or each alone."""
    reader = AnswerReader(prompt(tools=tools))
    payloads = [event if isinstance(event, bytes) else json.dumps(event).encode() for event in events]
    chunks: list[Chunk] = []
    for group in [payloads] if together else [[payload] for payload in payloads]:
        chunks += reader.feed(group)
    return chunks + reader.finish()


def native(index: int, identity: str, name: str, arguments: Any) -> dict[str, Any]:
    return delta(
        tool_calls=[{"index": index, "id": identity, "function": {"name": name, "arguments": arguments}}]
    )


@pytest.mark.parametrize("together", [True, False])
def test_text_reasoning_and_calls_come_in_their_order(together: bool) -> None:
    chunks = read(
        delta(role="assistant", content=None),
        delta(reasoning_content="Let me "),
        delta(reasoning_content="see."),
        delta(content="I "),
        delta(content="look."),
        native(0, "c1", "read_file", '{"file_path": '),
        delta(tool_calls=[{"index": 0, "function": {"arguments": '"a.py"}'}}]),
        delta("tool_calls"),
        b"[DONE]",
        together=together,
    )
    assert "".join(c.text for c in chunks if isinstance(c, ReasoningChunk)) == "Let me see."
    assert text_of(chunks) == "I look."
    assert calls_of(chunks) == [ToolCall("c1", "read_file", {"file_path": "a.py"})]
    kinds = list(dict.fromkeys(type(c).__name__ for c in chunks))
    assert kinds == ["ReasoningChunk", "TextChunk", "CallStarted", "CallChunk", "Finish"]
    assert finish_of(chunks).reason == "tool_calls"


def test_a_call_that_the_server_left_in_the_text_is_a_call() -> None:
    chunks = read(delta(content=f"I look.\n\n{XML}"), delta("stop"))
    assert [call.arguments for call in calls_of(chunks)] == [{"file_path": "a.py"}]
    assert text_of(chunks) == "I look."
    assert finish_of(chunks).reason == "tool_calls"


def test_a_call_sent_natively_and_in_the_text_runs_once() -> None:
    chunks = read(
        delta(content=XML), native(0, "c1", "read_file", '{"file_path": "a.py"}'), delta("tool_calls")
    )
    assert len(calls_of(chunks)) == 1
    assert not [c for c in chunks if isinstance(c, BadCall)]


def test_a_call_in_reasoning_counts_when_nothing_else_was_said() -> None:
    assert len(calls_of(read(delta(reasoning_content=f"I should look. {XML}"), delta("stop")))) == 1
    considered = read(
        delta(reasoning_content=f"I could {XML} but no."), delta(content="All is well."), delta("stop")
    )
    assert calls_of(considered) == []


def test_calls_are_acted_on_whatever_the_finish_reason_says() -> None:
    for reason in ("stop", "length", "tool_calls", "function_call", "eos", None):
        chunks = read(native(0, "c1", "glob", '{"pattern": "*"}'), delta(reason), b"[DONE]")
        assert len(calls_of(chunks)) == 1, reason
        assert finish_of(chunks).reason == "tool_calls"


def test_an_answer_cut_by_the_limit_says_so_and_its_open_call_is_lost() -> None:
    chunks = read(native(0, "c1", "read_file", '{"file_path": "a'), delta("length"))
    assert calls_of(chunks) == []
    assert [(c.kind, c.name) for c in chunks if isinstance(c, BadCall)] == [("truncated", "read_file")]
    assert finish_of(chunks).reason == "length"


def test_an_unknown_tool_and_a_wrong_schema_are_delivered_with_their_fault() -> None:
    chunks = read(
        native(0, "c1", "str_replace", "{}"), native(1, "c2", "read_file", "{}"), delta("tool_calls")
    )
    faults = {c.call_id: c.kind for c in chunks if isinstance(c, BadCall)}
    assert faults == {"c1": "unknown_tool", "c2": "schema"}
    assert [call.id for call in calls_of(chunks)] == ["c1", "c2"]


def test_calls_without_ids_get_ids_that_the_conversation_has_not_seen() -> None:
    earlier = Message("assistant", tool_calls=(ToolCall("call_1", "glob", {"pattern": "a"}),))
    reader = AnswerReader(prompt(Message("user", "x"), earlier, Message("tool", "", tool_call_id="call_1")))
    event = native(0, "", "glob", '{"pattern": "b"}')
    reader.feed([json.dumps(event).encode(), json.dumps(delta(content=XML)).encode()])
    ids = [call.id for call in calls_of(reader.finish())]
    assert "call_1" not in ids
    assert len(set(ids)) == len(ids) == 2


def test_a_whole_message_instead_of_deltas_is_taken() -> None:
    chunks = read(completion("I look.", [("read_file", '{"file_path": "a.py"}')]))
    assert text_of(chunks) == "I look."
    assert [call.name for call in calls_of(chunks)] == ["read_file"]


def test_content_in_parts_and_legacy_function_calls_are_taken() -> None:
    parts = [{"type": "text", "text": "Hello "}, {"type": "image"}, {"type": "text", "text": "there"}]
    legacy = {"name": "glob", "arguments": '{"pattern": "*"}'}
    chunks = read(delta(content=parts), delta("function_call", function_call=legacy))
    assert text_of(chunks) == "Hello there"
    assert [call.name for call in calls_of(chunks)] == ["glob"]


def test_without_tools_nothing_in_the_text_is_a_call() -> None:
    chunks = read(delta(content=XML), delta("stop"), tools=())
    assert text_of(chunks) == XML
    assert finish_of(chunks).reason == "stop"


def test_calls_announce_themselves_before_they_are_complete() -> None:
    reader = AnswerReader(prompt())
    chunks = reader.feed([json.dumps(native(0, "c1", "read_file", '{"file')).encode()])
    assert chunks == [CallStarted("read_file")]
    assert not [c for c in chunks if isinstance(c, CallChunk)]


REPORTS: list[tuple[dict[str, Any], tuple[int, int, int, float | None]]] = [
    (
        {
            "usage": {
                "prompt_tokens": 50,
                "completion_tokens": 7,
                "prompt_tokens_details": {"cached_tokens": 40},
            }
        },
        (50, 40, 7, None),
    ),
    (
        {"usage": {"prompt_tokens": 50, "completion_tokens": 7, "prompt_cache_hit_tokens": 40}},
        (50, 40, 7, None),
    ),
    ({"usage": {"prompt_tokens": 50, "completion_tokens": 7, "cost": 0.25}}, (50, 0, 7, 0.25)),
    ({"timings": {"cache_n": 40, "prompt_n": 10, "predicted_n": 7}}, (50, 40, 7, None)),
    ({"usage": {"prompt_tokens": "many", "completion_tokens": -1, "cost": True}}, (0, 0, 0, None)),
    ({"usage": {"cost": float("nan"), "prompt_tokens": 10**400}}, (0, 0, 0, None)),
    ({"usage": {"cost": 10**400}, "timings": {"prompt_ms": 10**400}}, (0, 0, 0, None)),
    ({"usage": None}, (0, 0, 0, None)),
]


@pytest.mark.parametrize(("report", "expected"), REPORTS)
def test_usage_is_read_in_every_shape(report: dict[str, Any], expected: tuple[Any, ...]) -> None:
    usage = finish_of(read(delta("stop", content="x"), {"choices": [], **report})).usage
    assert (usage.prompt_tokens, usage.cached_tokens, usage.completion_tokens, usage.cost_usd) == expected


def test_times_that_the_server_measured_are_taken() -> None:
    timings = {"prompt_n": 10, "prompt_ms": 1500.0, "predicted_n": 7, "predicted_ms": 2500}
    usage = finish_of(
        read(delta("stop", content="x", tool_calls=None), {"choices": [], "timings": timings})
    ).usage
    assert (usage.prefill_s, usage.decode_s) == (1.5, 2.5)


def test_prefill_progress_is_told_as_it_grows() -> None:
    def progress(done: int) -> dict[str, Any]:
        return {**delta(content=None), "prompt_progress": {"total": 100, "cache": 20, "processed": done}}

    chunks = read(progress(20), progress(60), progress(60), progress(100), delta("stop", content="x"))
    assert [c for c in chunks if isinstance(c, PrefillProgress)] == [
        PrefillProgress(20, 100, 20),
        PrefillProgress(60, 100, 20),
        PrefillProgress(100, 100, 20),
    ]


@pytest.mark.parametrize(
    "error",
    [
        {"error": {"message": "boom"}},
        {"error": "boom"},
        {"object": "error", "message": "boom"},
        {**delta("error", content=""), "error": {"code": 502, "message": "boom"}},
    ],
)
def test_a_failure_inside_the_stream_is_raised(error: dict[str, Any]) -> None:
    with pytest.raises(ErrorEvent) as caught:
        read(delta(content="so far"), error)
    assert caught.value.data == error


def test_a_failure_of_the_provider_behind_a_choice_is_raised() -> None:
    choice = {"delta": {"content": ""}, "finish_reason": "error", "error": {"code": 502, "message": "boom"}}
    with pytest.raises(ErrorEvent) as caught:
        read(delta(content="so far"), {"choices": [choice]})
    assert caught.value.data == choice


def test_a_refusal_of_the_model_is_what_it_says() -> None:
    assert text_of(read(delta(refusal="I can't do that.", content=None))) == "I can't do that."


def test_nothing_behind_the_end_mark_counts() -> None:
    for together in (True, False):
        events = (delta(content="Hi."), b"[DONE]", delta(content="late"))
        assert text_of(read(*events, together=together)) == "Hi."


@pytest.mark.parametrize("event", [b'{"choices": [{"delta": {"cont', b'{"choices": ' + b"[" * 100_000])
def test_a_cut_event_is_a_failure_that_may_pass(event: bytes) -> None:
    with pytest.raises(Transient):
        read(event)


def test_half_a_character_is_replaced_before_it_can_break_a_screen_or_a_file() -> None:
    chunks = read(delta(content="a\ud800b"), delta(reasoning_content="\udfff"), delta("stop"))
    assert text_of(chunks) == "a\ufffdb"
    assert [c.text for c in chunks if isinstance(c, ReasoningChunk)] == ["\ufffd"]


STRANGE: list[dict[str, Any] | bytes] = [
    b"ping",
    b"[]",
    b"{}",
    {"choices": None},
    {"choices": [None]},
    {"choices": [{"delta": None}]},
    {"choices": [{"delta": "x"}]},
    {"choices": [{"delta": {"content": 7, "reasoning": [], "tool_calls": "x"}, "finish_reason": 3}]},
    {"choices": [], "prompt_progress": "x", "usage": [], "timings": 5},
]


@pytest.mark.parametrize("event", STRANGE)
def test_strange_events_are_passed_over(event: dict[str, Any] | bytes) -> None:
    chunks = read(delta(content="Hello"), event, delta("stop"))
    assert text_of(chunks) == "Hello"
    assert isinstance(chunks[-1], Finish)


FIELDS = (
    *("choices", "delta", "message", "content", "tool_calls", "function", "name", "arguments", "index", "id"),
    *("finish_reason", "usage", "prompt_tokens", "timings", "prompt_progress", "reasoning", "text", "type"),
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4),
    max_leaves=12,
)


def _event(fields: object) -> object:
    return {"choices": [{"delta": fields}]}


@given(st.lists(json_values | st.builds(_event, json_values), max_size=5))
def test_no_event_breaks_the_reader(events: list[Any]) -> None:
    reader = AnswerReader(prompt())
    with suppress(Transient, ErrorEvent):
        reader.feed([json.dumps(event).encode() for event in events])
    assert isinstance(reader.finish()[-1], Finish)
