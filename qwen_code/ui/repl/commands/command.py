"""What a slash command is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from qwen_code.ui.repl.completion import Candidate
    from qwen_code.ui.repl.repl import Repl

Run: TypeAlias = "Callable[[Repl, str], Awaitable[None]]"
Complete: TypeAlias = "Callable[[Repl], Sequence[Candidate]]"


@dataclass(frozen=True, slots=True)
class Command:
    """One slash command. `run` gets the text after the name; what it raises is told to the person."""

    name: str
    summary: str
    run: Run
    argument: str = ""
    """How the argument is written in the help, e.g. `[NAME]`."""
    complete: Complete | None = None
    """The values that an argument can have, each with what it means."""
    while_busy: bool = True
    """Whether it makes sense while a turn runs."""
    aliases: tuple[str, ...] = ()
