"""Commands that begin, change or end the session."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from qwen_code.errors import ExitCode
from qwen_code.sessions.preview import preview
from qwen_code.ui.painter import Line, Painter
from qwen_code.ui.repl.ago import ago
from qwen_code.ui.repl.commands.command import Command
from qwen_code.ui.repl.panel import Choice, Picker
from qwen_code.ui.terminal_text import clipped, shown_line

if TYPE_CHECKING:
    from qwen_code.sessions.summary import SessionSummary
    from qwen_code.ui.repl.completion import Candidate
    from qwen_code.ui.repl.repl import Repl


async def clear(repl: Repl, argument: str) -> None:
    """A fresh session; what is on the screen stays in its scrollback."""
    assert repl.app is not None
    await repl.app.clear()
    repl.forget()
    repl.transcript.notice(f"A new session, {repl.app.session_id}. /resume goes back to the one before.")


async def resume(repl: Repl, argument: str) -> None:
    """By id, or by picking one."""
    assert repl.app is not None
    if argument:
        await repl.resume(argument)
        return
    sessions = [s for s in repl.app.sessions() if s.id != repl.app.session_id]
    if not sessions:
        repl.warn("There is no earlier session in this folder.")
        return
    choices = [Choice(s.id, shown_line(s.title or s.first_prompt) or s.id, _note(s)) for s in sessions]
    paths = {s.id: s.path for s in sessions}
    picker = Picker(
        "Which session goes on?", choices, preview=lambda name, painter: _ending(paths[name], painter)
    )
    chosen = await repl.desk.ask(picker)
    if chosen is not None:
        await repl.resume(chosen)


def ids(repl: Repl) -> list[Candidate]:
    return [(s.id, s.title or s.first_prompt) for s in repl.app.sessions()] if repl.app else []


async def rename(repl: Repl, argument: str) -> None:
    """A title, by which lists show the session and `-r` finds it."""
    assert repl.app is not None
    if not argument:
        repl.warn("Give the session a title: /rename the parser's new rules.")
        return
    repl.app.session.rename(argument)
    repl.transcript.notice(f"This session is called {shown_line(argument)} from now on.")


async def fork(repl: Repl, argument: str) -> None:
    """A copy goes on from here; the session as it is stays on disk."""
    assert repl.app is not None
    if not repl.resumable:
        repl.warn("There is nothing to copy yet.")
        return
    old = repl.app.session_id
    await repl.reopen(await asyncio.to_thread(repl.app.store.fork, old))
    repl.transcript.notice(f"This is {repl.app.session_id} now, a copy of {old}, which stays as it is.")


async def quit_(repl: Repl, argument: str) -> None:
    repl.leave(ExitCode.DONE)


def _ending(path: Path, painter: Painter) -> list[Line]:
    """The last words of a session."""
    last = preview(path)
    lines: list[Line] = []
    for sign, text in (("> ", last.prompt), ("  ", last.answer)):
        if text:
            words = Text(clipped(shown_line(text), 2 * painter.width), "dim")
            lines += painter.wrap(words, f"  {sign}", style="dim")[:2]
    return lines


def _note(session: SessionSummary) -> str:
    turns = f"{session.turns} turn{'' if session.turns == 1 else 's'}"
    return f"{ago(session.modified.timestamp())}, {turns}, {session.model}"


COMMANDS = (
    Command("clear", "a new session; the old one stays on disk", clear, while_busy=False, aliases=("new",)),
    Command("fork", "go on in a copy of this session", fork, while_busy=False, aliases=("branch",)),
    Command("rename", "give this session a title", rename, "TITLE"),
    Command("quit", "leave; the session can be resumed", quit_, aliases=("exit", "q")),
    Command("resume", "go on with an earlier session", resume, "[ID]", ids, while_busy=False),
)
