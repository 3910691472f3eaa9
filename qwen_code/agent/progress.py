"""Notices work that begins again and again: fill the window, shorten, plan the same, read the same files."""

from __future__ import annotations

import json

from qwen_code.agent.limits import Stop
from qwen_code.events import Outcome, ToolFinished

_IMMATERIAL = frozenset({"description", "limit", "timeout", "is_background", "todos"})
"""Arguments in which a repeated call may differ."""

_REPEATED = 0.8
"""Share of the calls between two compactions that were made before; more is no progress."""

_TELLING = 3
"""Calls in a stretch; fewer say nothing about what the model is doing."""

_ADVICE = (
    "Since the conversation was last shortened you have only repeated what you had done before, and no file "
    "has changed. Do not gather the same again: take the next step of the task now, with what you know, or "
    "say what keeps you from it."
)


class ProgressGuard:
    """Compares what is done between one compaction and the next. One for each turn."""

    def __init__(self) -> None:
        self._before: set[str] = set()
        self._since: list[str] = []
        self._changed = False
        self._shortened = 0
        self._idle = 0
        """Stretches in a row without a single call."""
        self._barren = 0

    def observe(self, finished: ToolFinished) -> None:
        """Take note of a call that was made."""
        arguments = {k: v for k, v in finished.call.arguments.items() if k not in _IMMATERIAL}
        self._since.append(json.dumps([finished.call.name, arguments], sort_keys=True, default=str))
        self._changed = self._changed or bool(finished.files_changed)

    def shortened(self) -> str | None:
        """The conversation was shortened; a sentence for the model when the stretch before was barren.

        Raises:
            Stop: two stretches in a row were.
        """
        self._idle = 0 if self._since else self._idle + 1
        barren = self._shortened > 0 and not self._changed and self._is_barren()
        self._before.update(self._since)
        self._since, self._changed = [], False
        self._shortened += 1
        self._barren = self._barren + 1 if barren else 0
        if self._barren > 1:
            raise Stop(
                Outcome.LOOP,
                f"Stopped: the conversation was shortened {self._shortened} times, and the model only "
                "repeats what it had done before, without changing a file.",
            )
        return _ADVICE if self._barren else None

    def _is_barren(self) -> bool:
        """Whether the stretch held only what was done before, or, as the one before it, nothing at all."""
        if len(self._since) < _TELLING:
            return self._idle > 1
        return sum(call in self._before for call in self._since) >= _REPEATED * len(self._since)
