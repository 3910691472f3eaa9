"""What a tool gives people to look at (`qwen_code.tool.Block`) as lines, and how a call is named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from rich.text import Text

from qwen_code.tool import Block, CommandBlock, DiffBlock, TextBlock, Todo, TodoBlock
from qwen_code.ui.diff_view import diff_lines, summary
from qwen_code.ui.markdown_view import MARGIN
from qwen_code.ui.painter import Line, Painter
from qwen_code.ui.terminal_text import output_shown, shown, shown_line

BODY = MARGIN * 2
"""Where the body of a call begins, under its heading."""

_LABELS = {
    "run_shell_command": "Run",
    "read_file": "Read",
    "write_file": "Write",
    "edit": "Edit",
    "exit_plan_mode": "Propose plan",
    "glob": "Find",
    "grep_search": "Search",
    "list_directory": "List",
    "todo_write": "Plan",
    "web_fetch": "Fetch",
    "ask_user_question": "Ask",
    "task_output": "Look at task",
    "task_stop": "Stop task",
    "network": "Connect",
}


def label(tool: str) -> str:
    """What a call of `tool` is called on the screen; a tool not known here goes by its own name."""
    return _LABELS.get(tool) or shown_line(tool)


def heading_note(block: Block | None) -> Text:
    """What of a result fits on the heading's line."""
    note = Text()
    match block:
        case DiffBlock():
            note = summary(block)
        case CommandBlock(exit_code=None):
            note.append("ended by a signal", "error")
        case CommandBlock(exit_code=code) if code != 0:
            note.append(f"exit {code}", "error")
        case TextBlock(text) if "\n" not in text.strip():
            note.append(shown_line(text.strip()), "dim")
        case TodoBlock(todos):
            done = sum(todo.status == "completed" for todo in todos)
            note.append(f"{done} of {len(todos)} done", "dim")
        case _:
            pass
    return note


def body(block: Block | None, painter: Painter, *, limit: int | None) -> list[Line]:
    """The lines under the heading; at most about `limit` of them when given."""
    match block:
        case None:
            return []
        case TextBlock(text):
            text = text.strip()
            return output_tail(text, painter, limit) if "\n" in text else []
        case CommandBlock(output=output, notes=notes):
            rows = [row for note in notes for row in painter.wrap(Text(shown_line(note), "dim"), BODY)]
            return output_tail(output, painter, limit) + rows
        case DiffBlock():
            return diff_lines(block, painter, limit=limit and max(limit, 20))
        case TodoBlock(todos):
            return todo_lines(todos, painter)
        case _:
            assert_never(block)


def output_tail(output: str, painter: Painter, limit: int | None) -> list[Line]:
    """The end of a program's output, dim, and how much of it is not shown."""
    rows = output_shown(output).rstrip("\n").split("\n") if output.strip() else []
    hidden = 0 if limit is None else max(0, len(rows) - limit)
    lines: list[Line] = []
    if hidden:
        lines.append(more_lines(hidden, painter, " above"))
    for row in rows[hidden:]:
        folded = painter.fold(Text(row, "dim"), BODY, BODY)
        lines += folded if limit is None else folded[: max(limit, 1)]
    return lines


def more_lines(count: int, painter: Painter, where: str = "") -> Line:
    """Says that so many lines are not shown, and by which key they are."""
    key = "" if painter.plain else " · ctrl+o"
    return Text(BODY).append(f"… {count} more line{'' if count == 1 else 's'}{where}{key}", "dim")


def command_lines(command: str, painter: Painter, *, sign: str = "$") -> list[Line]:
    """A command, whole and escaped, as it would run."""
    lines: list[Line] = []
    for row in shown(command).split("\n"):
        for piece in painter.pieces(Text(row, "strong"), painter.width - len(BODY) - 2):
            prefix = Text(BODY).append(f"{sign} " if not lines else "  ", "accent")
            lines.append(prefix.append_text(piece))
    return lines


def todo_lines(todos: Sequence[Todo], painter: Painter) -> list[Line]:
    """A plan; what is done is dim, what is being done stands out."""
    lines: list[Line] = []
    for todo in todos:
        text = Text(shown_line(todo.content))
        match todo.status:
            case "completed":
                mark, style = ("[x] ", "dim") if painter.plain else ("☑ ", "dim")
            case "in_progress":
                mark, style = ("[>] ", "strong") if painter.plain else ("▸ ", "strong")
            case "pending":
                mark, style = ("[ ] ", "") if painter.plain else ("☐ ", "")
        text.style = style
        lines += painter.wrap(text, BODY + mark)
    return lines
