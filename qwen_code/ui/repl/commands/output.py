"""Commands about what is on the screen and what leaves it: copy, diff, export, theme, keys."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from prompt_toolkit.enums import EditingMode
from rich.text import Text

from qwen_code.errors import InputError
from qwen_code.ui.blocks import body, heading_note
from qwen_code.ui.markdown_view import MARGIN
from qwen_code.ui.painter import Line
from qwen_code.ui.repl.panel import Choice, Picker
from qwen_code.ui.terminal_text import shown_line
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


async def export(repl: Repl, argument: str) -> None:
    """The session as Markdown, or as JSON where the file is named so; never over a file that exists."""
    assert repl.app is not None
    path = Path(argument or f"qwen-code-{repl.app.session_id}.md").expanduser()
    path = path if path.is_absolute() else repl.app.workspace.root / path
    text = repl.app.store.export(repl.app.session_id, "json" if path.suffix == ".json" else "md")
    try:
        with path.open("x", encoding="utf-8", errors="replace") as file:
            file.write(text)
    except FileExistsError:
        raise InputError(f"{path} exists; name another file.") from None
    except OSError as error:
        raise InputError(f"{path} can't be written: {error.strerror}.") from None
    repl.transcript.notice(f"Written to {shown_line(str(path))}.")


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
