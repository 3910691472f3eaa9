"""`/verify`: the command that must succeed before a turn counts as done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_code.ui.repl.commands.command import Command
from qwen_code.ui.terminal_text import shown_line

if TYPE_CHECKING:
    from qwen_code.ui.repl.completion import Candidate
    from qwen_code.ui.repl.repl import Repl

OFF = "off"


async def verify(repl: Repl, argument: str) -> None:
    """Show it, set it for this session, or turn it off."""
    app = repl.app
    assert app is not None
    if not argument:
        command = app.settings.agent.verify
        said = f"After each turn `{shown_line(command)}` must succeed; /verify off ends that."
        none = "Nothing is verified. /verify COMMAND runs it after each turn, until it succeeds."
        repl.transcript.notice(said if command else none)
        return
    command = "" if argument == OFF else argument
    app.set_verification(command)
    said = f"From now on `{shown_line(command)}` must succeed before a turn counts as done."
    repl.transcript.notice(said if command else "Turns are no longer verified.")


def _values(repl: Repl) -> list[Candidate]:
    return [(OFF, "verify nothing")]


COMMANDS = (Command("verify", "a command that must succeed after each turn", verify, "[COMMAND]", _values),)
