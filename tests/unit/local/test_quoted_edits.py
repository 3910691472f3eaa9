from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from qwen_code.local.quoted_edits import QuotedEdits

TEXT = "def f(a):\n    return a - 1\n\n\ndef g(a):\n    return a - 2\n"
OPENER = "<tool_call>\n<function=edit>\n<parameter=file_path>\nm.py\n</parameter>\n<parameter=old_string>\n"


def _edits(*texts: str, file: str = TEXT) -> QuotedEdits:
    edits = QuotedEdits({"m.py": file}.get)
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
    assert _next(_edits(OPENER, "return a - 1\n"), "</", "\n", "    ") == ["</", "\n"]
    assert _next(_edits(OPENER, "return a - 1\n</"), "parameter", "function") == ["parameter"]


def test_a_second_edit_finds_what_the_first_one_left() -> None:
    first = (
        f"{OPENER} - 1\n</parameter>\n<parameter=new_string>\n + 1\n</parameter>\n</function>\n</tool_call>\n"
    )
    assert _next(_edits(first, OPENER), " - 1", " + 1", " - 2") == [" + 1", " - 2"]


def test_everything_else_is_free() -> None:
    assert _edits("I read it.").allows(b"nonsense")
    assert _edits(OPENER.replace("m.py", "unknown.py")).allows(b"nonsense")
    assert _edits(OPENER.replace("=edit>", "=write_file>")).allows(b"nonsense")
    new = _edits(OPENER, " - 1\n</parameter>\n<parameter=new_string>\n")
    assert new.allows(b"nonsense")
    forced = _edits(OPENER, "nonsense")
    assert forced.allows(b" and more of it")


def test_line_ends_of_windows_are_those_of_the_model() -> None:
    edits = _edits(OPENER, "def f(a):", file=TEXT.replace("\n", "\r\n"))
    assert _next(edits, "\n    return", "\r\n") == ["\n    return"]


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
