from __future__ import annotations

import pytest

from qwen_code.events import AnswerEnded, Event, RequestStarted, TextDelta, ToolStarted
from qwen_code.messages import Message, ToolCall, Usage
from qwen_code.settings.model import LimitSettings
from qwen_code.ui.repl.budgets import BudgetWatch

CALL = ToolStarted(ToolCall("1", "edit", {}), "a.py")
ANSWER = AnswerEnded(Message("assistant", "x"), Usage(900, 0, 100, cost_usd=0.45))


@pytest.mark.parametrize(
    ("limits", "events", "warning"),
    [
        (LimitSettings(max_session_turns=5), [RequestStarted(n) for n in range(1, 6)], "4 of 5 requests"),
        (LimitSettings(max_tool_calls=10), [CALL] * 10, "8 of 10 tool calls"),
        (LimitSettings(max_tokens=2000), [ANSWER, ANSWER], "2k of 2k tokens"),
        (LimitSettings(max_cost_usd=1.0), [ANSWER, ANSWER], "$0.90 of $1"),
    ],
)
def test_a_budget_that_is_nearly_used_up_is_told_once(
    limits: LimitSettings, events: list[Event], warning: str
) -> None:
    watch = BudgetWatch(limits, 0.0)
    told = [text for event in events if (text := watch.take(event, 1.0))]
    assert told == [f"{warning} of this turn's budget are used; the turn ends there."]


def test_time_runs_out_whatever_happens() -> None:
    watch = BudgetWatch(LimitSettings(max_wall_time_s=600), 100.0)
    assert [bool(watch.take(TextDelta("x"), now)) for now in (500.0, 581.0, 590.0)] == [False, True, False]


def test_without_limits_nothing_is_said() -> None:
    watch = BudgetWatch(LimitSettings(), 0.0)
    assert not any(watch.take(event, 1e6) for event in [CALL, ANSWER, RequestStarted(999)])
