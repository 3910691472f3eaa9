from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_code.chunks import CallChunk
from qwen_code.local.constraint import CallConstraint, Grammars
from qwen_code.local.due_calls import DueCalls
from qwen_code.local.outcomes import Outcomes
from qwen_code.local.quoted_edits import QuotedEdits
from qwen_code.local.quoting import QuotingConstraint
from qwen_code.local.so_far import SoFar
from qwen_code.messages import Message, ToolCall
from qwen_code.wire import Decoder
from tests.support.made_edits import made_edits
from tests.support.tiny_models import needs_llama_cpp
from tests.unit.local.test_call_grammar import EDIT
from tests.unit.local.test_constraint import Forcing

TEXT = "def f(a):\n    return a - 1\n\n\ndef g(a):\n    return a - 2\n"
NEW = "\n</parameter>\n<parameter=new_string>\n"
IN_VAIN = Outcomes(best=0, is_green=False, attempts=1, in_all=1)
OPENER = "<tool_call>\n<function=edit>\n<parameter=file_path>\nm.txt\n</parameter>\n<parameter=old_string>\n"


def _edits(*texts: str, file: str = TEXT, made: Sequence[tuple[str, str, str]] = ()) -> QuotedEdits:
    edits = QuotedEdits({"m.txt": file}.get, SoFar(made_edits(made)))
    for text in texts:
        edits.advance(text.encode())
    return edits


def _next(edits: QuotedEdits, *pieces: str) -> list[str]:
    """Those of `pieces` that may come next."""
    return [piece for piece in pieces if edits.allows(piece.encode())]


def test_what_is_to_be_replaced_stands_in_the_file() -> None:
    assert _next(_edits(OPENER), " - 1", " - 3", "return", "retrun") == [" - 1", "return"]
    assert _next(_edits(OPENER, "return a"), " -", " +", ")") == [" -"]


def test_it_ends_only_when_there_is_one_such_place() -> None:
    assert _next(_edits(OPENER, "return a"), "\n</parameter>", "\n</", " - ") == [" - "]
    ends = ("\n", "\n</", "\n</parameter>", "\n</parameter>\n<parameter=new_string>\n", " - 1")
    assert _next(_edits(OPENER, "return a - 1"), *ends) == list(ends[:-1])
    assert _next(_edits(OPENER, "return a - 1\n"), "</", "\n", "    ") == ["</"]
    assert _next(_edits(OPENER, "return a - 1\n</"), "parameter", "function") == ["parameter"]


def test_a_second_edit_finds_what_the_first_one_left() -> None:
    first = (
        f"{OPENER} - 1\n</parameter>\n<parameter=new_string>\n + 1\n</parameter>\n</function>\n</tool_call>\n"
    )
    assert _next(_edits(first, OPENER), " - 1", " + 1", " - 2") == [" + 1", " - 2"]


def test_after_an_edit_that_changed_nothing_the_next_one_begins_differently() -> None:
    made = [("m.txt", " - 1", " - 1"), ("m.txt", "g(a)", "g(a)")]
    assert _next(_edits(OPENER, f" - 1{NEW}", made=made[:1]), " - 1", " -", " +", " ") == [" +", " "]
    assert _next(_edits(OPENER, f" - 1{NEW}", made=made), " - 1", " -", " +") == [" +"]
    assert _next(_edits(OPENER, f" - 2{NEW}", made=made), " - 2", " -", " +") == [" - 2", " -", " +"]


