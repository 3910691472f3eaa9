"""Commands that change who answers and what may run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from qwen_code.permissions.decision import Mode
from qwen_code.ui.markdown_view import MARGIN
from qwen_code.ui.painter import Line
from qwen_code.ui.repl.commands.command import Command
from qwen_code.ui.repl.model_choices import all_choices, models_here, models_of_settings
from qwen_code.ui.repl.panel import Choice, Picker
from qwen_code.ui.terminal_text import shown_line

if TYPE_CHECKING:
    from qwen_code.ui.repl.completion import Candidate
    from qwen_code.ui.repl.port import App
    from qwen_code.ui.repl.repl import Repl

MODE_MEANINGS = {
    Mode.PLAN: "reads only, ends in a plan",
    Mode.DEFAULT: "reads run, everything else is asked",
    Mode.AUTO_EDIT: "writing inside the project runs too",
    Mode.AUTO: "what the sandbox confines runs, the rest is asked",
    Mode.YOLO: "no questions; deny rules stay",
}


async def model(repl: Repl, argument: str) -> None:
    """Show the model, or go on with another one."""
    assert repl.app is not None
    app = repl.app
    name = argument or await _picked(repl, app)
    if not name:
        return
    await app.set_model(name)
    repl.view.meter.window = None
    repl.learn_window()
    repl.transcript.notice(f"From now on {shown_line(repl.app.model_name)} answers.")


async def _picked(repl: Repl, app: App) -> str:
    """A model from those that could answer; empty when the person keeps the one they have."""
    found = await all_choices(app.settings, app.place.loaded, app.place.locations)
    now = f"{shown_line(app.model_name)} ({shown_line(app.model_location)})"
    if not found:
        repl.transcript.notice(f"{now}. /model NAME changes it: a GGUF file, or PROVIDER:NAME.")
        return ""
    names = [choice.name for choice in found]
    at = next((n for n, name in enumerate(names) if app.settings.model.name == name), 0)
    choices = [Choice(choice.name, choice.name, choice.note) for choice in found]
    return await repl.desk.ask(Picker(f"Which model answers? Now: {now}", choices, at)) or ""


def names(repl: Repl) -> list[Candidate]:
    """Those that can be told without asking a server."""
    app = repl.app
    if app is None:
        return []
    here = [*models_of_settings(app.place.loaded), *models_here(app.place.locations)]
    return [(choice.name, choice.note) for choice in here]


async def approval_mode(repl: Repl, argument: str) -> None:
    """By name, or by picking one."""
    assert repl.app is not None
    if argument:
        try:
            mode: Mode | None = Mode(argument)
        except ValueError:
            repl.warn(f"{argument} is no approval mode; there are {', '.join(Mode)}.")
            return
    else:
        choices = [Choice(mode, mode.value, meaning) for mode, meaning in MODE_MEANINGS.items()]
        at = list(MODE_MEANINGS).index(repl.app.mode)
        mode = await repl.desk.ask(Picker("How much runs without a question?", choices, at))
    if mode is not None:
        repl.set_mode(mode)
        repl.transcript.notice(f"Approval mode {mode.value}: {MODE_MEANINGS[mode]}.")
        if mode is Mode.AUTO and not repl.app.sandbox.confines:
            repl.warn("Nothing confines commands here, so they are still asked about.")


def modes(repl: Repl) -> list[Candidate]:
    return [(mode.value, meaning) for mode, meaning in MODE_MEANINGS.items()]


async def permissions(repl: Repl, argument: str) -> None:
    """The rules in force, those of this session too, or one more of them."""
    assert repl.app is not None
    if argument:
        repl.app.add_rules("user", [argument])
        repl.transcript.notice(f"Allowed without asking from now on: {shown_line(argument)}")
        return
    rules = repl.app.gate.rules
    lines: list[Line] = [Text(f"{MARGIN}Approval mode {repl.app.mode.value}", "strong")]
    for title, entries, style in (
        ("deny", rules.deny, "error"),
        ("ask", rules.ask, "warn"),
        ("allow", rules.allow, "ok"),
    ):
        for rule in entries:
            lines += repl.painter.wrap(Text(shown_line(rule.text)), f"{MARGIN * 2}{title:5} ", style=style)
    if len(lines) == 1:
        lines.append(Text(f"{MARGIN * 2}No rules. /permissions Bash(npm test) allows one.", "dim"))
    repl.say(lines)


async def trust(repl: Repl, argument: str) -> None:
    """Obey this folder's own settings and instructions."""
    assert repl.app is not None
    root = repl.app.workspace.root
    if repl.app.trusted:
        repl.warn(f"{root} is trusted already.")
        return
    from qwen_code.permissions.trust import trust as trust_folder

    choices = [Choice(False, "no"), Choice(True, "yes", "its settings, instructions and rules are obeyed")]
    if await repl.desk.ask(Picker(f"Trust {root} and all below it?", choices)):
        trust_folder(root, repl.app.place.locations.trusted_folders)
        repl.transcript.notice("Trusted; what the folder says is obeyed from the next start on.")


COMMANDS = (
    Command("approval-mode", "how much runs without a question", approval_mode, "[MODE]", modes),
    Command("model", "which model answers", model, "[NAME]", names, while_busy=False),
    Command("permissions", "allow a rule from now on", permissions, "[RULE]"),
    Command("trust", "obey this folder's settings and instructions", trust),
)
