"""`/context`: what fills the model's window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from qwen_code.ui.markdown_view import MARGIN
from qwen_code.ui.quantities import tokens
from qwen_code.ui.repl.commands.command import Command

if TYPE_CHECKING:
    from qwen_code.ui.repl.repl import Repl

BAR_WIDTH = 40


async def context(repl: Repl, argument: str) -> None:
    """A bar for each part of what the model sees."""
    assert repl.app is not None
    report = await repl.app.context_report()
    repl.view.meter.window = report.window or repl.view.meter.window
    about = "" if report.exact else "about "
    share = report.used / report.window if report.window else 0.0
    head = Text(f"{MARGIN}{about}{tokens(report.used)} of {tokens(report.window)} tokens", "strong")
    head.append(f"  {share:.0%}", "accent")
    if report.cached:
        head.append(f"  {tokens(report.cached)} of them cached", "dim")
    lines = [head]
    width = max((len(part.name) for part in report.parts), default=0)
    for part in report.parts:
        of_window = part.tokens / report.window if report.window else 0.0
        line = Text(f"{MARGIN}{part.name.ljust(width)}  {tokens(part.tokens):>6}  ")
        if not repl.painter.plain and repl.painter.width > width + BAR_WIDTH + 14:
            filled = round(of_window * BAR_WIDTH) or (1 if part.tokens else 0)
            line.append("█" * filled, "bar.done").append("░" * (BAR_WIDTH - filled), "bar.rest")
        lines.append(line)
    repl.say(lines)


COMMANDS = (Command("context", "what fills the model's window", context),)
