"""The rules that people write: `Bash(git log *)`, `Read(./.env)`, `WebFetch(domain:x.org)`, `mcp__server`.

Same strings as Qwen Code's and Claude Code's settings. Where the meaning of a rule is open, an allow rule is
read narrowly and a deny or ask rule widely:

- A shell rule without `*` allows exactly that command, but denies and asks for it with more arguments too.
- A bare file name (`notes.txt`) allows the one at the top of the workspace, but denies those in any folder.
- A host (`domain:x.org`) allows only itself, but denies its subdomains too; `domain:*.x.org` is all of these.

`\\*` is a star that stands for itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Effect: TypeAlias = Literal["allow", "ask", "deny"]
Subject: TypeAlias = Literal["any", "command", "path", "domain"]

SHELL = "run_shell_command"
READERS = frozenset({"read_file", "grep_search", "glob", "list_directory"})
LISTERS = frozenset({"glob", "list_directory"})
"""Of these, those that show names alone."""
WRITERS = frozenset({"edit", "write_file"})
FETCH = "web_fetch"
NETWORK = "network"
"""No tool: what commands connect to, through the sandbox's proxy."""

_ALIASES: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("Bash", "Shell", "ShellTool", "bash", "shell", SHELL), frozenset({SHELL})),
    **dict.fromkeys(("Read", "read"), READERS),
    **dict.fromkeys(("ReadFile", "ReadFileTool"), frozenset({"read_file"})),
    **dict.fromkeys(("Grep", "GrepTool"), frozenset({"grep_search"})),
    **dict.fromkeys(("Glob", "GlobTool"), frozenset({"glob"})),
    **dict.fromkeys(("LS", "ListFiles", "ListFilesTool"), frozenset({"list_directory"})),
    "Edit": WRITERS,
    "EditTool": frozenset({"edit"}),
    **dict.fromkeys(("Write", "WriteFile", "WriteFileTool"), frozenset({"write_file"})),
    **dict.fromkeys(("WebFetch", "WebFetchTool"), frozenset({FETCH})),
    "Network": frozenset({NETWORK}),
    "TodoWrite": frozenset({"todo_write"}),
    **dict.fromkeys(("Agent", "Task"), frozenset({"agent"})),
    "Skill": frozenset({"skill"}),
    "AskUserQuestion": frozenset({"ask_user_question"}),
    "ExitPlanMode": frozenset({"exit_plan_mode"}),
    "NotebookEdit": frozenset({"notebook_edit"}),
}
_TOOL = re.compile(r"[a-z][a-z0-9_]*")
_MCP = re.compile(r"mcp__([A-Za-z0-9_.-]+?)(?:__([A-Za-z0-9_.*-]+))?")
_HOST = re.compile(r"(?:\*\.)?[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?|\*|\[[0-9a-f:.]+\]")
_QUOTED = re.compile(r"\\.|'[^']*'|\"(?:\\.|[^\"\\])*\"|\s+|[^\s'\"\\]+|.", re.DOTALL)


class RuleError(ValueError):
    """A rule can't be understood; `str()` says what is wrong with it and what would be right."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, taken apart."""

    text: str
    """As written."""
    tools: frozenset[str]
    """Tools that it is about; empty for MCP tools, which `server` names, and for `*`."""
    subject: Subject = "any"
    specifier: str = ""
    server: str = ""
    """For MCP: a pattern for whole tool names, with `*` at its end at most."""
    pieces: tuple[str, ...] = ()
    """For commands: the texts between the stars. One piece means no star."""

    def covers_tool(self, tool: str) -> bool:
        if self.server:
            return tool == self.server or (self.server.endswith("*") and tool.startswith(self.server[:-1]))
        return not self.tools or tool in self.tools

    def covers_command(self, command: str, *, widely: bool = False) -> bool:
        """Does a shell rule match one simple command? `widely` also takes one without `*` as a prefix."""
        pieces = self.pieces
        if len(pieces) == 1:
            return command == pieces[0] or (widely and command.startswith(pieces[0] + " "))
        # ` *` at the end matches nothing, too: `git log *` covers `git log`
        return _covers(command, pieces) or (
            pieces[-1] == "" and pieces[-2].endswith(" ") and _covers(command + " ", pieces[:-1])
        )

    @property
    def prefix(self) -> str:
        """For commands: the text before the first star, in which a rule names what it is about."""
        return self.pieces[0] if self.pieces else ""


def _covers(command: str, pieces: tuple[str, ...]) -> bool:
    """Match texts in order, the first at the beginning and the last at the end; linear, no backtracking."""
    if len(pieces) == 1:
        return command == pieces[0]
    first, last = pieces[0], pieces[-1]
    if not command.startswith(first) or not command.endswith(last) or len(command) < len(first) + len(last):
        return False
    at, end = len(first), len(command) - len(last)
    for piece in pieces[1:-1]:
        found = command.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True