def test_what_was_taken_back_is_neither_tried_again_at_once_nor_in_the_same_way() -> None:
    made = [("m.txt", " - 1", " + 1"), ("m.txt", " + 1", " - 1")]
    assert _next(_edits(OPENER, made=made), " - 1", " - 2", " -", "a") == [" - 2", " -", "a"]
    assert _next(_edits(OPENER, " -", made=made), " 1", " 2") == [" 2"]
    for old, new in ((" - 2", " + 2"), ("f(a)", "f(b)"), ("g(a)", "g(b)"), ("def f", "def h")):
        assert _next(_edits(OPENER, made=made), " - 1") == []
        made += [("m.txt", old, new), ("m.txt", new, old)]
    assert _next(_edits(OPENER, made=made), " - 1", " - 2") == [" - 1"]
    assert _next(_edits(OPENER, f" - 1{NEW}", made=made), " +", " *") == [" *"]
    made += [
        ("m.txt", " - 1", " * 1"),
        ("m.txt", " * 1", " - 1"),
        ("m.txt", "g(a)", "h(a)"),
        ("m.txt", "h(a)", "g(a)"),
    ]
    assert _next(_edits(OPENER, made=made), " - 1", " - 2", "g(a)") == [" - 2"]


def test_a_change_is_another_from_where_it_differs_from_the_file() -> None:
    made = [("m.txt", "a - 1", "a - 3"), ("m.txt", "a - 3", "a - 1")]
    begun = _edits(OPENER, f"a - 1{NEW}", made=made)
    assert _next(begun, "a", "a - 3", "a - 4") == ["a", "a - 4"]
    begun.advance(b"a - ")
    assert _next(begun, "3", "2", "31") == ["2", "31"]


def test_an_edit_can_always_be_taken_back() -> None:
    wrong = TEXT.replace(" - 1", " + 1")
    made = [("m.txt", " - 1", " + 1"), ("m.txt", " + 1", " - 1"), ("m.txt", " - 1", " + 1")]
    assert _next(_edits(OPENER, file=wrong, made=made), " + 1") == [" + 1"]
    assert _next(_edits(OPENER, f" + 1{NEW}", file=wrong, made=made), " - 1") == [" - 1"]


def test_what_is_replaced_ends_with_a_line() -> None:
    assert _next(_edits(OPENER, "def f"), "\n</parameter>", "(a):\n</parameter>") == ["(a):\n</parameter>"]


def test_it_ends_with_the_first_line_with_which_it_can_be_found() -> None:
    ends = ("\n</parameter>", "\n\n\ndef g(a):")
    assert _next(_edits(OPENER, "return a - 1"), *ends) == [ends[0]]
    twice = TEXT.replace("a - 2", "a - 1")
    assert _next(_edits(OPENER, "return a - 1", file=twice), *ends) == [ends[1]]


def test_nothing_begins_in_the_middle_of_what_an_edit_wrote() -> None:
    wrong = TEXT.replace(" - 1", " + a + 1")
    begun = _edits(OPENER, file=wrong, made=[("m.txt", " - 1", " + a + 1")])
    assert _next(begun, " + a", " + 1", "a + 1", "g(a)") == [" + a", "g(a)"]


RED = (
    "F\n    def test_f():\n>       assert f(1) == 2\n{}test_m.py:4: AssertionError\n"
    "1 failed, 3 passed in 0.01s\n[exit code 1]"
)


@pytest.mark.parametrize(
    ("second", "may_begin"),
    [
        (RED.format(""), [" + 1"]),
        (RED.format("m.py:2: TypeError\n"), [" + 1"]),
        (RED.format("").replace("4:", "9:"), [" + 1"]),
        (RED.format("").replace("1 failed, 3 passed", "1 error"), [" + 1"]),
        (RED.format("").replace("3 passed", "4 passed"), [" + 1", "g(a)"]),
        (f"____ test_f[2] ____\n{RED.format('').replace('3 passed', '4 passed')}", [" + 1"]),
        ("4 passed in 0.01s", [" + 1", "g(a)"]),
    ],
)
def test_an_edit_after_which_no_more_tests_pass_is_taken_back_first(
    second: str, may_begin: list[str]
) -> None:
    first = "____ test_f[1] ____\n" if "[2]" in second else ""
    run = [ToolCall(name, "run_shell_command", {}) for name in ("1", "3")]
    edit = ToolCall("2", "edit", {"file_path": "m.txt", "old_string": " - 1", "new_string": " + 1"})
    known = SoFar.of(
        [
            Message("assistant", "", tool_calls=(run[0],)),
            Message("tool", first + RED.format(""), tool_call_id="1"),
            Message("assistant", "", tool_calls=(edit, run[1])),
            Message("tool", "Edited m.txt.", tool_call_id="2"),
            Message("tool", second, tool_call_id="3"),
        ]
    )
    edits = QuotedEdits({"m.txt": TEXT.replace(" - 1", " + 1")}.get, known)
    edits.advance(b"<tool_call>\n<function=")
    assert _next(edits, "edit>", "run") == (["edit>"] if may_begin == [" + 1"] else ["run"])
    edits.advance(OPENER.partition("<function=")[2].encode())
    assert _next(edits, " + 1", "g(a)") == may_begin
    edits.advance(f" + 1{NEW} - 1\n</parameter>\n</function>\n</tool_call>\n{OPENER}g(a){NEW}h(a)".encode())
    edits.advance(b"\n</parameter>\n</function>\n</tool_call>\n<tool_call>\n<function=")
    assert _next(edits, "run") == ["run"]


