"""All slash commands, how one is found by what was typed, and what completes its argument."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qwen_code.ui.repl.commands import (
    about,
    changes,
    context,
    conversation,
    doctor,
    export,
    memory,
    model,
    output,
    rewind,
    settings,
    verification,
)
from qwen_code.ui.repl.commands.command import Command

if TYPE_CHECKING:
    from qwen_code.ui.repl.completion import Candidate
    from qwen_code.ui.repl.repl import Repl

_MODULES: tuple[tuple[Command, ...], ...] = (
    about.COMMANDS,
    changes.COMMANDS,
    context.COMMANDS,
    conversation.COMMANDS,
    doctor.COMMANDS,
    export.COMMANDS,
    memory.COMMANDS,
    model.COMMANDS,
    output.COMMANDS,
    rewind.COMMANDS,
    settings.COMMANDS,
    verification.COMMANDS,
)
COMMANDS: tuple[Command, ...] = tuple(
    sorted((command for commands in _MODULES for command in commands), key=lambda command: command.name)
)
"""All of them, by name."""

_COMMAND = re.compile(r"/(?:\?|[A-Za-z][\w-]{0,40})?")


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
