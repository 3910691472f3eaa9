"""What `qwen-code permissions check` and `permissions explain` say of a command."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, cast

from qwen_code.permissions.decision import Decision, Mode
from qwen_code.permissions.gate import Gate
from qwen_code.permissions.rules import RuleSet
from qwen_code.tool import Access

_EFFECTS = ("allow", "ask", "deny")


class BadLine(ValueError):
    """A line of input can't be judged; `str()` says why."""


def judge(
    command: str, rules: RuleSet, mode: Mode, workspace: str, home: str, *, sandboxed: bool = False
) -> Decision:
    """What the gate says of a command that would start in `workspace`. Looks at links, changes nothing."""
    gate = Gate(rules, mode, [workspace], home, sandboxed, follow=os.path.realpath)
    return gate.decide("run_shell_command", [Access("run", command, workspace)])


def check_command(command: str, rules: RuleSet, mode: Mode, workspace: str, home: str) -> dict[str, Any]:
    """The decision as `permissions check` prints it."""
    decision = judge(command, rules, mode, workspace, home)
    return {
        "decision": decision.verdict,
        "reason": decision.reason,
        "rule": decision.rule,
        "commands": list(decision.commands),
        "suggestions": list(decision.suggestions),
    }


def check_line(line: object, workspace: str, home: str, *, mode: Mode = Mode.DEFAULT) -> dict[str, Any]:
    """Judge one parsed line of `permissions check --jsonl`: {id, cmd, rules, mode}. Never raises."""
    fields: Mapping[str, object] = cast("Mapping[str, object]", line) if isinstance(line, Mapping) else {}
    identifier = fields.get("id")
    try:
        command = fields.get("cmd")
        if not isinstance(command, str):
            raise BadLine('the line must be an object with a text in "cmd"')
        given = fields.get("mode", mode.value)
        if given not in list(Mode):
            raise BadLine(f"there is no mode {given!r}; it is one of {', '.join(Mode)}")
        rules = rules_from(fields.get("rules") or {})
    except BadLine as error:
        return {"id": identifier, "error": str(error)}
    answer = {"id": identifier, **check_command(command, rules, Mode(given), workspace, home)}
    return {**answer, "problems": [str(p) for p in rules.problems]} if rules.problems else answer


def rules_from(value: object) -> RuleSet:
    """Rules from {allow, ask, deny}, or from the `permissions` of a settings file.

    Raises:
        BadLine: it is something else.
    """
    if not isinstance(value, Mapping):
        raise BadLine('the rules must be an object with lists in "allow", "ask" and "deny"')
    table = cast("Mapping[str, object]", value)
    if isinstance(inner := table.get("permissions"), Mapping):
        table = cast("Mapping[str, object]", inner)
    lists: dict[str, Sequence[str]] = {}
    for effect in _EFFECTS:
        given = table.get(effect) or ()
        texts = cast("Sequence[object]", given) if isinstance(given, (list, tuple)) else (None,)
        if not all(isinstance(text, str) for text in texts):
            raise BadLine(f'"{effect}" must be a list of rules, each a text')
        lists[effect] = [str(text) for text in texts]
    return RuleSet.parse(allow=lists["allow"], ask=lists["ask"], deny=lists["deny"])


def explain(command: str, rules: RuleSet, mode: Mode, workspace: str, home: str) -> list[str]:
    """Why a command is allowed, asked for or denied, in lines for a person."""
    decision = judge(command, rules, mode, workspace, home)
    verb = {"allow": "It runs", "ask": "You are asked", "deny": "It is denied"}[decision.verdict]
    lines = [f"{verb}: {decision.reason}."]
    if decision.commands:
        lines.append("Commands found in it:")
        lines += [f"  {text}" for text in decision.commands]
    if decision.suggestions:
        lines.append("It would run unasked with:")
        lines += [f"  {rule}" for rule in decision.suggestions]
    elif decision.verdict == "ask":
        lines.append("No rule is offered for it, because one would let far more pass than this command.")
    return lines