def test_what_was_written_over_several_lines_is_taken_back_whole() -> None:
    wrong = TEXT.replace("a - 1", "-a")
    made = [("m.txt", "a - 1\n\n\ndef g(a):", "-a\n\n\ndef g(a):")]
    begun = _edits(OPENER, "-a", file=wrong, made=made)
    assert _next(begun, "\n\n\ndef g", "\n</") == ["\n\n\ndef g"]
    begun.advance(b"\n\n\ndef g(a):")
    assert _next(begun, "\n</", "\n    return") == ["\n</"]


def test_what_was_written_is_taken_back_wherever_it_may_have_been_written() -> None:
    known = SoFar(made_edits([("m.txt", "2", "0")]), outcomes=IN_VAIN)
    edits = QuotedEdits({"m.txt": "x = 0\ny = 0\nz = 1\n"}.get, known)
    edits.advance(OPENER.encode())
    assert _next(edits, "0\nz", "1", "x") == ["0\nz"]
    other = QuotedEdits(
        {"m.txt": "2\n", "n.txt": "0\n"}.get, SoFar(made_edits([("n.txt", "2", "0")]), outcomes=IN_VAIN)
    )
    other.advance(OPENER.partition("m.txt")[0].encode())
    assert _next(other, "m.txt", "n.txt") == ["n.txt"]


def test_what_was_tried_in_the_only_place_there_is_may_be_tried_there_again() -> None:
    made = [("m.txt", "b", "c"), ("m.txt", "c", "b")]
    assert _next(_edits(OPENER, file="b", made=made), "b") == ["b"]
    assert _next(_edits(OPENER, file="ab", made=made), "b", "ab") == ["ab"]


def test_an_edit_changes_one_line() -> None:
    begun = _edits(OPENER, f"f(a):\n    return a - 1{NEW}")
    assert _next(begun, "f(b):", "f(b):\n    return a", "f(b):\n    return b", "f(b):\n</") == [
        "f(b):",
        "f(b):\n    return a",
    ]
    begun.advance(b"f(b):\n    return a - 1")
    assert _next(begun, "\n</parameter>", "0", "\n    ") == ["\n</parameter>"]


def test_what_an_edit_wrote_becomes_what_was_there() -> None:
    begun = _edits(OPENER, f" + 1{NEW}", file=TEXT.replace(" - 1", " + 1"), made=[("m.txt", " - 1", " + 1")])
    assert _next(begun, " - 1", " - 2", " *", " + 1") == [" - 1"]


@pytest.mark.parametrize("tool", ["read_file", "edit"])
def test_a_file_is_one_that_came_up(tool: str) -> None:
    messages = [Message("user", "fix it"), Message("tool", "src/shop.py:12:class Cart:", tool_call_id="1")]
    calls = QuotedEdits(lambda path: None, SoFar.of(messages))
    calls.advance(f"<tool_call>\n<function={tool}>\n<parameter=file_path>\n".encode())
    assert _next(calls, "src", "src/shop.py\n</parameter>", "src/shop\n", "shop") == [
        "src",
        "src/shop.py\n</parameter>",
    ]


