"""What the keys do to a running REPL; which key does it stands in `keys.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_code.errors import ExitCode
from qwen_code.permissions.decision import Mode
from qwen_code.tool import Draft

if TYPE_CHECKING:
    from qwen_code.ui.repl.repl import Repl

LEAVE_S = 2.0
"""Seconds within which a second Ctrl+C leaves."""
MODES = (Mode.DEFAULT, Mode.AUTO_EDIT, Mode.AUTO, Mode.PLAN)
"""What Shift+Tab goes through; yolo is chosen by name only."""


class KeyActions:
    """The vocabulary of `keys.Actions` for one REPL."""

    def __init__(self, repl: Repl) -> None:
        self._repl = repl
        self._last_interrupt = float("-inf")

    def send(self) -> None:
        self._repl.submit(self._repl.desk.taken())

    def queue(self) -> None:
        repl = self._repl
        if repl.turns is not None and (text := repl.desk.taken()):
            repl.turns.send(text, after_turn=True)
        repl.screen.refresh_now()

    def interrupt_or_leave(self) -> None:
        repl = self._repl
        now = repl.clock()
        again = now - self._last_interrupt < LEAVE_S
        self._last_interrupt = now
        if again:
            repl.leave(ExitCode.DONE)
        elif repl.desk.panel is not None:
            repl.desk.dismiss()
        elif repl.busy:
            repl.interrupt()
            repl.flash("Interrupting. Ctrl+C again leaves.")
        elif repl.desk.prompt.text:
            repl.desk.prompt.reset()
            self._last_interrupt = float("-inf")
        else:
            repl.flash("Ctrl+C again, or Ctrl+D, leaves.")

    def interrupt(self) -> None:
        self._repl.interrupt()

    def end_of_input(self) -> None:
        if self._repl.busy:
            self._repl.flash("A turn is running: Esc stops it, Ctrl+C twice leaves.")
        else:
            self._repl.leave(ExitCode.DONE)

    def pull_back(self) -> bool:
        repl = self._repl
        text = repl.turns.take_back() if repl.turns is not None else ""
        repl.desk.put(text)
        return bool(text)

    def next_mode(self) -> None:
        app = self._repl.app
        if app is not None:
            at = MODES.index(app.mode) if app.mode in MODES else -1
            self._repl.set_mode(MODES[(at + 1) % len(MODES)])

    def expand(self) -> None:
        if not self._repl.transcript.expand():
            self._repl.flash("Nothing was shortened.")
        self._repl.screen.refresh_now()

    def edit_prompt(self) -> None:
        """The prompt goes to the editor whole, large pastes too, and comes back without being sent."""
        repl = self._repl

        async def work() -> None:
            text = repl.desk.pastes.unfolded(repl.desk.prompt.text)
            repl.desk.replace((await repl.edited(Draft(text, ".md"))).rstrip("\n"))

        repl.spawn(work())

    def repaint(self) -> None:
        self._repl.screen.app.renderer.clear()

    def paste(self, text: str) -> None:
        desk = self._repl.desk
        desk.prompt.insert_text(desk.pastes.folded(text))

    def press(self, key: str) -> None:
        self._repl.desk.press(key)

    def submit_entry(self) -> None:
        self._repl.desk.submit_entry()

    def dismiss(self) -> None:
        self._repl.desk.dismiss()
