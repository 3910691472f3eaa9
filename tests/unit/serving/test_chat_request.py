from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_code.messages import Message, ToolCall
from qwen_code.serving.chat_request import ChatRequest, read_request
from qwen_code.serving.refusal import Refusal

USER = {"role": "user", "content": "Hi."}
TOOL: dict[str, Any] = {
    "type": "function",
    "function": {"name": "f", "parameters": {"type": "object", "properties": {}}},
}


def read(messages: list[Any], **more: Any) -> ChatRequest:
    return read_request(json.dumps({"messages": messages, **more}).encode())


def called(*ids: str) -> dict[str, Any]:
    calls = [
        {"id": i, "type": "function", "function": {"name": "f", "arguments": f'{{"n": "{i}"}}'}} for i in ids
    ]
    return {"role": "assistant", "content": None, "tool_calls": calls}


def result(call_id: str) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call_id, "content": f"result of {call_id}"}


def test_what_stands_before_the_conversation_is_the_system_prompt() -> None:
    request = read(
        [
            {"role": "system", "content": "One."},
            {"role": "developer", "content": [{"type": "text", "text": "Two."}]},
            USER,
            {"role": "system", "content": "Later."},
        ]
    )
    assert request.prompt.system == "One.\n\nTwo."
    assert request.prompt.messages == (Message("user", "Hi."), Message("user", "Later."))


def test_results_follow_in_the_order_of_their_calls_whatever_order_they_came_in() -> None:
    messages = read([USER, called("a", "b"), result("b"), result("a"), USER]).prompt.messages
    assert messages[1].tool_calls == (ToolCall("a", "f", {"n": "a"}), ToolCall("b", "f", {"n": "b"}))
    assert [message.text for message in messages[2:]] == ["result of a", "result of b", "Hi."]


@pytest.mark.parametrize(
    ("messages", "says"),
    [
        ([USER, called("a", "b"), result("a")], "The call b of f has no tool message"),
        ([USER, result("a")], "answers no call"),
        (
            [USER, {**called(), "tool_calls": [{"id": "a", "function": {"name": "f", "arguments": "{"}}]}],
            "are not a JSON object",
        ),
        ([{"role": "robot", "content": ""}], "messages.0.role"),
    ],
)
def test_a_conversation_that_makes_no_sense_is_refused(messages: list[Any], says: str) -> None:
    with pytest.raises(Refusal, match=says):
        read(messages)


def test_the_choice_of_a_tool_is_understood() -> None:
    def demanded(choice: object) -> tuple[str, str]:
        demand = read([USER], tools=[TOOL], tool_choice=choice).demand
        return demand.calls, demand.tool

    assert demanded("auto") == ("free", "")
    assert demanded("none") == ("none", "")
    assert demanded("required") == ("must", "")
    assert demanded({"type": "function", "function": {"name": "f"}}) == ("must", "f")
    with pytest.raises(Refusal, match="asks for a tool g"):
        demanded({"type": "function", "function": {"name": "g"}})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["role", "content", "tool_calls", "function", "name", "arguments", "type", "text", "id"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(
    body=st.dictionaries(
        st.sampled_from(
            ["messages", "tools", "tool_choice", "stop", "response_format", "n", "stream", "model"]
        ),
        JSON | st.lists(JSON, max_size=3),
        max_size=6,
    )
)
def test_any_body_is_understood_or_refused_with_a_sentence(body: dict[str, Any]) -> None:
    refusal = _refusal_of(json.dumps(body).encode())
    assert refusal is None or (refusal.status == 400 and str(refusal).endswith("."))


def _refusal_of(body: bytes) -> Refusal | None:
    try:
        read_request(body)
    except Refusal as refusal:
        return refusal
    return None
