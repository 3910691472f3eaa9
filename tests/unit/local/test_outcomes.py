from __future__ import annotations

import pytest

from qwen_code.local.outcomes import Outcomes, Run, before_attempts, outcomes_of
from qwen_code.messages import Message, ToolCall

GREEN = "....  [100%]\n4 passed in 0.01s"
QUIET = (
    "{dots}F\n=== short test summary info ===\nFAILED tests/test_a.py::{test} - assert 1 == 2\n"
    "1 failed, {passed} passed in 0.02s"
)


def _red(passed: int, test: str = "test_f") -> str:
    ended = f"1 failed, {passed} passed in 0.02s\n[exit code 1]"
    return f"{'.' * passed}F\n____ {test} ____\nE  assert 1 == 2\n{ended}"


def _told(*answers: list[str]) -> list[Message]:
    """A conversation: each answer makes edits (`edit`) and runs, which print what is given."""
    messages, number = list[Message](), 0
    for answer in answers:
        calls, results = list[ToolCall](), list[Message]()
        for said in answer:
            number += 1
            name = "edit" if said == "edit" else "run_shell_command"
            calls.append(ToolCall(f"{number}", name, {}))
            results.append(Message("tool", said, tool_call_id=f"{number}"))
        messages += [Message("assistant", "", tool_calls=tuple(calls)), *results]
    return messages


@pytest.mark.parametrize(
    ("before", "after", "is_better"),
    [
        (_red(1), GREEN, True),
        (GREEN, GREEN, False),
        (GREEN, _red(3), False),
        (_red(1), _red(2, "test_g"), True),
        (_red(2), _red(1, "test_g"), False),
        (_red(1), _red(1), False),
        (_red(1, "test_f[1]"), _red(2, "test_f[2]"), False),
        (_red(1), QUIET.format(dots="..", test="test_g", passed=2), True),
        (_red(1, "test_f[1]"), QUIET.format(dots="..", test="test_f[2]", passed=2), False),
        (_red(1, "TestA.test_f"), QUIET.format(dots="..", test="TestA::test_f", passed=2), False),
        ("[timed out after 12 s]", _red(0), True),
        (_red(0), "[timed out after 12 s]", False),
        ("1 error in 0.10s", _red(0), False),
        ("1 error in 0.10s", _red(1), True),
    ],
)
def test_a_run_is_better_if_more_tests_pass_and_another_one_fails(
    before: str, after: str, is_better: bool
) -> None:
    assert Run(0, after).is_better_than(Run(0, before)) is is_better


def test_of_several_attempts_the_one_that_helped_is_known() -> None:
    attempts = ["edit", _red(1), "edit", "edit", GREEN, "edit", "edit", _red(1)]
    assert outcomes_of(_told([_red(1)], attempts)) == Outcomes(best=3, is_green=True, attempts=1, in_all=3)


def test_a_check_that_fails_afterwards_has_to_be_answered() -> None:
    told = _told([_red(1)], ["edit", GREEN])
    assert outcomes_of(told) == Outcomes(best=1, is_green=True, attempts=0, in_all=1)
    told.append(Message("user", "Verification failed.", by_harness=True))
    assert outcomes_of(told) == Outcomes(best=1, is_green=True, attempts=0, in_all=1, are_last=False)


def test_none_that_helped() -> None:
    told = _told([_red(1)], ["edit", _red(1)], ["edit", "edit", _red(0)])
    assert outcomes_of(told) == Outcomes(best=0, is_green=False, attempts=2, in_all=2)


def test_what_someone_else_did_in_between_begins_anew() -> None:
    told = _told([_red(3)], ["edit", _red(3)], [_red(1)], ["edit", _red(1)])
    assert outcomes_of(told) == Outcomes(best=1, is_green=False, attempts=1, in_all=2)


def test_what_helps_a_little_is_chance_but_for_a_first_attempt() -> None:
    first = _told([_red(1)], ["edit", _red(2, "test_g")], ["edit", _red(1, "test_h")])
    assert outcomes_of(first) == Outcomes(best=1, is_green=False, attempts=1, in_all=2)
    later = _told([_red(1)], ["edit", _red(1)], ["edit", "edit", _red(2, "test_g")])
    assert outcomes_of(later) == Outcomes(best=0, is_green=False, attempts=2, in_all=2)


def test_attempts_are_counted_from_what_a_person_said_last() -> None:
    told = _told([_red(1)], ["edit", _red(1)], ["edit", "edit", _red(1)])
    again = [*told, Message("user", "go on")]
    assert outcomes_of(again) == Outcomes(best=0, is_green=False, attempts=0, in_all=0, are_last=False)
    hint = [*told, Message("user", "You repeat yourself.", by_harness=True)]
    assert outcomes_of(hint) == Outcomes(best=0, is_green=False, attempts=2, in_all=2, are_last=False)


def test_edits_that_were_not_tested_are_known_as_such() -> None:
    assert outcomes_of(_told([_red(1)])) is None
    assert outcomes_of(_told(["edit"])) is None
    outcomes = outcomes_of(_told([_red(1)], ["edit", _red(1)], ["edit"]))
    assert outcomes == Outcomes(best=0, is_green=False, attempts=1, in_all=1, are_tested=False)


def test_an_attempt_that_made_a_loop_endless_counts_as_those_that_there_would_have_been_time_for() -> None:
    ended = "(no output)\n[timed out after 6 s; it and all that it started was ended. Set timeout]"
    outcomes = outcomes_of(_told([_red(1)], ["edit", _red(1)], ["edit", ended]))
    assert outcomes is not None
    assert (outcomes.attempts, outcomes.in_all) == (2, 6)


def test_before_the_attempts_that_failed_is_up_to_the_first_edit_behind_the_best_one() -> None:
    messages = [
        Message("user", "fix"),
        *_told([_red(1)], ["edit", _red(1)], ["edit", "edit", _red(1), "edit"]),
    ]
    assert before_attempts(messages, outcomes_of(messages)) == messages[:3]
    helped = [*messages[:3], *_told(["edit", _red(2, "test_g")], ["edit", _red(2, "test_g")])]
    assert before_attempts(helped, outcomes_of(helped)) == helped[:6]
    assert before_attempts(messages[:3], None) == messages[:3]


def test_it_is_up_to_what_a_person_said_last() -> None:
    messages = [*_told([_red(1)], ["edit", _red(1)]), Message("user", "go on"), *_told(["edit", _red(1)])]
    assert before_attempts(messages, outcomes_of(messages)) == messages[:6]
