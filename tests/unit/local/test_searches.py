"""What a small model may search and read: what the conversation shows in use."""

from __future__ import annotations

from qwen_code.local.quoted_edits import QuotedEdits
from qwen_code.local.so_far import SoFar
from qwen_code.messages import Message, ToolCall


def _next(edits: QuotedEdits, *pieces: str) -> list[str]:
    return [piece for piece in pieces if edits.allows(piece.encode())]


def _searches(*answers: Message) -> QuotedEdits:
    searches = QuotedEdits(lambda path: None, SoFar.of(answers))
    searches.advance(b"<tool_call>\n<function=grep_search>\n<parameter=pattern>\n")
    return searches


def test_where_a_test_calls_only_what_stands_beside_it_the_test_is_read() -> None:
    call = ToolCall("1", "grep_search", {"pattern": "def run_all"})
    messages = [
        Message("tool", ">       assert run_all([1]) == 2\n\ntest_m.py:9: AssertionError", tool_call_id="0"),
        Message("assistant", "", tool_calls=(call,)),
        Message("tool", "test_m.py:3:def run_all(moves):", tool_call_id="1"),
    ]
    edits = QuotedEdits(lambda path: None, SoFar.of(messages))
    edits.advance(b"<tool_call>\n<function=")
    assert _next(edits, "edit>", "grep", "read_file>") == ["read_file>"]
    edits.advance(b"read_file>\n<parameter=file_path>\n")
    assert _next(edits, "m.py", "test_m.py\n") == ["test_m.py\n"]
    read = Message("tool", "def run_all(moves):\n    return run(moves)\n", tool_call_id="2")
    edits = QuotedEdits(lambda path: "", SoFar.of([*messages, read]))
    edits.advance(b"<tool_call>\n<function=")
    assert _next(edits, "grep_search>", "read_file>") == ["grep_search>"]
    edits.advance(b"grep_search>\n<parameter=pattern>\n")
    assert _next(edits, "def run\n", "def run_all\n") == ["def run\n"]


FAILURE = """
    def test_ship(cart):
        order = Order(cart)
>       assert order.ship() == sorted(expected)
E        +  where <function lower at 0x7f> = m.lower
"""


def test_a_search_and_a_path_are_one_line() -> None:
    searches = _searches(Message("tool", FAILURE, tool_call_id="0"))
    searches.advance(b"class Order\n")
    assert _next(searches, "</parameter>", "</tool_response>", "<", "\n") == ["</parameter>", "<"]
    free = _searches()
    assert _next(free, "class Any", "class Any\n") == ["class Any", "class Any\n"]
    free.advance(b"class Any\n")
    assert _next(free, "</parameter>", "</tool_response>") == ["</parameter>"]
    reads = QuotedEdits(lambda path: None, SoFar())
    reads.advance(b"<tool_call>\n<function=read_file>\n<parameter=file_path>\na.py\n")
    assert _next(reads, "</parameter>", "b.py") == ["</parameter>"]


def test_what_nothing_matched_is_not_searched_again() -> None:
    call = ToolCall("1", "grep_search", {"pattern": "def ship"})
    found = ToolCall("2", "grep_search", {"pattern": "class Order"})
    messages = [
        Message("tool", FAILURE, tool_call_id="0"),
        Message("assistant", "", tool_calls=(call, found)),
        Message("tool", "No matches for def ship.", tool_call_id="1"),
        Message("tool", "m.txt:1:class Order:", tool_call_id="2"),
    ]
    assert _next(_searches(*messages), "def", "def ship\n", "def lower\n", "class Order\n") == [
        "def",
        "def lower\n",
        "class Order\n",
    ]
    alone = QuotedEdits(lambda path: None, SoFar(vain=("def inv",)))
    alone.advance(b"<tool_call>\n<function=grep_search>\n<parameter=pattern>\n")
    assert _next(alone, "def inv", "def inv\n", "def invent\n") == ["def inv", "def invent\n"]


def test_what_stands_in_tests_alone_was_searched_in_vain_and_is_not_read() -> None:
    call = ToolCall("1", "grep_search", {"pattern": "def ship"})
    messages = [
        Message("tool", FAILURE, tool_call_id="0"),
        Message("assistant", "", tool_calls=(call,)),
        Message("tool", "tests/test_m.py:4:def ship():", tool_call_id="1"),
    ]
    assert SoFar.of(messages).vain == ("def ship",)
    calls = QuotedEdits(lambda path: None, SoFar.of(messages))
    calls.advance(b"<tool_call>\n<function")
    assert _next(calls, "=read", "=edit>", "=grep", "=run_shell_command>") == ["=grep", "=run_shell_command>"]
    calls.advance(b"=r")
    assert _next(calls, "ead", "un") == ["un"]
    messages.append(Message("tool", "m.py:4:def ship():\ntests/test_m.py:4:def ship():", tool_call_id="1"))
    found = QuotedEdits(lambda path: None, SoFar.of(messages))
    found.advance(b"<tool_call>\n<function")
    assert not SoFar.of(messages).vain
    assert _next(found, "=read", "=edit>") == ["=read", "=edit>"]
    found.advance(b"=read_file>\n<parameter=file_path>\n")
    assert _next(found, "m.py\n", "tests") == ["m.py\n"]


def test_a_search_is_for_what_the_failing_test_calls() -> None:
    searches = _searches(Message("tool", FAILURE, tool_call_id="0"))
    meant = ["def sh", "def ship\n</", "class Order\n", "def lower\n"]
    others = [
        "def ship(",
        "class ship",
        "def order\n",
        "def test_ship\n",
        "def sorted\n",
        "def cart\n",
        "ship",
    ]
    assert _next(searches, *meant, *others) == meant


def test_attributes_are_sought_where_nothing_is_called_that_may_be_here() -> None:
    shown = Message("tool", ">       assert cart.total == date(2024, 1, 1)\n", tool_call_id="0")
    assert _next(_searches(shown), "def date\n", "def total\n") == ["def total\n"]
    shown = Message("tool", ">       assert load(cart).total == 3\n", tool_call_id="0")
    assert _next(_searches(shown), "def load\n", "def total\n") == ["def load\n"]
