"""`qwen-code permissions`: judge commands by the rules in force, and explain why."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from qwen_code.assembly import Place, find_place
from qwen_code.cli.json_lines import read_lines, write_line
from qwen_code.errors import ConfigurationError, ExitCode, UsageError
from qwen_code.permissions.decision import Mode
from qwen_code.permissions.rules import RuleSet

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
    place = find_place(Path.cwd(), os.environ, {})
    workspace, home = str(place.locations.cwd), str(place.locations.home)
    if jsonl:
        for line in read_lines():
            write_line(check_line(line, workspace, home, mode=_mode(mode)))
        return
    assert command is not None
    answer = check_command(command, _rules(rules, place), _mode(mode), workspace, home)
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
    from qwen_code.permissions import explain as words

    place = find_place(Path.cwd(), os.environ, {})
    workspace, home = str(place.locations.cwd), str(place.locations.home)
    print("\n".join(words.explain(command, _rules(rules, place), _mode(mode), workspace, home)))


def _mode(text: str) -> Mode:
    try:
        return Mode(text)
    except ValueError as error:
        raise UsageError(f"There is no mode {text!r}; use {', '.join(Mode)}.") from error


def _rules(path: Path | None, place: Place) -> RuleSet:
    """The rules of the file, or those in force in this directory."""
    if path is None:
        given = place.settings.permissions
        return RuleSet.parse(allow=given.allow, ask=given.ask, deny=given.deny)
    from qwen_code.permissions.explain import BadLine, rules_from

    try:
        return rules_from(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, BadLine) as error:
        raise ConfigurationError(f"{path} holds no rules: {error}.") from error
