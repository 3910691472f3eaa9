"""`/export`: the session as a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qwen_code.errors import InputError
from qwen_code.ui.repl.commands.command import Command
from qwen_code.ui.terminal_text import shown_line

if TYPE_CHECKING:
    from qwen_code.ui.repl.repl import Repl


async def export(repl: Repl, argument: str) -> None:
    """The session as Markdown, or what the file's name says; never over a file that exists."""
    assert repl.app is not None
    path = Path(argument or f"qwen-code-{repl.app.session_id}.md").expanduser()
    path = path if path.is_absolute() else repl.app.workspace.root / path
    form = path.suffix[1:] if path.suffix in (".json", ".html") else "md"
    text = repl.app.store.export(repl.app.session_id, form)
    try:
        with path.open("x", encoding="utf-8", errors="replace") as file:
            file.write(text)
    except FileExistsError:
        raise InputError(f"{path} exists; name another file.") from None
    except OSError as error:
        raise InputError(f"{path} can't be written: {error.strerror}.") from None
    repl.transcript.notice(f"Written to {shown_line(str(path))}.")


COMMANDS = (Command("export", "this session as Markdown, JSON or a page", export, "[FILE]"),)
