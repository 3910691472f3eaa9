from __future__ import annotations

from pathlib import Path

import pytest

from qwen_code.tool import PlanReview
from qwen_code.tools.exit_plan_mode import ExitPlanMode
from tests.support.tool_calls import Bench, Person, at_bench, failure


def told(root: Path, review: PlanReview | None) -> str:
    """What the model reads after the person has looked at its plan."""

    async def hand_in(bench: Bench) -> str:
        assert isinstance(bench.context.user, Person)
        bench.context.user.review = review
        return (await bench.call(ExitPlanMode(), plan="1. Look")).for_model

    return at_bench(root, hand_in)


@pytest.mark.parametrize(
    ("review", "words"),
    [
        (PlanReview(True, plan="1. Look"), "approved the plan. Carry it out."),
        (PlanReview(True, plan="1. Look twice"), "Carry it out.\n\n1. Look twice"),
        (PlanReview(False, note="smaller steps"), "did not approve the plan and said: smaller steps"),
        (PlanReview(False), "did not approve the plan"),
        (None, "End with the plan as your answer"),
    ],
)
def test_the_model_learns_what_the_person_makes_of_its_plan(
    tmp_path: Path, review: PlanReview | None, words: str
) -> None:
    assert words in told(tmp_path, review)


def test_an_empty_plan_is_not_put_to_anybody(tmp_path: Path) -> None:
    assert failure(tmp_path, ExitPlanMode(), plan=" ").kind == "schema"
