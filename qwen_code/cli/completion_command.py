"""`qwen-code completion SHELL`: a completion script, made from the commands as they are."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Annotated, Any

import typer

from qwen_code.cli.entry import COMMANDS
from qwen_code.errors import UsageError

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

VALUES = {
    "--approval-mode": "plan default auto-edit auto yolo",
    "--output-format": "text json stream-json",
    "-o": "text json stream-json",
    "--profile": "system lean",
}
FILE_OPTIONS = ("-m", "--model", "--add-dir")


@app.command()
def completion(shell: Annotated[str, typer.Argument(help="bash, zsh or fish.")]) -> None:
    """Print a completion script; for bash: eval "$(qwen-code completion bash)"."""
    writers = {"bash": _bash, "zsh": _zsh, "fish": _fish}
    if shell not in writers:
        raise UsageError(f"There is no completion for {shell!r}; use bash, zsh or fish.")
    print("\n".join(writers[shell]()))


def _options(typer_app: typer.Typer) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Each subcommand ("" for an app that is one command) with its options and their help."""
    command: Any = typer.main.get_command(typer_app)
    for name, sub in getattr(command, "commands", {"": command}).items():
        options = [
            (spelling, param.help or "")
            for param in sub.params
            for spelling in param.opts
            if spelling.startswith("-")
        ]
        yield name, [*options, ("--help", "Show the help.")]


def _agent_options() -> list[tuple[str, str]]:
    from qwen_code.cli.agent_command import app as run_app

    return next(_options(run_app))[1]


def _subcommands(name: str) -> dict[str, list[tuple[str, str]]]:
    return dict(_options(import_module(f"qwen_code.cli.{name}_command").app))


def _bash() -> Iterator[str]:
    yield "_qwen_code() {"
    yield '    local word="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}" words='
    yield '    case "$before" in'
    for option, values in VALUES.items():
        yield f'        {option}) COMPREPLY=($(compgen -W "{values}" -- "$word")); return ;;'
    yield f'        {"|".join(FILE_OPTIONS)}) COMPREPLY=($(compgen -f -- "$word")); return ;;'
    yield "    esac"
    yield '    case "${COMP_WORDS[1]}" in'
    for name in COMMANDS:
        subs = _subcommands(name)
        words = [*(s for s in subs if s), *dict.fromkeys(o for options in subs.values() for o, _ in options)]
        yield f'        {name}) [ "$COMP_CWORD" -gt 1 ] && words="{" ".join(words)}" ;;'
    yield "    esac"
    options = " ".join(option for option, _ in _agent_options())
    yield f'    [ -n "$words" ] || words="{options}"'
    yield f'    [ "$COMP_CWORD" -eq 1 ] && words="$words {" ".join(COMMANDS)}"'
    yield '    COMPREPLY=($(compgen -W "$words" -- "$word"))'
    yield "}"
    yield "complete -o default -F _qwen_code qwen-code"


def _zsh() -> Iterator[str]:
    yield "#compdef qwen-code"
    yield "autoload -U +X bashcompinit && bashcompinit"
    yield from _bash()


def _fish() -> Iterator[str]:
    yield "complete -c qwen-code -f"
    for name, text in COMMANDS.items():
        yield f"complete -c qwen-code -n __fish_use_subcommand -a {name} -d {_quoted(text)}"
        for sub, options in _subcommands(name).items():
            seen = f"'__fish_seen_subcommand_from {name}'"
            if sub:
                yield f"complete -c qwen-code -n {seen} -a {sub}"
            for option, help_text in options:
                yield f"complete -c qwen-code -n {seen} {_fish_option(option)} -d {_quoted(help_text)}"
    for option, help_text in _agent_options():
        values = f" -xa {_quoted(VALUES[option])}" if option in VALUES else ""
        files = " -rF" if option in FILE_OPTIONS else ""
        yield (
            f"complete -c qwen-code -n __fish_use_subcommand {_fish_option(option)}{values}{files} "
            f"-d {_quoted(help_text)}"
        )


def _fish_option(option: str) -> str:
    return f"-l {option[2:]}" if option.startswith("--") else f"-s {option[1:]}"


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
