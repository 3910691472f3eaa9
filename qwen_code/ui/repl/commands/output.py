"""Commands about the screen and the clipboard: copy, theme, keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from prompt_toolkit.enums import EditingMode
from rich.text import Text

from qwen_code.tool import DiffBlock
from qwen_code.ui.blocks import body, heading_note
from qwen_code.ui.painter import Line, Painter
from qwen_code.ui.repl.commands.command import Command
from qwen_code.ui.repl.panel import Choice, Picker

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
    """By name, or by looking at each; the choice is kept."""
    from qwen_code.settings.keys import BY_PATH
    from qwen_code.ui.repl.commands.settings import save

    name = argument
    if name and name not in _THEME_NOTES:
        repl.warn(f"There is no theme {name}; there are {', '.join(_THEME_NOTES)}.")
        return
    if not name:
        before = repl.settings.ui.theme if repl.settings.ui.theme in _THEME_NOTES else repl.painter.theme
        choices = [Choice(name, name, note) for name, note in _THEME_NOTES.items()]
        at = list(_THEME_NOTES).index(before)
        picker = Picker("Colours", choices, at, moved=_shows(repl), preview=sample)
        name = await repl.desk.ask(picker) or ""
        if not name:
            repl.looks.show(before)
            return
    save(repl, BY_PATH["ui.theme"], name)


def _shows(repl: Repl) -> Callable[[str], None]:
    def show(name: str) -> None:
        repl.looks.show(name)
        repl.screen.refresh_now()

    return show


_THEME_NOTES = {
    "auto": "dark or light, as the terminal's background is",
    "ansi": "the terminal's own colours",
    "dark": "for dark backgrounds",
    "light": "for light backgrounds",
    "mono": "no colours",
}
_SAMPLE = DiffBlock(
    "greeting.py",
    '@@ -1,3 +1,3 @@\n def greet(name):\n-    print("hello", name)\n+    print(f"hello, {name}")\n',
    1,
    1,
)


def sample(name: str, painter: Painter) -> list[Line]:
    """What the chosen colours look like; the painter has them already."""
    heading = Text().append(painter.mark("●"), "ok").append("Edit", "tool").append(" greeting.py  ")
    return [
        Text().append("> ", "user").append("say it with a comma", "user"),
        heading.append_text(heading_note(_SAMPLE)),
        *body(_SAMPLE, painter, limit=None),
    ]


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
