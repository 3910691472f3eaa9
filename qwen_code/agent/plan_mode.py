"""Tells the model that plan mode has begun or ended: a sentence after the person's next prompt.

The tools and the system text stay as they were, so nothing that was sent before changes.
"""

from __future__ import annotations

from qwen_code.permissions.decision import Mode

_BEGUN = "(Plan mode: change nothing. Look at what you need, then {end}.)"
_ENDED = "(Plan mode is off; you may make changes.)"
TOOL = "exit_plan_mode"


class PlanMode:
    """What the model was told last, in one session."""

    def __init__(self) -> None:
        self._told = False

    def noted(self, prompt: str, mode: Mode, *, has_tool: bool) -> str:
        """`prompt` with what the model must know of the mode; `has_tool`: plans are handed in by a call."""
        planning = mode is Mode.PLAN
        if planning == self._told:
            return prompt
        self._told = planning
        end = f"call {TOOL} with your plan" if has_tool else "answer with your plan"
        return f"{prompt}\n\n{_BEGUN.format(end=end) if planning else _ENDED}"
