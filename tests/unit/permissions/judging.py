"""Judges commands in a made-up workspace, for the tests of the permission gate."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from qwen_code.permissions.decision import Decision, Mode
from qwen_code.permissions.gate import Gate
from qwen_code.permissions.rules import RuleSet
from qwen_code.tool import Access

WORKSPACE = "/home/ada/project"
HOME = "/home/ada"


def gate(
    *,
    allow: Sequence[str] = (),
    ask: Sequence[str] = (),
    deny: Sequence[str] = (),
    mode: str = "default",
    sandboxed: bool = False,
    links: dict[str, str] | None = None,
) -> Gate:
    """A gate over WORKSPACE. `links` maps paths to where they lead."""
    rules = RuleSet.parse(allow=allow, ask=ask, deny=deny)
    return Gate(rules, Mode(mode), [WORKSPACE], HOME, sandboxed, follow=partial(_follow, links or {}))


def _follow(links: dict[str, str], path: str) -> str:
    for link, target in links.items():
        if path == link or path.startswith(link + "/"):
            return target + path[len(link) :]
    return path


def decide(
    command: str,
    *,
    allow: Sequence[str] = (),
    ask: Sequence[str] = (),
    deny: Sequence[str] = (),
    mode: str = "default",
    sandboxed: bool = False,
    links: dict[str, str] | None = None,
    directory: str = WORKSPACE,
) -> Decision:
    """What the gate says of a command that would start in the workspace."""
    judge = gate(allow=allow, ask=ask, deny=deny, mode=mode, sandboxed=sandboxed, links=links)
    return judge.decide("run_shell_command", [Access("run", command, directory)])


def verdict(
    command: str,
    *,
    allow: Sequence[str] = (),
    ask: Sequence[str] = (),
    deny: Sequence[str] = (),
    mode: str = "default",
    sandboxed: bool = False,
    links: dict[str, str] | None = None,
) -> str:
    """The verdict alone."""
    return decide(
        command, allow=allow, ask=ask, deny=deny, mode=mode, sandboxed=sandboxed, links=links
    ).verdict


def lines(text: str) -> list[str]:
    """The lines of a table of commands, with `\\n` for a line end inside one."""
    return [
        line.strip().replace("\\n", "\n").replace("\\t", "\t") for line in text.splitlines() if line.strip()
    ]
