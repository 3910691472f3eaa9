from __future__ import annotations

import pytest

from qwen_code.agent.conversation import Conversation
from qwen_code.messages import INTERRUPTED, Message, ToolCall


def answer(*ids: str) -> Message:
    return Message("assistant", tool_calls=tuple(ToolCall(i, "glob", {}) for i in ids))


def test_results_follow_in_the_order_of_the_calls_and_missing_ones_are_interrupted() -> None:
    conversation = Conversation("system")
    conversation.add_user("go")
    conversation.add_answer(answer("a", "b", "c"))
    conversation.add_results({"c": "3", "a": "1"})
    assert [(m.tool_call_id, m.text) for m in conversation.messages[2:]] == [
        ("a", "1"),
        ("b", INTERRUPTED),
        ("c", "3"),
    ]


def test_a_call_id_is_never_used_twice() -> None:
    conversation = Conversation("system")
    conversation.add_user("go")
    for _ in range(3):
        conversation.add_answer(answer("call_0", "call_0"))
        conversation.add_results({})
    ids = [call.id for message in conversation.messages for call in message.tool_calls]
    assert len(set(ids)) == 6
    assert ids[0] == "call_0"


def test_an_empty_answer_leaves_no_trace() -> None:
    conversation = Conversation("system")
    conversation.add_user("go")
    conversation.add_answer(Message("assistant", reasoning="hm"))
    assert [m.role for m in conversation.messages] == ["user"]


def test_a_request_with_open_calls_is_a_defect() -> None:
    conversation = Conversation("system")
    conversation.add_user("go")
    conversation.add_answer(answer("a"))
    with pytest.raises(AssertionError):
        conversation.prompt()


def test_a_restored_conversation_does_not_repeat_its_preamble() -> None:
    conversation = Conversation("system", preamble="ENV", messages=[Message("user", "ENV\n\nfirst")])
    conversation.add_user("second")
    assert conversation.messages[-1].text == "second"
