"""All slash commands, how one is found by what was typed, and what completes its argument."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from qwen_code.ui.repl.commands import about, conversation, model, output

if TYPE_CHECKING:
    from qwen_code.ui.repl.completion import Candidate
    from qwen_code.ui.repl.repl import Repl

Run: TypeAlias = "Callable[[Repl, str], Awaitable[None]]"
Complete: TypeAlias = "Callable[[Repl], Sequence[Candidate]]"


_COMMAND = re.compile(r"/(?:\?|[A-Za-z][\w-]{0,40})?")


@dataclass(frozen=True, slots=True)
class Command:
    """One slash command. `run` gets the text after the name."""

    name: str
    summary: str
    run: Run
    argument: str = ""
    """How the argument is written in the help, e.g. `[NAME]`."""
    complete: Complete | None = None
    while_busy: bool = True
    """Whether it makes sense while a turn runs."""
    aliases: tuple[str, ...] = ()


COMMANDS: tuple[Command, ...] = (
    Command("approval-mode", "how much runs without a question", model.approval_mode, "[MODE]", model.modes),
    Command(
        "clear",
        "a new session; the old one stays on disk",
        conversation.clear,
        while_busy=False,
        aliases=("new",),
    ),
    Command("context", "what fills the model's window", about.context),
    Command("copy", "the last answer to the clipboard", output.copy),
    Command("diff", "all changes of this session", output.diff),
    Command("export", "this session as Markdown or JSON", output.export, "[FILE]"),
    Command("help", "keys and commands", about.help_, aliases=("?",)),
    Command("model", "which model answers", model.model, "[NAME]", while_busy=False),
    Command("permissions", "allow a rule from now on", model.permissions, "[RULE]"),
    Command("quit", "leave; the session can be resumed", conversation.quit_, aliases=("exit", "q")),
    Command(
        "resume",
        "go on with an earlier session",
        conversation.resume,
        "[ID]",
        conversation.ids,
        while_busy=False,
    ),
    Command("stats", "requests, tokens, time and files so far", about.stats),
    Command("status", "version, model, session, folder", about.status),
    Command("theme", "colours", output.theme, "[NAME]", output.themes),
    Command("tools", "what the model may call", about.tools, "[NAME]", about.tool_names),
    Command("trust", "obey this folder's settings and instructions", model.trust),
    Command("vim", "vim keys on or off", output.vim),
)


def is_command(text: str) -> bool:
    """Whether `text` is meant as a slash command, known or mistyped, and not as words about a path."""
    word = text.split(maxsplit=1)[0] if text.strip() else ""
    if "\n" in text or not _COMMAND.fullmatch(word):
        return False
    return find(word[1:]) is not None or not Path(word).is_dir() or word == "/"


def find(name: str) -> Command | None:
    """The command called `name`, by its name, an alias, or a beginning that only it has."""
    for command in COMMANDS:
        if name == command.name or name in command.aliases:
            return command
    begun = [command for command in COMMANDS if name and command.name.startswith(name)]
    return begun[0] if len(begun) == 1 else None


def nearest(name: str) -> list[str]:
    """Names that somebody who typed `name` may have meant, the likeliest first."""
    from difflib import get_close_matches

    names = [alias for command in COMMANDS for alias in (command.name, *command.aliases)]
    begun = [n for n in names if name and n.startswith(name)]
    return list(dict.fromkeys([*begun, *get_close_matches(name, names, 3, 0.5)]))[:3]


def candidates(repl: Repl, name: str) -> Sequence[Candidate]:
    """What completes the argument of the command called `name`."""
    command = find(name)
    return command.complete(repl) if command is not None and command.complete is not None else []


async def dispatch(repl: Repl, text: str) -> None:
    """Run the command line `text`, or say what is wrong with it."""
    name, _, argument = text.removeprefix("/").partition(" ")
    command = find(name)
    if command is None:
        near = nearest(name)
        hint = f"Did you mean {' or '.join('/' + n for n in near)}?" if near else "/help lists all."
        repl.warn(f"There is no command /{name}. {hint}")
    elif repl.busy and not command.while_busy:
        repl.warn(f"/{command.name} has to wait until the turn has ended; Esc stops it.")
    elif repl.app is None:
        repl.warn("Still starting; try again in a moment.")
    else:
        await command.run(repl, argument.strip())