def test_tests_are_not_changed() -> None:
    calls = QuotedEdits(lambda path: None)
    calls.advance(b"<tool_call>\n<function=edit>\n<parameter=file_path>\n")
    assert _next(calls, "t/test_m.py\n", "m_test.py\n", "conftest.py\n") == []
    assert _next(calls, "testing.py\n", "t/test_m.py") == ["testing.py\n", "t/test_m.py"]


def test_an_edit_of_python_makes_sense() -> None:
    edits = QuotedEdits({"m.py": TEXT}.get)
    edits.advance(OPENER.replace("m.txt", "m.py").encode())
    assert _next(edits, "def g", "a):\n    return a - 2", "a - 2", "eturn") == ["a - 2"]
    edits.advance(f"a - 2{NEW}".encode())
    assert _next(edits, "a - 2", "a - 3", "len(a)", "c\nb") == ["len(a)"]


def test_an_edit_is_of_what_the_failing_test_reaches() -> None:
    call = ToolCall("1", "run_shell_command", {"command": "pytest"})
    shown = [
        Message("assistant", "", tool_calls=(call,)),
        Message("tool", "assert f(1) == 2", tool_call_id="1"),
    ]
    edits = QuotedEdits({"m.py": TEXT}.get, SoFar.of(shown))
    edits.advance(OPENER.replace("m.txt", "m.py").replace("<parameter=old_string>\n", "").encode())
    edits.advance(b"<parameter=old_string>\n")
    assert _next(edits, " - 1", " - 2") == [" - 1"]


def test_what_was_tried_at_the_end_of_the_file_is_not_tried_again() -> None:
    tried = [("m.py", "2\n", "3\n"), ("m.py", "3", "2")]
    edits = QuotedEdits({"m.py": TEXT}.get, SoFar(made_edits(tried)))
    edits.advance(OPENER.replace("m.txt", "m.py").encode())
    assert _next(edits, "2\n", " - 2") == [" - 2"]


def test_where_nothing_was_raised_the_call_is_not_shown_and_all_may_be_reached() -> None:
    call = ToolCall("1", "run_shell_command", {"command": "pytest"})
    for said in ("E   Failed: DID NOT RAISE <class 'E'>", "E   AssertionError: IndexError not raised"):
        messages = [
            Message("assistant", "", tool_calls=(call,)),
            Message("tool", f"f(1)\n{said}\n", tool_call_id="1"),
        ]
        assert not SoFar.of(messages).used


def test_the_end_of_the_file_need_not_be_quoted_to_take_an_edit_back() -> None:
    wrong = TEXT.replace("- 2", "- 3")
    edits = QuotedEdits({"m.py": wrong}.get, SoFar(made_edits([("m.py", "2\n", "3\n")])))
    edits.advance(f"{OPENER.replace('m.txt', 'm.py')}3{NEW}".encode())
    assert _next(edits, "2\n</parameter>", "1\n</parameter>") == ["2\n</parameter>"]


def test_what_was_written_is_taken_back_even_where_nothing_is_run() -> None:
    wrong = TEXT.replace("- 1", "# 1")
    edits = QuotedEdits({"m.py": wrong}.get, SoFar(made_edits([("m.py", "- 1", "# 1")])))
    edits.advance(OPENER.replace("m.txt", "m.py").encode())
    assert _next(edits, "# 1", "1\n") == ["# 1"]


def test_everything_else_is_free() -> None:
    assert _edits("I read it.").allows(b"nonsense")
    assert _edits(OPENER.replace("m.txt", "unknown.py")).allows(b"nonsense")
    assert _edits(OPENER.replace("=edit>", "=write_file>")).allows(b"nonsense")
    new = _edits(OPENER, f" - 1{NEW}")
    assert new.allows(b"nonsense")
    forced = _edits(OPENER, "nonsense")
    assert forced.allows(b" and more of it")


def test_line_ends_of_windows_are_those_of_the_model() -> None:
    edits = _edits(OPENER, "\n", file=TEXT.replace("\n", "\r\n"))
    assert _next(edits, "    return", "\r\n") == ["    return"]


