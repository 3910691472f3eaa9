from __future__ import annotations

import pytest

from qwen_code.agent.limits import LoopGuard, Stop
from qwen_code.events import Outcome
from qwen_code.messages import ToolCall


def call(name: str, **arguments: str) -> ToolCall:
    return ToolCall("id", name, arguments)


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_cycle_is_warned_of_in_its_third_round_and_ended_in_its_fifth(length: int) -> None:
    guard = LoopGuard()
    warned_at: list[int] = []

    def go_round() -> None:
        for n in range(100):
            if guard.observe(call("read_file", file_path=str(n % length)), "text", ok=True):
                warned_at.append(n + 1)

    with pytest.raises(Stop) as stop:
        go_round()
    assert warned_at == [3 * length]
    assert stop.value.outcome is Outcome.LOOP


def test_another_result_is_progress() -> None:
    guard = LoopGuard()
    for n in range(20):
        assert guard.observe(call("run_shell_command", command="pytest"), f"{n} failed", ok=True) is None


def test_only_the_time_it_took_is_no_progress() -> None:
    guard = LoopGuard()
    again = call("run_shell_command", command="pytest")
    for n in range(4):
        guard.observe(again, f"1 failed in 0.{n}s", ok=True)
    with pytest.raises(Stop):
        guard.observe(again, "1 failed in 0.4s", ok=True)


def test_repeats_with_other_work_between_are_fine() -> None:
    guard = LoopGuard()
    for n in range(30):
        assert guard.observe(call("run_shell_command", command="pytest"), "ok", ok=True) is None
        assert guard.observe(call("edit", file_path="a", old_string=str(n)), f"done {n}", ok=True) is None


def test_edits_of_one_file_that_keep_failing_are_warned_of_and_ended() -> None:
    guard = LoopGuard()
    advice: list[str | None] = []

    def go_on() -> None:
        for n in range(20):
            failing = call("edit", file_path="a.py", old_string=str(n))
            advice.append(guard.observe(failing, str(n), ok=False))

    with pytest.raises(Stop) as stop:
        go_on()
    assert [n for n, text in enumerate(advice, 1) if text] == [4]
    assert "a.py" in str(stop.value)
    assert len(advice) == 7
