"""`/settings` and `/editor`: what is set, and by whom; one value changed, checked before it is saved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from qwen_code.errors import InputError
from qwen_code.settings.describe import Row, describe
from qwen_code.settings.edit import edit_setting
from qwen_code.settings.key import Key
from qwen_code.settings.keys import BY_PATH
from qwen_code.settings.layers import load_settings
from qwen_code.settings.values import Unfit, unfit_sentence
from qwen_code.ui.painter import Line, Painter
from qwen_code.ui.repl.banner import shown_path
from qwen_code.ui.repl.commands.command import Command
from qwen_code.ui.repl.panel import Choice, Entry, Panel, Picker
from qwen_code.ui.repl.panel import Key as Press
from qwen_code.ui.terminal_text import shown_line

if TYPE_CHECKING:
    from qwen_code.ui.repl.completion import Candidate
    from qwen_code.ui.repl.repl import Repl


class ValuePanel(Panel[str]):
    """Asks for one setting's value until it fits."""

    def __init__(self, key: Key, row: Row) -> None:
        super().__init__()
        self._key = key
        self._row = row
        self._fault = ""
        self.entry = Entry("value > ", "" if key.secret else _bare(row.value), key.secret)

    def lines(self, painter: Painter, rows: int) -> list[Line]:
        key, row = self._key, self._row
        now = f"now {shown_line(row.value) or 'not set'} ({shown_line(row.origin)})"
        lines = painter.wrap(Text(f"{key.path}: {key.text}", "strong"))
        lines += painter.wrap(Text(f"Must be {key.kind.noun}; {now}. Enter saves it, esc leaves it.", "dim"))
        return lines + (painter.wrap(Text(self._fault, "error")) if self._fault else [])

    def press(self, key: Press) -> None:
        """Text is always asked for, so no key comes."""

    def submit(self, text: str) -> None:
        try:
            read(self._key, text)
        except InputError as error:
            self._fault = str(error)
        else:
            self._answered(text)


def read(key: Key, text: str) -> object:
    """What a file would have for `text`.

    Raises:
        InputError: it does not fit; the sentence says what would.
    """
    try:
        value = key.kind.from_text(text)
        key.kind.read(value)
    except Unfit as error:
        raise InputError(f"{unfit_sentence(key.path, key.kind, text, error, secret=key.secret)}.") from None
    return value


async def settings(repl: Repl, argument: str) -> None:
    """Pick one, or name it; then its value."""
    app = repl.app
    assert app is not None
    rows = {row.key: row for row in describe(app.place.loaded)}
    name, _, text = argument.partition(" ")
    if not name:
        choices = [Choice(row.key, row.key, _note(row)) for row in rows.values()]
        name = await repl.desk.ask(Picker("Settings", choices)) or ""
    if not name:
        return
    if name not in rows:
        from difflib import get_close_matches

        near = get_close_matches(name, rows, 1, 0.4)
        repl.warn(f"There is no setting {name}." + (f" Did you mean {near[0]}?" if near else ""))
        return
    answer = text.strip() or await repl.desk.ask(ValuePanel(BY_PATH[name], rows[name]))
    if answer is not None:
        save(repl, BY_PATH[name], answer)


def save(repl: Repl, key: Key, text: str) -> None:
    """Keep a value in the person's settings file, and tell from when on it counts.

    Raises:
        InputError: it does not fit.
        ConfigurationError: the file can't be written.
    """
    app = repl.app
    assert app is not None
    value, place = read(key, text), app.place
    path = place.locations.user_settings
    edit_setting(path, key.path, value)
    at = place.locations
    file = shown_path(path, at.home)
    loaded = load_settings(
        cwd=at.cwd, home=at.home, environ=place.environ, flags=place.flags, trusted=place.trusted
    )
    origin = loaded.origins.get(key.field)
    if origin is not None and origin.layer != "user" and key.field not in loaded.items:
        repl.warn(f"Saved in {file}, but here {shown_line(str(origin))} decides.")
        return
    when = "from the next start on"
    if key.field.startswith("ui."):
        repl.take_ui_settings(loaded.settings.ui)
        when = "from now on"
    repl.transcript.notice(f"{key.path} is saved in {file} and holds {when}.")


def keys(repl: Repl) -> list[Candidate]:
    return [(row.key, _note(row)) for row in describe(repl.app.place.loaded)] if repl.app else []


async def editor(repl: Repl, argument: str) -> None:
    """Show it, or set it for good."""
    from qwen_code.ui.repl.editor import editor_command

    if not argument:
        command = " ".join(editor_command(repl.settings.ui.editor))
        repl.transcript.notice(f"Prompts, plans and calls are edited with {shown_line(command)}.")
        return
    editor_command(argument)
    save(repl, BY_PATH["general.preferredEditor"], argument)


def _bare(value: str) -> str:
    """Text without the quotes that a file has around it."""
    return value[1:-1] if value.startswith('"') and value.endswith('"') and "\\" not in value else value


def _note(row: Row) -> str:
    return f"{shown_line(row.value) or '-'}  {BY_PATH[row.key].text}"


COMMANDS = (
    Command("editor", "the editor for prompts, plans and calls", editor, "[COMMAND]"),
    Command("settings", "look at the settings and change one", settings, "[KEY [VALUE]]", keys),
)
