"""typer's view of the options in `options.py`: the help, and a good sentence for each mistake."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from qwen_code.cli.entry import COMMANDS
from qwen_code.cli.invoke import invoke
from qwen_code.cli.options import OPTIONS, WORDS, Option, Values

_TYPES: dict[str, Any] = {"text": str, "texts": list[str], "flag": bool, "whole": int, "number": float}

_HELP = """A terminal coding agent for open-weight Qwen models.

Without a prompt: an interactive session in the current directory. With one, as an argument, by -p, or on
stdin: it is run to its end, the result goes to stdout, and the exit code says how it ended.
"""

_EPILOG = "\b\nCommands (each has its own --help):\n" + "\n".join(
    f"  {name:<12} {text}" for name, text in COMMANDS.items()
)


def read_with_typer(arguments: Sequence[str]) -> Values | None:
    """The values of a command line, or None when typer has answered it (the help).

    Raises:
        UsageError: the command line is wrong.
    """
    found: list[Values] = []
    invoke(_app(found.append), arguments, "qwen-code")
    return found[0] if found else None


def _app(take: Callable[[Values], None]) -> typer.Typer:
    """An app of one command with all the options, which hands what it read to `take`."""

    def agent(**values: object) -> None:
        take({name: value for name, value in values.items() if value not in (None, False, [])})

    words = typer.Argument(metavar="[PROMPT]", show_default=False)
    parameters = [_keyword(WORDS, None, list[str] | None, words), *map(_parameter, OPTIONS)]
    command: Any = agent
    command.__signature__ = inspect.Signature(parameters)
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    made = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    made.command(help=_HELP, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})(
        command
    )
    return made


def _parameter(option: Option) -> inspect.Parameter:
    is_flag = option.kind == "flag"
    details: dict[str, Any] = {} if is_flag else {"metavar": option.metavar}
    if option.least is not None:
        details["min"] = option.least
    declared = typer.Option(*option.spellings, help=option.help, show_default=False, **details)
    kind = _TYPES[option.kind]
    return _keyword(option.name, False if is_flag else None, kind if is_flag else kind | None, declared)


def _keyword(name: str, default: object, kind: Any, declared: Any) -> inspect.Parameter:
    annotation = Annotated[kind, declared]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


app = _app(lambda values: None)
