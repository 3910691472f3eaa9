"""`/diff`: what this session changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from qwen_code.ui.blocks import body, heading_note
from qwen_code.ui.markdown_view import MARGIN
from qwen_code.ui.painter import Line
from qwen_code.ui.repl.commands.command import Command
from qwen_code.ui.terminal_text import shown_line

if TYPE_CHECKING:
    from qwen_code.ui.repl.repl import Repl


async def diff(repl: Repl, argument: str) -> None:
    """Every change to a file in this session, in its order."""
    if not repl.record.changes:
        repl.warn("No file was changed in this session.")
        return
    lines: list[Line] = []
    for block in repl.record.changes:
        lines.append(
            Text(MARGIN).append(shown_line(block.path), "tool").append("  ").append_text(heading_note(block))
        )
        lines += body(block, repl.painter, limit=None)
    repl.say(lines)


COMMANDS = (Command("diff", "all changes of this session", diff),)
