"""`/memory` and `/init`: the instructions that the agent works by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from rich.text import Text

from qwen_code.ui.markdown_view import MARGIN
from qwen_code.ui.painter import Line
from qwen_code.ui.quantities import tokens
from qwen_code.ui.repl.commands.columns import pairs
from qwen_code.ui.repl.commands.command import Command
from qwen_code.ui.repl.jobs import INIT
from qwen_code.ui.terminal_text import shown_line

if TYPE_CHECKING:
    from qwen_code.ui.repl.completion import Candidate
    from qwen_code.ui.repl.repl import Repl

USER = "--user"


async def memory(repl: Repl, argument: str) -> None:
    """What the model was told, or a line more of it."""
    assert repl.app is not None
    verb, _, text = argument.partition(" ")
    if verb == "add" and text.strip():
        _add(repl, text.strip())
    elif argument:
        repl.warn("/memory shows the instructions; /memory add [--user] TEXT adds a line to them.")
    else:
        repl.say(_listed(repl))


def _add(repl: Repl, text: str) -> None:
    assert repl.app is not None
    scope: Literal["project", "user"] = "project"
    if text.startswith(f"{USER} "):
        scope, text = "user", text.removeprefix(USER).strip()
    path = repl.app.add_memory(text, scope)
    repl.transcript.notice(f"Added to {shown_line(str(path))}; the model is told with the next prompt.")
    if scope == "project" and not repl.app.trusted:
        repl.warn("This folder is not trusted, so later sessions will not read it; /trust changes that.")


def _listed(repl: Repl) -> list[Line]:
    assert repl.app is not None
    entries = repl.app.memory()
    if not entries:
        hint = (
            "/init writes a first QWEN.md."
            if repl.app.trusted
            else "The folder's own count once you /trust it."
        )
        return [Text(f"{MARGIN}There are no instructions. {hint}", "dim")]
    told = sum(entry.tokens for entry in entries if entry.told)
    rows = [
        (
            shown_line(entry.origin),
            f"{tokens(entry.tokens)} tokens" + ("" if entry.told else ", told when its files are touched"),
        )
        for entry in entries
    ]
    return pairs(f"Instructions, {tokens(told)} tokens", rows, repl.painter)


def scopes(repl: Repl) -> list[Candidate]:
    return [
        ("add ", "a line to this folder's instructions"),
        (f"add {USER} ", "a line to your own, for all folders"),
    ]


async def init(repl: Repl, argument: str) -> None:
    """A turn in which the agent looks at the repository and writes the file."""
    assert repl.turns is not None
    repl.turns.send(f"{INIT} {argument}".strip())


COMMANDS = (
    Command("init", "let the agent write QWEN.md", init, "[WHAT MATTERS]", while_busy=False),
    Command("memory", "the instructions, or a line more of them", memory, "[add [--user] TEXT]", scopes),
)
