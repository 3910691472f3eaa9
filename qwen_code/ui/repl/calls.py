"""Tool calls as lines: one that runs, one that has ended, and what of its result can be shown later."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.text import Text

from qwen_code.events import ToolFinished, VerificationFinished
from qwen_code.tool import DiffBlock
from qwen_code.ui.blocks import BODY, body, heading_note, label, more_lines, output_tail
from qwen_code.ui.painter import Line, Painter
from qwen_code.ui.quantities import duration
from qwen_code.ui.terminal_text import clipped, output_shown, shown, shown_line

TAIL_CHARACTERS = 16_384
"""How much of a running command's output is kept for the live region."""
_ASKING = ("ask_user_question", "exit_plan_mode")
"""Tools that ask a person: while they run, their question stands where their line would."""
OWN_CALL = "shell-"
"""How the ids of the person's own commands begin."""
OWN_LINES = 60
"""Lines of output under a command that the person typed: they want to read it."""
KEPT_RESULTS = 20
"""How many results can be shown in full afterwards."""


@dataclass(slots=True)
class RunningCall:
    """A call that has begun and not ended."""

    name: str
    title: str
    output: str = ""
    previewed: bool = False
    """What it would do was shown already, when a person was asked."""


class Calls:
    """The calls of a session as far as the screen is concerned."""

    def __init__(self, painter: Painter, *, shell_lines: int) -> None:
        """`shell_lines`: how many lines of output stand under a call."""
        self._painter = painter
        self.shell_lines = shell_lines
        self._running: dict[str, RunningCall] = {}
        self._previewed: set[str] = set()
        """Calls shown before they were seen to start: questions overtake events."""
        self._results: deque[tuple[str, Callable[[], list[Line]]]] = deque(maxlen=KEPT_RESULTS)

    def started(self, call_id: str, name: str, title: str) -> None:
        self._running[call_id] = RunningCall(name, title, previewed=call_id in self._previewed)
        self._previewed.discard(call_id)

    def output(self, call_id: str, text: str) -> None:
        if running := self._running.get(call_id):
            running.output = (running.output + text)[-TAIL_CHARACTERS:]

    def previewed(self, call_id: str) -> None:
        if running := self._running.get(call_id):
            running.previewed = True
        else:
            self._previewed.add(call_id)

    def redrafted(self, call_id: str, title: str) -> None:
        """The person changed what the call does; its result shows what it is now."""
        if running := self._running.get(call_id):
            running.title, running.previewed = title, False

    def live(self) -> list[Line]:
        """What runs now, with the end of its output; one that waits for its approval is shown elsewhere."""
        lines: list[Line] = []
        for running in self._running.values():
            if running.output or not (running.previewed or running.name in _ASKING):
                lines += self._live(running)
        return lines

    def finished(self, event: ToolFinished) -> list[Line]:
        """One line, and under it as much of the result as fits."""
        call, block = event.call, event.for_user
        running = self._running.pop(call.id, None) or RunningCall(call.name, "")
        note = heading_note(block)
        if event.duration_s >= 1:
            note.append(" · " if note else "").append(duration(event.duration_s), "dim")
        lines = [self._heading("ok" if event.ok else "error", running, note)]
        denial = event.denial
        if denial is not None and not denial.by_sandbox:
            who = "Refused by you" if denial.by_person else "Not permitted"
            reason = Text(f"{who}: {shown_line(denial.reason)}", "warn")
            return lines + self._painter.wrap(reason, BODY)
        if not event.ok and block is None:
            return lines + self._failure(event.for_model)
        if isinstance(block, DiffBlock) and running.previewed:
            return lines
        limit = max(self.shell_lines, OWN_LINES) if call.id.startswith(OWN_CALL) else self.shell_lines
        lines += body(block, self._painter, limit=limit)
        if _is_shortened(lines):
            title = f"{label(call.name)} {clipped(shown_line(running.title), 200)}"
            self.keep(title, lambda: body(block, self._painter, limit=None))
        if denial is not None:
            remedy = "" if denial.by_person else f" ({denial.rule} permits it)"
            text = f"Stopped by the sandbox: {shown_line(denial.reason)}{remedy}"
            lines += self._painter.wrap(Text(text, "warn"), BODY)
        return lines

    def verified(self, event: VerificationFinished) -> list[Line]:
        self._running.pop("verify", None)
        style, word = ("ok", "passed") if event.passed else ("error", f"failed, try {event.attempt}")
        lines = [self._heading(style, RunningCall("Verify", event.command), Text(word, style))]
        if not event.passed:
            lines += output_tail(event.output, self._painter, self.shell_lines)
        return lines

    def cut_off(self) -> list[Line]:
        """A line for each call that will never end."""
        note = Text("interrupted", "warn")
        lines = [self._heading("error", running, note) for running in self._running.values()]
        self._running.clear()
        return lines

    def keep(self, title: str, render: Callable[[], list[Line]]) -> None:
        """Remember something that was shortened, to be shown in full when asked for."""
        self._results.append((title, render))

    def expanded(self) -> list[Line]:
        """The latest shortened result in full, and then the one before; empty when there is none left."""
        if not self._results:
            return []
        title, render = self._results.pop()
        return [Text().append(self._painter.mark("▾"), "accent").append(title, "strong"), *render()]

    def _live(self, running: RunningCall) -> list[Line]:
        heading = self._heading("accent", running, Text())
        if not running.output:
            return [heading]
        rows = output_shown(running.output).rstrip("\n").split("\n")[-self.shell_lines :]
        return [heading, *(self._painter.fold(Text(row, "dim"), BODY, BODY)[0] for row in rows)]

    def _failure(self, text: str) -> list[Line]:
        rows: list[Line] = []
        for row in shown(text.strip()).split("\n"):
            rows += self._painter.fold(Text(row, "error"), BODY, BODY)
        limit = self.shell_lines
        if len(rows) <= limit:
            return rows
        self.keep("Failure", lambda: rows)
        return [*rows[: limit - 1], more_lines(len(rows) - limit + 1, self._painter)]

    def _heading(self, style: str, call: RunningCall, note: Text) -> Line:
        """One line for a call: a mark, what it is, what it is about, what came of it."""
        spoken = {"ok": "done: ", "error": "failed: "}.get(style, "running: ")
        mark = self._painter.mark("✗" if style == "error" else "●", spoken)
        line = Text().append(mark, style).append(label(call.name), "tool")
        room = max(self._painter.width - line.cell_len - note.cell_len - 4, 10)
        first, _, more = call.title.strip().partition("\n")
        if first:
            line.append(f" {clipped(shown_line(first), room)}{' …' if more else ''}")
        return line.append("  ").append_text(note) if note else line


def _is_shortened(lines: Sequence[Line]) -> bool:
    return any(line.plain.strip().startswith("…") for line in lines)