def parse_rule(text: str) -> Rule:
    """Take a rule apart.

    Raises:
        RuleError: it can't be understood.
    """
    rule = text.strip()
    name, parenthesis, rest = rule.partition("(")
    name = name.strip()
    if not rule.isprintable():
        raise RuleError("it holds control characters")
    if parenthesis and not rest.endswith(")"):
        raise RuleError("its closing parenthesis is missing")
    specifier = rest[:-1].strip() if parenthesis else ""
    if parenthesis and not specifier:
        raise RuleError(f"nothing stands between its parentheses; write `{name}` to cover everything")
    if name.startswith("mcp__"):
        return _mcp_rule(rule, name, specifier)
    tools = _ALIASES.get(name) or (frozenset({name}) if _TOOL.fullmatch(name) else None)
    if name == "*" and not parenthesis:
        tools = frozenset[str]()
    if tools is None:
        raise RuleError(f"there is no tool `{name}`; try Bash, Read, Edit, WebFetch or mcp__SERVER__TOOL")
    if not specifier:
        return Rule(rule, tools)
    if tools == frozenset({SHELL}):
        return Rule(rule, tools, "command", specifier, pieces=_pieces(specifier))
    if tools <= READERS | WRITERS:
        return Rule(rule, tools, "path", _path(specifier))
    if tools in (frozenset({FETCH}), frozenset({NETWORK})):
        return Rule(rule, tools, "domain", _host(specifier, name))
    raise RuleError(f"`{name}` takes nothing in parentheses")


def _mcp_rule(rule: str, name: str, specifier: str) -> Rule:
    match = _MCP.fullmatch(name)
    if specifier or match is None:
        raise RuleError("an MCP rule is mcp__SERVER, mcp__SERVER__TOOL or mcp__SERVER__PREFIX*")
    server, tool = match[1], match[2]
    if tool is None:
        return Rule(rule, frozenset(), server=f"mcp__{server}__*")
    if "*" in tool[:-1]:
        raise RuleError("a star may only stand at the end of an MCP tool's name")
    return Rule(rule, frozenset(), server=name)


def _pieces(specifier: str) -> tuple[str, ...]:
    """Cut at the stars, with blanks outside of quotes made single."""
    text = specifier[:-2] + " *" if specifier.endswith(":*") else specifier
    text = "".join(" " if piece.isspace() else piece for piece in _QUOTED.findall(text))
    pieces = [piece.replace("\\*", "*") for piece in re.split(r"(?<!\\)\*+", text)]
    return tuple(pieces)


def _path(specifier: str) -> str:
    if specifier.startswith("!"):
        raise RuleError("a path can't be negated; write an allow rule instead")
    if ".." in specifier.split("/"):
        raise RuleError("a path can't hold `..`; write it from the root as //PATH or from home as ~/PATH")
    if specifier.startswith("~") and not re.match(r"~(?:/|$)", specifier):
        raise RuleError("only one's own home can be named, as ~/PATH")
    return specifier


def _host(specifier: str, tool: str) -> str:
    label, colon, host = specifier.partition(":")
    host = host.strip().lower().rstrip(".") if colon and label == "domain" else ""
    if specifier == "*":
        host = "*"
    if not _HOST.fullmatch(host):
        raise RuleError(f"an address is given as {tool}(domain:NAME) or {tool}(domain:*.NAME)")
    return host


@dataclass(frozen=True, slots=True)
class Problem:
    """A rule that can't be understood."""

    effect: Effect
    text: str
    message: str

    def __str__(self) -> str:
        return f"permissions.{self.effect}: the rule `{self.text}` is not understood: {self.message}."


@dataclass(frozen=True, slots=True)
class RuleSet:
    """All rules in force. A faulty allow rule is left out; a faulty ask or deny rule makes the gate ask."""

    allow: tuple[Rule, ...] = ()
    ask: tuple[Rule, ...] = ()
    deny: tuple[Rule, ...] = ()
    problems: tuple[Problem, ...] = field(default=())

    @classmethod
    def parse(
        cls, *, allow: Iterable[str] = (), ask: Iterable[str] = (), deny: Iterable[str] = ()
    ) -> RuleSet:
        """Read the three lists of the settings. Never raises; what is wrong is in `problems`."""
        problems: list[Problem] = []

        def read(effect: Effect, texts: Iterable[str]) -> tuple[Rule, ...]:
            rules: list[Rule] = []
            for text in texts:
                try:
                    rule = parse_rule(text)
                    if effect == "allow" and not rule.tools and not rule.server:
                        raise RuleError("`*` would allow everything; start with --yolo for that")
                    rules.append(rule)
                except RuleError as error:
                    problems.append(Problem(effect, text, str(error)))
            return tuple(rules)

        return cls(read("allow", allow), read("ask", ask), read("deny", deny), tuple(problems))

    @property
    def doubtful(self) -> str:
        """The first faulty rule that was meant to restrict; empty when there is none."""
        return next((problem.text for problem in self.problems if problem.effect != "allow"), "")

    def with_allowed(self, rules: Iterable[Rule]) -> RuleSet:
        """The same with more allow rules."""
        return RuleSet((*self.allow, *rules), self.ask, self.deny, self.problems)
