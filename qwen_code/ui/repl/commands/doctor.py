"""`/doctor`: is everything here as it should be?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from qwen_code.ui.doctor import Finding, machine_findings, model_findings, sandbox_finding, settings_findings
from qwen_code.ui.markdown_view import MARGIN
from qwen_code.ui.painter import Line, Painter
from qwen_code.ui.repl.commands.command import Command
from qwen_code.ui.terminal_text import shown, shown_line

if TYPE_CHECKING:
    from qwen_code.ui.repl.repl import Repl


async def doctor(repl: Repl, argument: str) -> None:
    """What can be said at once first; then the model is asked whether it could answer."""
    app = repl.app
    assert app is not None
    findings = [*machine_findings(), *settings_findings(app.place), sandbox_finding(app.chooser.choice)]
    repl.say([line for finding in findings for line in _lines(finding, repl.painter)])
    found = [finding async for finding in model_findings(app.backend, offline=argument == "offline")]
    repl.transcript.print([line for finding in found for line in _lines(finding, repl.painter)])
    repl.screen.refresh()


def _lines(finding: Finding, painter: Painter) -> list[Line]:
    sign, spoken, style = {
        "ok": ("✓", "fine: ", "ok"),
        "note": ("!", "note: ", "warn"),
        "wrong": ("✗", "wrong: ", "error"),
    }[finding.state]
    text = Text(f"{shown_line(finding.subject)}  ", "strong").append(shown(finding.text), "none")
    lines: list[Line] = []
    for row in text.split("\n"):
        first = MARGIN * 3 if lines else f"{MARGIN}{painter.mark(sign, spoken)}"
        lines += painter.wrap(row, first, MARGIN * 3, style=style)
    return lines


COMMANDS = (
    Command(
        "doctor",
        "check the installation, the settings and the model",
        doctor,
        "[offline]",
        lambda repl: [("offline", "ask the model's server nothing")],
    ),
)
