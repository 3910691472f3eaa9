"""Puts a plan to the person; an approved one ends plan mode."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from qwen_code.tool import Access, TextBlock, Tool, ToolContext, ToolFailure, ToolResult


@dataclass(frozen=True, slots=True)
class ExitPlanModeParams:
    plan: str


class ExitPlanMode(Tool[ExitPlanModeParams]):
    name = "exit_plan_mode"
    params = ExitPlanModeParams

    def accesses(self, params: ExitPlanModeParams, ctx: ToolContext) -> Sequence[Access]:
        return ()

    async def run(
        self, params: ExitPlanModeParams, ctx: ToolContext, emit: Callable[[str], None]
    ) -> ToolResult:
        plan = params.plan.strip()
        if not plan:
            raise ToolFailure("The plan is empty.", "schema")
        review = await ctx.user.review_plan(plan)
        if review is None:
            text = "Nobody is there to approve a plan. End with the plan as your answer."
            return ToolResult(True, text, TextBlock("nobody there to approve"))
        if not review.approved:
            said = f" and said: {review.note}" if review.note else ". Ask what should be different, or stop"
            return ToolResult(True, f"The user did not approve the plan{said}.", TextBlock("not approved"))
        if review.plan.strip() == plan:
            return ToolResult(True, "The user approved the plan. Carry it out.", TextBlock("approved"))
        text = f"The user approved this version of the plan. Carry it out.\n\n{review.plan.strip()}"
        return ToolResult(True, text, TextBlock("approved, with changes"))
