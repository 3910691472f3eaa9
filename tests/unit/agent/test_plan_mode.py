from __future__ import annotations

from qwen_code.agent.plan_mode import PlanMode
from qwen_code.permissions.decision import Mode


def test_the_model_is_told_once_when_planning_begins_and_once_when_it_ends() -> None:
    plan = PlanMode()
    modes = [Mode.DEFAULT, Mode.PLAN, Mode.PLAN, Mode.AUTO_EDIT, Mode.AUTO]
    told = [plan.noted("go", mode, has_tool=True) != "go" for mode in modes]
    assert told == [False, True, False, True, False]


def test_the_way_to_hand_in_a_plan_is_one_that_the_model_has() -> None:
    assert "call exit_plan_mode" in PlanMode().noted("go", Mode.PLAN, has_tool=True)
    assert "answer with your plan" in PlanMode().noted("go", Mode.PLAN, has_tool=False)
