"""What the region at the bottom shows: text that still changes, the activity, what waits, the status line."""

from __future__ import annotations

from collections.abc import Callable

from rich.text import Text

from qwen_code.ui.painter import Line, Painter
from qwen_code.ui.repl.activity import Activity
from qwen_code.ui.repl.desk import Desk
from qwen_code.ui.repl.port import App
from qwen_code.ui.repl.status import Meter, status_line
from qwen_code.ui.repl.transcript import Transcript
from qwen_code.ui.repl.turns import Turns
from qwen_code.ui.terminal_text import clipped, shown_line

FLASH_S = 3.0
"""Seconds that a passing remark stands in the status line."""
LIVE_ROWS = 20
"""Most rows that text may take while it still changes."""
HINT = "Ask, or / for commands, @ for files, ! for the shell"


class View:
    """Reads the state of all parts, changes none. For screen readers the region is the prompt alone."""

    def __init__(
        self, painter: Painter, transcript: Transcript, desk: Desk, clock: Callable[[], float]
    ) -> None:
        self.activity = Activity()
        self.meter = Meter()
        self.app: App | None = None
        self.turns: Turns | None = None
        self.early: list[str] = []
        """What was sent before the application was open."""
        self._painter = painter
        self._transcript = transcript
        self._desk = desk
        self._clock = clock
        self._flash = ("", 0.0)

    def flash(self, text: str) -> None:
        """Say `text` in the status line for a moment."""
        self._flash = (text, self._clock() + FLASH_S)

    def hint(self) -> str:
        """What an empty prompt says."""
        return "" if self._painter.plain or self.activity.busy else HINT

    def live_lines(self, rows: int) -> list[Line]:
        if self._painter.plain:
            return []
        lines = self._transcript.live(min(max(rows - 12, 3), LIVE_ROWS))
        if self.activity.busy and self._desk.panel is None:
            lines += [Text(), self.activity.line(self._clock(), self._painter)]
        for text, hint in self._waiting():
            line = Text().append(f"» {clipped(shown_line(text), self._painter.width - len(hint) - 6)}", "dim")
            lines.append(line.append(f"  {hint}", "dim"))
        return [*lines, Text()]

    def _waiting(self) -> list[tuple[str, str]]:
        """Texts that were sent and not yet read, each with when it will be."""
        if self.turns is None:
            return [(text, "when the model is there") for text in self.early]
        waiting = [(text, "read at the next step") for text in self.turns.handed_over]
        for w in self.turns.waiting:
            when = "after this turn" if w.after_turn else "at the next step"
            waiting.append((w.text, f"{when}, ↑ edits"))
        return waiting

    def question_lines(self, rows: int) -> list[Line]:
        panel, draft = self._desk.panel, self._desk.prompt.text
        if panel is None:
            return []
        lines = panel.lines(self._painter, max(rows - 6, 4))
        if draft and panel.entry is None:
            lines.append(Text(f"  your draft waits: {clipped(shown_line(draft), 40)}", "dim"))
        return lines

    def status_lines(self, rows: int) -> list[Line]:
        if self._painter.plain:
            return []
        text, until = self._flash
        flash = text if self._clock() < until else ""
        if self.app is None:
            return [Text("  ").append(flash or "starting", "dim")]
        app = self.app
        return [
            status_line(
                self._painter,
                mode=app.mode,
                model=app.model_name,
                location=app.model_location,
                meter=self.meter,
                flash=flash,
            )
        ]
