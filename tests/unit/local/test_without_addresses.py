from __future__ import annotations

from collections.abc import Sequence

from qwen_code.local.call_grammar import Notation
from qwen_code.local.transcript import Segments
from qwen_code.local.without_addresses import WithoutAddresses
from qwen_code.messages import Message, ToolSpec


class Plain:
    """A template that says what it is given."""

    notation: Notation = "xml"

    def opening(self, system: str, tools: Sequence[ToolSpec]) -> Segments:
        return [(system, True)]

    def turn(self, messages: Sequence[Message]) -> Segments:
        return [(message.text, False) for message in messages]

    def answer_opening(self) -> Segments:
        return [("<", True)]

    def answer_closing(self) -> Segments:
        return [(">", True)]


def test_two_runs_of_a_failing_test_read_the_same() -> None:
    template = WithoutAddresses(Plain())
    first, second = (
        template.turn([Message("tool", f"where f = <m.A object at {at}>.f", tool_call_id="1")])
        for at in ("0x7f2817bb9190", "0x104b0c8e0")
    )
    assert first == second
    assert "<m.A object at 0x" in first[0][0]


def test_numbers_and_what_people_say_stay() -> None:
    template = WithoutAddresses(Plain())
    assert template.turn([Message("tool", "mask == 0xff00", tool_call_id="1")]) == [("mask == 0xff00", False)]
    assert template.turn([Message("user", "at 0x7f2817bb9190")]) == [("at 0x7f2817bb9190", False)]
    assert template.opening("system", ()) == [("system", True)]
    assert [template.answer_opening(), template.answer_closing()] == [[("<", True)], [(">", True)]]
    assert template.notation == "xml"
