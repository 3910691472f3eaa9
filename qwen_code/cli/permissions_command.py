"""`qwen-code permissions`: judge commands by the rules in force, and explain why."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from qwen_code.assembly import find_place
from qwen_code.cli.json_lines import read_lines, write_line
from qwen_code.errors import ConfigurationError, ExitCode, UsageError
from qwen_code.permissions.decision import Mode
from qwen_code.settings.model import PermissionSettings

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help="Judge commands by the permission rules, and explain why.",
)

_MODE = typer.Option("--mode", help="plan, default, auto-edit, auto or yolo.")
_RULES = typer.Option("--rules", help='File with {"allow": [...], "ask": [...], "deny": [...]}.')


@app.command("check")
def check(
    command: Annotated[str | None, typer.Argument(help="The command line, in quotes.")] = None,
    mode: Annotated[str, _MODE] = "default",
    rules: Annotated[Path | None, _RULES] = None,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="Lines {id, cmd, rules, mode} on stdin.")] = False,
) -> None:
    """Say whether a command would run, be asked about or be refused here, and by which rule.

    The exit code is 0 for allow, 1 for ask, 54 for deny.
    """
    from qwen_code.permissions.explain import check_command, check_line

    if jsonl == (command is not None):
        raise UsageError("Give either a COMMAND or --jsonl.")
    if jsonl:
        for line in read_lines():
            write_line(check_line(line))
        return
    assert command is not None
    answer = check_command(command, _rules(rules), _mode(mode))
    print(json.dumps(answer, indent=2, ensure_ascii=False))
    codes = {"allow": ExitCode.DONE, "ask": ExitCode.FAILED, "deny": ExitCode.DENIED}
    raise typer.Exit(codes[answer["decision"]])


@app.command("explain")
def explain(
    command: Annotated[str, typer.Argument(help="The command line, in quotes.")],
    mode: Annotated[str, _MODE] = "default",
    rules: Annotated[Path | None, _RULES] = None,
) -> None:
    """Say in words why a command would run, be asked about or be refused here."""
    from qwen_code.permissions.explain import explain_command

    print(explain_command(command, _rules(rules), _mode(mode)))


def _mode(text: str) -> Mode:
    try:
        return Mode(text)
    except ValueError as error:
        raise UsageError(f"There is no mode {text!r}; use {', '.join(Mode)}.") from error


def _rules(path: Path | None) -> PermissionSettings:
    """The rules of the file, or those in force in this directory."""
    if path is None:
        return find_place(Path.cwd(), os.environ, {}).settings.permissions
    try:
        value: Any = json.loads(path.read_text("utf-8"))
        return PermissionSettings(**{key: tuple(value.get(key, ())) for key in ("allow", "ask", "deny")})
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise ConfigurationError(f"{path} holds no rules: {error}.") from error
