from __future__ import annotations

from qwen_code.backends.call_ledger import CallLedger
from qwen_code.chunks import BadCall
from qwen_code.messages import Message, Prompt, ToolCall


def call(identity: str, name: str = "read_file", path: str = "a") -> ToolCall:
    return ToolCall(identity, name, {"file_path": path})


def ledger(*earlier: ToolCall) -> CallLedger:
    return CallLedger(Prompt("", (), (Message("assistant", tool_calls=earlier),)))


def test_a_call_sent_in_the_text_and_natively_is_one_call() -> None:
    calls = ledger()
    assert calls.take(call("t"), "text") == call("t")
    assert calls.take(call("n"), "native") is None


def test_two_equal_calls_of_one_source_are_two_calls() -> None:
    calls = ledger()
    assert calls.take(call("n1"), "native")
    assert calls.take(call("n2"), "native")
    assert calls.take(call("t1"), "text") is None
    assert calls.take(call("t2"), "text") is None
    assert calls.take(call("t3"), "text")


def test_the_order_of_arguments_does_not_make_another_call() -> None:
    calls = ledger()
    assert calls.take(ToolCall("1", "edit", {"a": 1, "b": 2}), "text")
    assert calls.take(ToolCall("2", "edit", {"b": 2, "a": 1}), "native") is None


def test_half_a_character_in_an_argument_is_replaced_and_whole_ones_are_kept() -> None:
    taken = ledger().take(ToolCall("1", "edit", {"a\ud800": ["x\udc00", "😀", 1], "b": {"c": "é"}}), "native")
    assert taken
    assert taken.arguments == {"a\ufffd": ["x\ufffd", "😀", 1], "b": {"c": "é"}}


def test_missing_and_used_ids_are_replaced_by_free_ones() -> None:
    calls = ledger(call("call_1"), call("call_2"))
    first, second = calls.take(call("", path="b"), "text"), calls.take(call("call_1", path="c"), "text")
    assert first
    assert second
    assert len({first.id, second.id, "call_1", "call_2", ""}) == 5


def test_a_fault_names_the_call_by_the_id_that_it_was_given() -> None:
    calls = ledger(call("x"))
    taken = calls.take(call("x", path="b"), "text")
    calls.lose(BadCall("schema", "wrong", "read_file", "x"), "text")
    assert taken
    assert [bad.call_id for bad in calls.losses()] == [taken.id]


def test_a_fault_of_a_call_that_was_dropped_as_a_repetition_is_dropped_with_it() -> None:
    calls = ledger()
    calls.take(call("t"), "text")
    calls.take(call("n"), "native")
    calls.lose(BadCall("schema", "wrong", "read_file", "t"), "text")
    calls.lose(BadCall("schema", "wrong", "read_file", "n"), "native")
    assert [bad.call_id for bad in calls.losses()] == ["t"]


def test_remains_in_the_text_of_a_call_that_also_came_natively_are_no_fault() -> None:
    calls = ledger()
    calls.lose(BadCall("truncated", "cut", "read_file"), "text")
    calls.lose(BadCall("malformed", "broken", ""), "text")
    calls.lose(BadCall("malformed", "broken", "edit"), "text")
    calls.take(call("n"), "native")
    assert [bad.name for bad in calls.losses()] == ["edit"]
