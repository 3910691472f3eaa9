"""`/context` and `/compress`: what fills the model's window, and how to make room in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from qwen_code.ui.markdown_view import MARGIN
from qwen_code.ui.quantities import tokens
from qwen_code.ui.repl.commands.command import Command
from qwen_code.ui.repl.jobs import COMPRESS

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
    free = max(report.limit - report.used, 0)
    rest = max(report.window - report.used - free, 0)
    rows = [(part.name, part.tokens) for part in report.parts if part.tokens]
    rows += [("free", free), ("kept for the answer", rest)]
    lines = [head]
    width = max(len(name) for name, _ in rows)
    for name, size in rows:
        of_window = size / report.window if report.window else 0.0
        line = Text(f"{MARGIN}{name.ljust(width)}  {tokens(size):>6}  ")
        if not repl.painter.plain and repl.painter.width > width + BAR_WIDTH + 14:
            filled = round(of_window * BAR_WIDTH) or (1 if size else 0)
            line.append("█" * filled, "bar.done").append("░" * (BAR_WIDTH - filled), "bar.rest")
        lines.append(line)
    if report.limit:
        what = "full: shortened with the next prompt" if not free else f"shortened at {tokens(report.limit)}"
        lines.append(Text(f"{MARGIN}{what}; /compress does it now", "dim"))
    repl.say(lines)


async def compress(repl: Repl, argument: str) -> None:
    """Runs like a turn, so that it can be watched and stopped."""
    assert repl.turns is not None
    repl.turns.send(f"{COMPRESS} {argument}".strip())


COMMANDS = (
    Command(
        "compress",
        "shorten the conversation, keeping what matters",
        compress,
        "[WHAT TO KEEP]",
        while_busy=False,
        aliases=("compact", "summarize"),
    ),
    Command("context", "what fills the model's window", context),
)
