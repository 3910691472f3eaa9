"""What ends a run that would not end by itself: budgets, and the guard against going round in circles."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from dataclasses import dataclass, field

from qwen_code.events import Outcome
from qwen_code.messages import ToolCall, Usage
from qwen_code.settings.model import LimitSettings


class Stop(Exception):
    """Ends the turn with an outcome and a sentence that says why."""

    def __init__(self, outcome: Outcome, detail: str) -> None:
        super().__init__(detail)
        self.outcome = outcome


@dataclass(slots=True)
class Budget:
    """What one turn has used of what it may use."""

    limits: LimitSettings
    steps: int = 0
    tool_calls: int = 0
    usage: Usage = field(default_factory=Usage)
    started: float = field(default_factory=time.monotonic)

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self.started

    @property
    def deadline_s(self) -> float | None:
        """Seconds of wall time left, None without a limit."""
        limit = self.limits.max_wall_time_s
        return None if limit is None else max(0.0, limit - self.elapsed_s)

    def before_request(self) -> None:
        """Raises Stop when the next request would exceed a budget."""
        limits = self.limits
        if limits.max_session_turns is not None and self.steps >= limits.max_session_turns:
            raise Stop(
                Outcome.TURN_LIMIT,
                f"Stopped after {self.steps} requests, the limit of --max-session-turns.",
            )
        used = self.usage.prompt_tokens + self.usage.completion_tokens
        if limits.max_tokens is not None and used >= limits.max_tokens:
            raise Stop(Outcome.BUDGET, f"Stopped after {used} tokens, the limit of --max-tokens.")
        cost = self.usage.cost_usd
        if limits.max_cost_usd is not None and cost is not None and cost >= limits.max_cost_usd:
            raise Stop(Outcome.BUDGET, f"Stopped at a cost of ${cost:.2f}, the limit of --max-cost.")
        if self.deadline_s == 0.0:
            raise self.out_of_time()

    def before_calls(self, count: int) -> None:
        """Raises Stop when running `count` more calls would exceed the budget."""
        limit = self.limits.max_tool_calls
        if limit is not None and self.tool_calls + count > limit:
            raise Stop(
                Outcome.BUDGET, f"Stopped before tool call {limit + 1}, the limit of --max-tool-calls."
            )

    def out_of_time(self) -> Stop:
        return Stop(Outcome.BUDGET, f"Stopped after {self.elapsed_s:.0f} s, the limit of --max-wall-time.")


_DURATION = re.compile(r"\b\d+(?:\.\d+)? ?(?:ms|s|sec|seconds)\b")
"""Test runners print how long they took; the same result in another time is the same result."""


class LoopGuard:
    """Notices a model that repeats itself without getting anywhere.

    A call counts as repeated when it is made with the same arguments and has the same result; cycles of two
    and three such calls count by whole rounds, and failing edits of one file whatever their text. `observe`
    answers with a message for the model at the third repetition and raises Stop at the fifth.
    """

    warn_at = 3
    stop_at = 5
    failing_edits_warn_at = 4
    failing_edits_stop_at = 8

    def __init__(self) -> None:
        self._history: list[str] = []
        self._failing_edits: Counter[str] = Counter()
        self._warned: set[str] = set()

    def observe(self, call: ToolCall, result: str, ok: bool) -> str | None:
        """Take note of one finished call; a sentence for the model when it should change course.

        Raises:
            Stop: it went on all the same.
        """
        call_text = json.dumps([call.name, call.arguments], sort_keys=True)
        self._history.append(f"{hash((call_text, _DURATION.sub('', result)))}")
        del self._history[: -3 * self.stop_at]
        return self._judge_edits(call, ok) or self._judge_cycles(call)

    def _judge_cycles(self, call: ToolCall) -> str | None:
        for length in (1, 2, 3):
            rounds = self._rounds(length)
            what = f"`{call.name}` with the same arguments" if length == 1 else f"the same {length} calls"
            if rounds >= self.stop_at:
                raise Stop(
                    Outcome.LOOP, f"Stopped: the model made {what} {rounds} times with the same result."
                )
            if rounds >= self.warn_at and f"{length}:{self._history[-1]}" not in self._warned:
                self._warned.update(f"{length}:{entry}" for entry in self._history[-length:])
                return (
                    f"You have made {what} {rounds} times and the result did not change. Do something else: "
                    "look at another place, try another way, or say what keeps you from going on."
                )
        return None

    def _rounds(self, length: int) -> int:
        """How often the last `length` calls stand one after the other at the end of the history."""
        last = self._history[-length:]
        if length > 1 and len(set(last)) == 1:
            return 0
        rounds, end = 0, len(self._history)
        while end >= length and self._history[end - length : end] == last:
            rounds, end = rounds + 1, end - length
        return rounds

    def _judge_edits(self, call: ToolCall, ok: bool) -> str | None:
        if call.name != "edit":
            return None
        path = str(call.arguments.get("file_path", ""))
        if ok:
            self._failing_edits.pop(path, None)
            return None
        self._failing_edits[path] += 1
        count = self._failing_edits[path]
        if count >= self.failing_edits_stop_at:
            raise Stop(Outcome.LOOP, f"Stopped: {count} edits of {path} failed in a row.")
        if count == self.failing_edits_warn_at:
            return (
                f"{count} edits of {path} have failed in a row. Read the file again and copy `old_string` "
                "from it exactly, or write the whole file with write_file."
            )
        return None
