"""Several attempts in one answer, and the one that helped made again."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from qwen_code.local.attempts import AT_MOST, IN_ANSWER, Attempts
from qwen_code.local.made_edit import MadeEdit
from qwen_code.local.outcomes import Outcomes
from qwen_code.local.quoted_edits import QuotedEdits
from qwen_code.local.so_far import SoFar
from tests.support.made_edits import made_edits

TEXT = "def f(a):\n    return a - 1\n\n\ndef g(a):\n    return a - 2\n"
ANSWER = "<tool_call>\n<function=edit>\n<parameter=file_path>\nm.py\n</parameter>\n<parameter=old_string>\n"
NEW = "\n</parameter>\n<parameter=new_string>\n"
END = "\n</parameter>\n</function>\n</tool_call>"
NEXT = "\n<tool_call>\n<function="


def _edit(old: str, new: str) -> MadeEdit:
    return MadeEdit(b"m.py", old.encode(), new.encode())


def _in_vain(attempts: int, in_all: int | None = None) -> Outcomes:
    return Outcomes(best=0, is_green=False, attempts=attempts, in_all=in_all or attempts)


def _made(attempts: Attempts) -> int:
    """How many attempts an answer makes that begins so."""
    made = 0
    while attempts.tool == b"edit" or made == 0:
        for edit in [*attempts.in_vain]:
            attempts.edited(MadeEdit(b"m.py", edit.new, edit.old))
        if attempts.tool != b"edit" and made:
            break
        made += 1
        attempts.edited(_edit(f"{made}", f"{made}0"))
        assert attempts.tool == b"run_shell_command"
        attempts.ran()
    return made


def test_the_first_answer_makes_one_attempt_and_the_next_ones_more() -> None:
    assert _made(Attempts()) == IN_ANSWER[0]
    made = [_edit("a", "b")]
    assert _made(Attempts(made, _in_vain(IN_ANSWER[0]))) == IN_ANSWER[1]
    assert _made(Attempts(made, _in_vain(IN_ANSWER[0] + IN_ANSWER[1]))) == IN_ANSWER[2]


def test_what_the_last_attempt_of_an_answer_came_to_is_read_before_anything_else_is_called() -> None:
    attempts = Attempts([_edit("a", "b")], _in_vain(1))
    attempts.edited(_edit("b", "a"))
    for number in range(IN_ANSWER[1]):
        for edit in [*attempts.in_vain]:
            attempts.edited(MadeEdit(b"m.py", edit.new, edit.old))
        attempts.edited(_edit(f"{number}", f"{number}0"))
        assert not attempts.has_to_be_read
        attempts.ran()
        assert attempts.has_to_be_read == (number == IN_ANSWER[1] - 1)
    first = Attempts()
    first.ran()
    assert not first.has_to_be_read


def test_after_all_attempts_the_last_is_taken_back_and_nothing_else_called() -> None:
    attempts = Attempts([_edit("a", "b")], _in_vain(AT_MOST))
    assert attempts.tool == b"edit"
    assert not attempts.is_over
    attempts.edited(_edit("b", "a"))
    assert attempts.is_over


@pytest.mark.parametrize("later", [0, 1, 3])
def test_what_helped_is_made_again_once_all_behind_it_is_taken_back(later: int) -> None:
    made = [_edit("a", "b")]
    for n in range(later):
        last = made[-1]
        made += [MadeEdit(b"m.py", last.new, last.old), _edit(f"{n}", f"{n}0")]
    attempts = Attempts(made, Outcomes(best=1, is_green=True, attempts=later, in_all=1 + later))
    for edit in [*attempts.in_vain]:
        assert attempts.again is None
        attempts.edited(MadeEdit(b"m.py", edit.new, edit.old))
    assert attempts.again == (_edit("a", "b") if later else None)
    if attempts.again:
        attempts.edited(attempts.again)
        assert attempts.tool == b"run_shell_command"
        attempts.ran()
    assert not attempts.tool
    assert not attempts.is_over


def test_when_the_last_attempt_is_taken_back_the_next_answer_calls_nothing() -> None:
    made = [_edit("a", "b"), _edit("b", "a")]
    given_up = Outcomes(best=0, is_green=False, attempts=1, in_all=1, are_tested=False)
    assert Attempts(made, given_up).is_over
    asked_again = Outcomes(best=0, is_green=False, attempts=0, in_all=0, are_tested=False)
    assert not Attempts(made, asked_again).is_over


def test_what_helped_a_little_and_was_made_again_is_gone_on_from() -> None:
    """The model took it back by itself, for another attempt that was no better."""
    helped, other = _edit("a", "b"), _edit("c", "d")
    made = [helped, _edit("b", "a"), other, _edit("d", "c"), helped]
    attempts = Attempts(made, Outcomes(best=1, is_green=False, attempts=2, in_all=3))
    assert attempts.tool == b"edit"
    assert not attempts.in_vain
    assert attempts.needs_another
    given_up = Attempts([*made, other, _edit("d", "c")], Outcomes(1, is_green=False, attempts=3, in_all=4))
    assert given_up.is_over


def test_who_is_spoken_to_may_answer_before_anything_is_taken_back() -> None:
    spoken_to = Attempts([_edit("a", "b")], Outcomes(0, is_green=False, attempts=0, in_all=0))
    assert spoken_to.tool == b"edit"
    assert spoken_to.may_talk
    assert not Attempts([_edit("a", "b")], _in_vain(1)).may_talk


def test_once_all_tests_pass_only_that_is_left_to_be_said() -> None:
    made = [_edit("a", "b")]
    assert Attempts(made, Outcomes(best=1, is_green=True, attempts=0, in_all=1)).is_done
    assert not Attempts(made, _in_vain(1)).is_done
    untested = [*made, _edit("c", "d")]
    assert not Attempts(untested, Outcomes(1, is_green=True, attempts=0, in_all=1, are_tested=False)).is_done
    check_failed = Outcomes(1, is_green=True, attempts=0, in_all=1, are_last=False)
    assert not Attempts(made, check_failed).is_done
    assert not Attempts(made, Outcomes(1, is_green=True, attempts=0, in_all=0)).is_done  # asked for more


def test_an_edit_of_which_nothing_is_known_is_left_to_the_model() -> None:
    attempts = Attempts(
        [_edit("a", "b")], Outcomes(0, is_green=False, attempts=0, in_all=0, are_tested=False)
    )
    assert not attempts.tool
    assert not attempts.is_over


def test_what_can_not_be_taken_back_any_more_ends_it() -> None:
    attempts = Attempts([_edit("a", "b")], _in_vain(1))
    attempts.edited(_edit("x", "y"))
    attempts.ran()
    assert not attempts.tool
    assert attempts.is_over


def _second_answer(
    *pieces: str, tried: Sequence[tuple[str, str, str]] = (("m.py", " - 1", " + 1"),)
) -> QuotedEdits:
    """An answer after a first attempt that was no help."""
    file = TEXT.replace(" - 1", " + 1")
    known = SoFar(made_edits(tried), test_run="pytest -q -rN", outcomes=_in_vain(1))
    edits = QuotedEdits({"m.py": file}.get, known)
    for piece in pieces:
        edits.advance(piece.encode())
    return edits


def _may(edits: QuotedEdits, *pieces: str) -> list[str]:
    return [piece for piece in pieces if edits.allows(piece.encode())]


def test_an_answer_tests_each_attempt_and_takes_it_back() -> None:
    back = f"{ANSWER} + 1{NEW} - 1{END}"
    attempt = f"\n{ANSWER} - 2{NEW} + 2{END}"
    run = f"{NEXT}run_shell_command>\n<parameter=command>\n"
    edits = _second_answer(back)
    assert edits.attempts.tool == b"edit"
    edits = _second_answer(back, attempt, NEXT)
    assert _may(edits, "edit>", "read_file>", "run_shell_command>") == ["run_shell_command>"]
    edits = _second_answer(back, attempt, run)
    assert _may(edits, "pytest -q -rN", "pytest -q --tb=no", "ls") == ["pytest -q --tb=no"]
    edits = _second_answer(back, attempt, run, f"pytest -q --tb=no{END}", NEXT)
    assert _may(edits, "edit>", "read_file>", "run_shell_command>") == ["edit>"]
    edits = _second_answer(back, attempt, run, f"pytest -q --tb=no{END}\n", ANSWER)
    assert _may(edits, " + 2", " - 1", "a - 1") == [" + 2"]


def test_the_parts_of_an_edit_come_in_the_order_in_which_they_can_be_held() -> None:
    begun = ANSWER.partition("file_path")[0]
    assert _may(_second_answer(begun), "file_path>", "old_string>", "new_string>") == ["file_path>"]
    begun = ANSWER.partition("old_string")[0]
    assert _may(_second_answer(begun), "file_path>", "old_string>", "new_string>") == ["old_string>"]


def test_where_nothing_is_left_to_try_the_answer_ends() -> None:
    known = SoFar(made_edits([("m.py", "pass\n", "pas\n")]), test_run="pytest", outcomes=_in_vain(1))
    edits = QuotedEdits({"m.py": "pas\n"}.get, known)
    assert edits.attempts.tool == b"edit"
    edits.advance(f"{ANSWER}pas{NEW}pass{END}".encode())
    assert edits.attempts.is_over
    assert edits.is_between
