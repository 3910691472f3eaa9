"""What the screen does about a turn: it begins, things happen, it ends."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from qwen_code.events import ApprovalNeeded, Event, ToolFinished
from qwen_code.permissions.decision import Mode
from qwen_code.ui.code_view import warm_up
from qwen_code.ui.repl.attention import Attention
from qwen_code.ui.repl.budgets import BudgetWatch
from qwen_code.ui.repl.jobs import is_shell_line
from qwen_code.ui.repl.turns import End

if TYPE_CHECKING:
    from qwen_code.ui.repl.repl import Repl

APPROVALS_BEFORE_OFFER = 3
"""Commands allowed one by one before the mode `auto` is mentioned."""


class TurnWatch:
    """Told by `Turns` how it goes; tells the parts of the screen."""

    def __init__(self, repl: Repl, attention: Attention) -> None:
        self._repl = repl
        self._attention = attention
        self._began_at = 0.0
        self._budgets: BudgetWatch | None = None
        self._warm = False
        self._auto_offered = False

    def began(self, text: str) -> None:
        repl, app = self._repl, self._repl.app
        assert app is not None
        if not self._warm:
            self._warm = True
            repl.spawn(asyncio.to_thread(warm_up))
        repl.resumable = app.session_id
        if not is_shell_line(text):
            repl.transcript.prompt(text)
        self._began_at = repl.clock()
        self._budgets = BudgetWatch(app.settings.limits, self._began_at)
        repl.view.activity.began(self._began_at)
        self._attention.working()
        if repl.painter.plain:
            repl.transcript.notice("Working.")
        repl.screen.refresh_now()

    def happened(self, event: Event) -> None:
        repl, now = self._repl, self._repl.clock()
        repl.record.take(event)
        repl.view.meter.take(event, now)
        repl.view.activity.take(event, now)
        if isinstance(event, ApprovalNeeded):
            self._attention.asking()
        elif isinstance(event, ToolFinished):
            self._attention.working()
        repl.transcript.take(event)
        if self._budgets is not None and (warning := self._budgets.take(event, now)):
            repl.warn(warning)
        repl.screen.refresh()

    def ended(self, end: End, error: Exception | None) -> None:
        repl = self._repl
        repl.view.activity.ended()
        self._attention.idle(repl.clock() - self._began_at)
        assert repl.turns is not None
        if error is not None:
            repl.complain(error)
        elif end == "cut off":
            repl.transcript.interrupted()
        if end != "done":
            repl.desk.put(repl.turns.take_back())
        if repl.view.meter.window is None:
            repl.learn_window()
        self._offer_auto()
        repl.screen.refresh_now()

    def _offer_auto(self) -> None:
        """Say once that commands need no question here, to somebody who has answered a few."""
        repl, app = self._repl, self._repl.app
        if app is None or self._auto_offered or repl.questions.commands_approved < APPROVALS_BEFORE_OFFER:
            return
        self._auto_offered = True
        if app.mode in (Mode.DEFAULT, Mode.AUTO_EDIT) and app.sandbox.confines:
            repl.transcript.notice(
                f"Commands are confined here ({app.sandbox.name}). In the mode auto (Shift+Tab) those that "
                "need no more than that run without a question."
            )
