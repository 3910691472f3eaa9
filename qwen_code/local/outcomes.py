"""What came of the edits of a conversation: after which of them the tests ran best."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from qwen_code.messages import Message

_ENDED = re.compile(r"^=* ?(\d+ (?:failed|error|passed).*) in [\d.]+s", re.MULTILINE)
"""How pytest ends."""
_FAILED = re.compile(r"\d+ (?:failed|error)")
_PASSED = re.compile(r"(\d+) passed")
_FAILING = re.compile(r"^_{3,} (\w[\w.]*)(?:\[.*)? _{3,}$|^FAILED [^:\n]+::([\w:]+)", re.MULTILINE)
"""The headline of a test's report, or its line in the summary."""


_ENDLESS = "[timed out after "
"""What the tool says of a command that it ended."""
_AS_LONG_AS = 5
"""Attempts that take as long as one which makes a loop endless."""


@dataclass(frozen=True, slots=True)
class Run:
    """Tests that were run until the first that failed."""

    edits: int
    """How many the conversation held before."""
    text: str
    """What was printed."""

    @property
    def _end(self) -> str:
        """The last line that counts tests; empty where they did not come to an end."""
        return next(iter(_ENDED.findall(self.text)[-1:]), "")

    @property
    def is_green(self) -> bool:
        """Whether all tests passed."""
        return bool(self._end) and not _FAILED.search(self._end)

    @property
    def attempts(self) -> int:
        """As how many it counts, for a conversation has only so much time."""
        return _AS_LONG_AS if _ENDLESS in self.text else 1

    @property
    def passed(self) -> int:
        """How many did; below 0 where they did not come to an end."""
        if not self._end:
            return -1
        found = _PASSED.search(self._end)
        return int(found[1]) if found else 0

    @property
    def failing(self) -> str:
        """The first test that failed, without its parameters."""
        found = _FAILING.search(self.text)
        return (found[1] or found[2]).replace("::", ".") if found else ""

    def is_better_than(self, other: Run) -> bool:
        """Whether more tests passed, and not because the same one failed in another line or case."""
        if self.is_green or other.is_green:
            return not other.is_green
        return self.passed > other.passed and (self.failing == "" or self.failing != other.failing)


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What edits came to."""

    best: int
    """How many of them had been made when the tests ran best."""
    is_green: bool
    """Whether they all passed then."""
    attempts: int
    """Runs since then that were no better, as far as they came after what a person said last."""
    in_all: int
    """Runs after edits, of the same; those that took long count more."""
    are_tested: bool = True
    """Whether the tests were run after the last edit."""
    are_last: bool = True
    """Whether nobody has said anything since."""


def outcomes_of(messages: Sequence[Message]) -> Outcomes | None:
    """What came of the edits; None where there are none, or no tests were run."""
    edits, runs, spoken = 0, list[Run](), 0
    printed = {message.tool_call_id: message.text for message in messages if message.role == "tool"}
    for message in messages:
        if message.role == "user" and not message.by_harness:
            spoken = len(runs)
        for call in message.tool_calls:
            if call.name == "edit":
                edits += 1
            elif call.name == "run_shell_command" and call.id in printed:
                runs.append(Run(edits, printed[call.id]))
    if not edits or not runs:
        return None
    best, attempts, in_all = runs[0], 0, 0
    for number, (before, run) in enumerate(pairwise(runs), 1):
        in_all += run.attempts if number >= spoken and run.edits > before.edits else 0
        # Without edits, someone else made some. What helps a little is often chance, but for a first attempt.
        if run.edits == before.edits or (run.is_better_than(best) and (run.is_green or not attempts)):
            best, attempts = run, 0
        else:
            attempts += number >= spoken
    are_tested, are_last = runs[-1].edits == edits, messages[-1].role == "tool"
    return Outcomes(best.edits, best.is_green, attempts, in_all, are_tested, are_last)


def before_attempts(messages: Sequence[Message], outcomes: Outcomes | None) -> Sequence[Message]:
    """The messages up to the first edit that was in vain, or to what a person said last, if that is later."""
    edits, end = 0, len(messages)
    for number, message in enumerate(messages):
        if message.role == "user" and not message.by_harness:
            end = len(messages)
        edits += sum(call.name == "edit" for call in message.tool_calls)
        if message.tool_calls and edits > (outcomes.best if outcomes else 0):
            end = min(end, number)
    return messages[:end]
