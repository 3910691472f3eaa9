"""Commands about the screen and the clipboard: copy, theme, keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prompt_toolkit.enums import EditingMode

from qwen_code.ui.repl.commands.command import Command
from qwen_code.ui.repl.panel import Choice, Picker
from qwen_code.ui.theme import THEMES, theme_named

if TYPE_CHECKING:
    from qwen_code.ui.repl.completion import Candidate
    from qwen_code.ui.repl.repl import Repl


async def copy(repl: Repl, argument: str) -> None:
    """The last answer, by OSC 52: works over ssh, needs no program. Some terminals ask or refuse."""
    answer = repl.record.last_answer
    if not answer:
        repl.warn("There is no answer yet.")
        return
    from base64 import b64encode

    repl.screen.send_sequence(f"\x1b]52;c;{b64encode(answer.encode(errors='replace')).decode()}\x07")
    repl.flash(f"Copied {len(answer)} characters, if the terminal allows it.")


async def theme(repl: Repl, argument: str) -> None:
    """By name, or by picking one."""
    if argument and argument not in THEMES:
        repl.warn(f"There is no theme {argument}; there are {', '.join(THEMES)}.")
        return
    name = argument
    if not name:
        choices = [Choice(name, name, _THEME_NOTES[name]) for name in THEMES]
        at = list(THEMES).index(repl.painter.theme)
        name = await repl.desk.ask(Picker("Colours", choices, at)) or ""
    if name:
        repl.painter.theme = theme_named(name)
        repl.transcript.notice(f"Theme {repl.painter.theme}. Set ui.theme in the settings to keep it.")


_THEME_NOTES = {
    "ansi": "the terminal's own colours",
    "dark": "for dark backgrounds",
    "light": "for light backgrounds",
    "mono": "no colours",
}


def themes(repl: Repl) -> list[Candidate]:
    return list(_THEME_NOTES.items())


async def vim(repl: Repl, argument: str) -> None:
    """Switch between vim and emacs keys."""
    app = repl.screen.app
    to_vim = app.editing_mode is not EditingMode.VI
    app.editing_mode = EditingMode.VI if to_vim else EditingMode.EMACS
    repl.flash("Vim keys." if to_vim else "Emacs keys.")


COMMANDS = (
    Command("copy", "the last answer to the clipboard", copy),
    Command("theme", "colours", theme, "[NAME]", themes),
    Command("vim", "vim keys on or off", vim),
)
