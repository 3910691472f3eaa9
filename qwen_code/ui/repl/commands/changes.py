"""`/diff`: what this session, or one turn of it, changed in files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from qwen_code.errors import SessionError
from qwen_code.tool import DiffBlock, TextBlock
from qwen_code.ui.blocks import body, heading_note
from qwen_code.ui.markdown_view import MARGIN
from qwen_code.ui.painter import Line, Painter
from qwen_code.ui.repl.commands.command import Command
from qwen_code.ui.terminal_text import shown_line

if TYPE_CHECKING:
    from qwen_code.sessions.rewind import Rewinder
    from qwen_code.ui.repl.completion import Candidate
    from qwen_code.ui.repl.repl import Repl
    from qwen_code.workspace.undo import Change


async def diff(repl: Repl, argument: str) -> None:
    """The session's changes as a whole, those of the turn with a number, or of the `last` one."""
    from qwen_code.sessions.file_diffs import net

    assert repl.app is not None
    rewinder = _rewinder(repl)
    history = rewinder.history if rewinder is not None else None
    if history is None or not history.changes:
        lines = blocks_lines(repl.record.changes, repl.painter)
    else:
        turn = history.turn if argument == "last" else int(argument) if argument.isdecimal() else None
        if argument and turn is None:
            repl.warn("/diff takes the number of a turn, or `last`. /rewind shows the turns.")
            return
        changes = net(history.changes if turn is None else history.of(turn))
        assert rewinder is not None
        lines = changes_lines(repl, rewinder, changes)
    if lines:
        repl.say(lines)
    else:
        repl.warn(f"No file was changed in {'that turn' if argument else 'this session'}.")


def changes_lines(repl: Repl, rewinder: Rewinder, changes: Iterable[Change]) -> list[Line]:
    """Differences with their headings; what changed while a command ran is marked."""
    from qwen_code.sessions.file_diffs import difference

    assert repl.app is not None
    lines: list[Line] = []
    for change in changes:
        name = repl.app.workspace.display(Path(change.path))
        block = difference(change, name, rewinder.contents)
        if block is not None:
            lines += _block_lines(block, repl.painter, "while a command ran" if change.by_command else "")
    return lines


def blocks_lines(blocks: Iterable[DiffBlock], painter: Painter) -> list[Line]:
    return [line for block in blocks for line in _block_lines(block, painter)]


def _block_lines(block: DiffBlock | TextBlock, painter: Painter, note: str = "") -> Sequence[Line]:
    if isinstance(block, TextBlock):
        return painter.wrap(Text(shown_line(block.text), "tool"), MARGIN)
    heading = Text(MARGIN).append(shown_line(block.path), "tool").append("  ")
    heading.append_text(heading_note(block))
    if note:
        heading.append(f"  {note}", "dim")
    return [heading, *body(block, painter, limit=None)]


def _rewinder(repl: Repl) -> Rewinder | None:
    assert repl.app is not None
    try:
        return repl.app.session.rewinder()
    except SessionError:
        return None


def _turns(repl: Repl) -> list[Candidate]:
    rewinder = _rewinder(repl) if repl.app else None
    points = rewinder.points() if rewinder is not None else []
    return [("last", "the last turn"), *((str(p.turn), p.title) for p in reversed(points))]


COMMANDS = (Command("diff", "what this session or a turn changed", diff, "[TURN]", _turns),)
