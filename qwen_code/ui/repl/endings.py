"""The last lines of a turn: how it ended, and what it changed."""

from __future__ import annotations

from rich.text import Text

from qwen_code.events import Outcome, TurnEnded
from qwen_code.ui.painter import Line, Painter, joined
from qwen_code.ui.quantities import duration
from qwen_code.ui.terminal_text import shown_line

WORTH_TELLING_S = 10.0
"""A turn that took less and changed nothing ends without a word."""


def ending_lines(event: TurnEnded, painter: Painter) -> list[Line]:
    """A sentence for every outcome but success, and one line of facts when there are any."""
    lines: list[Line] = []
    if event.outcome is Outcome.INTERRUPTED:
        lines += painter.wrap(
            Text("Interrupted. What was done is kept.", "warn"), painter.mark("■"), style="warn"
        )
    elif event.outcome is not Outcome.DONE:
        sentence = shown_line(event.detail) or f"Stopped: {event.outcome.value.replace('_', ' ')}."
        lines += painter.wrap(Text(sentence, "error"), painter.mark("✗", "failed: "), style="error")
    changed = len(event.files_changed)
    facts: list[str | tuple[str, str]] = []
    if event.duration_s >= WORTH_TELLING_S:
        facts.append((duration(event.duration_s), "dim"))
    if changed:
        facts.append((f"{changed} file{'' if changed == 1 else 's'} changed", "dim"))
    if event.verification is not None:
        facts.append(("verified", "ok") if event.verification.passed else ("verification failed", "error"))
    if facts:
        mark = painter.mark("✓", "done: ") if event.outcome is Outcome.DONE else "  "
        lines.append(Text().append(mark, "ok").append_text(joined(facts, ", " if painter.plain else " · ")))
    return lines
