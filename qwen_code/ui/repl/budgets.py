"""Warns once of each budget of a turn that is nearly used up, before it ends the turn."""

from __future__ import annotations

from qwen_code.events import AnswerEnded, Event, RequestStarted, ToolStarted
from qwen_code.settings.model import LimitSettings
from qwen_code.ui.quantities import duration, tokens

NEARLY = 0.8
"""Share of a budget from which on a person is told."""


class BudgetWatch:
    """One turn's use of its limits, counted from the events as the agent counts it."""

    def __init__(self, limits: LimitSettings, now: float) -> None:
        self._limits = limits
        self._began = now
        self._requests = self._calls = self._tokens = 0
        self._cost = 0.0
        self._told: set[str] = set()

    def take(self, event: Event, now: float) -> str:
        """A sentence when a budget is nearly used up that was not before; else empty."""
        match event:
            case RequestStarted(step):
                self._requests = step
            case ToolStarted():
                self._calls += 1
            case AnswerEnded(usage=usage):
                self._tokens += usage.prompt_tokens + usage.completion_tokens
                self._cost += usage.cost_usd or 0.0
            case _:
                pass
        return self._warning(now - self._began)

    def _warning(self, seconds: float) -> str:
        limits = self._limits
        if self._near("requests", self._requests, limits.max_session_turns):
            return _sentence(f"{self._requests} of {limits.max_session_turns} requests")
        if self._near("calls", self._calls, limits.max_tool_calls):
            return _sentence(f"{self._calls} of {limits.max_tool_calls} tool calls")
        if self._near("tokens", self._tokens, limits.max_tokens):
            return _sentence(f"{tokens(self._tokens)} of {tokens(limits.max_tokens or 0)} tokens")
        if self._near("cost", self._cost, limits.max_cost_usd):
            return _sentence(f"${self._cost:.2f} of ${limits.max_cost_usd:g}")
        if self._near("time", seconds, limits.max_wall_time_s):
            return _sentence(f"{duration(seconds)} of {duration(limits.max_wall_time_s or 0.0)}")
        return ""

    def _near(self, what: str, used: float, limit: float | None) -> bool:
        """Whether it is time to tell of this one."""
        if not limit or used < NEARLY * limit or what in self._told:
            return False
        self._told.add(what)
        return True


def _sentence(part: str) -> str:
    return f"{part} of this turn's budget are used; the turn ends there."