@given(st.text(st.sampled_from("ab\n<é"), min_size=1, max_size=40), st.randoms(use_true_random=False))
def test_whatever_is_chosen_the_value_is_in_the_file_once(text: str, random: Random) -> None:
    pieces = ["a", "b", "ab", "\n", "é", "<", "/", "</", "\n</", "parameter", ">", "\n</parameter>"]
    edits, written = _edits(OPENER, file=text), ""
    while "\n</parameter>" not in written:
        allowed = _next(edits, *pieces)
        assert allowed
        piece = random.choice(allowed if random.random() < 0.5 else allowed[-1:])
        edits.advance(piece.encode())
        written += piece
    assert text.count(written.partition("\n</parameter>")[0]) == 1


@needs_llama_cpp
def test_edits_that_a_random_model_is_forced_to_make_all_quote_the_file() -> None:
    forcing = Forcing()
    model = forcing.engine.model
    grammars = Grammars(model, (EDIT,), "xml")
    made: list[str] = []
    for seed in range(20):
        edits = QuotedEdits(lambda path: TEXT)
        due = DueCalls(model, edits, list)
        constraint = QuotingConstraint(model, CallConstraint(model, grammars), edits, due)
        text, _, _ = forcing.draw("<tool_call>\n<function=edit>\n", seed, constraint)
        chunks = Decoder((EDIT,)).feed(text)
        made += [chunk.call.arguments["old_string"] for chunk in chunks if isinstance(chunk, CallChunk)][:1]
    grammars.close()
    forcing.engine.close()
    assert len(made) >= 5
    assert all(TEXT.count(old) == 1 for old in made), made


@needs_llama_cpp
def test_a_random_model_that_has_made_all_tests_pass_calls_nothing_any_more() -> None:
    forcing = Forcing()
    model = forcing.engine.model
    grammars = Grammars(model, (EDIT,), "xml")
    green = Outcomes(best=1, is_green=True, attempts=0, in_all=1)
    so_far = SoFar(made_edits([("m.py", " - 1", " + 1")]), outcomes=green)
    for seed in range(10):
        edits = QuotedEdits(lambda path: TEXT, so_far)
        due = DueCalls(model, edits, list)
        constraint = QuotingConstraint(model, CallConstraint(model, grammars), edits, due)
        text, _, _ = forcing.draw("", seed, constraint)
        assert text.startswith("Fixed ")
        assert "<tool_call>" not in text
        assert len(text.splitlines()) == 1
    grammars.close()
    forcing.engine.close()


def test_the_edits_of_a_conversation_are_known() -> None:
    call = ToolCall("1", "edit", {"file_path": "m.txt", "old_string": "a", "new_string": "b"})
    other = ToolCall("2", "read_file", {"file_path": "m.txt"})
    messages = [
        Message("user", "hi"),
        Message("assistant", "", tool_calls=(other, call)),
        Message("tool", "ok"),
    ]
    assert SoFar.of(messages).edits == made_edits([("m.txt", "a", "b")])


def test_what_stands_elsewhere_too_is_taken_back_where_it_was_written() -> None:
    text = "a = f(x[0])\nb = g(x)\nc = h(x)\n"
    call = ToolCall("2", "edit", {"file_path": "m.txt", "old_string": "[0])", "new_string": ")"})
    run = [ToolCall(name, "run_shell_command", {}) for name in ("1", "3")]
    messages = [
        Message("assistant", "", tool_calls=(run[0],)),
        Message("tool", RED.format(""), tool_call_id="1"),
        Message("assistant", "", tool_calls=(call, run[1])),
        Message("tool", "Edited m.txt. Now:\n1| a = f(x)\n2| b = g(x)\n3| c = h(x)", tool_call_id="2"),
        Message("tool", RED.format(""), tool_call_id="3"),
    ]
    edits = QuotedEdits({"m.txt": text.replace("[0]", "")}.get, SoFar.of(messages))
    edits.advance(OPENER.encode())
    assert _next(edits, ")\nb", ")\nc", "x") == [")\nb"]
