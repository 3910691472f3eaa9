"""Asks a person about one call: what it is, what it touches, and four keys.

What would be done is printed above, whole and escaped, before the question; the question itself stands where
the prompt was, a place that no text of the model's can reach.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

from rich.text import Text

from qwen_code.permissions.decision import Answer, ApprovalRequest
from qwen_code.tool import Access, CommandBlock, DiffBlock
from qwen_code.ui.blocks import BODY, body, command_lines, heading_note, label
from qwen_code.ui.painter import Line, Painter
from qwen_code.ui.repl.panel import Entry, Key, Panel, key_lines
from qwen_code.ui.terminal_text import clipped, shown, shown_line

_VERBS = {"read": "reads", "write": "writes", "run": "runs in", "net": "connects to"}


def request_lines(request: ApprovalRequest, painter: Painter) -> list[Line]:
    """The call as it would be done, for the scrollback: nothing left out, nothing that can be hidden."""
    block = request.preview
    heading = Text().append(label(request.call.name), "tool")
    commands = [access.target for access in request.accesses if access.kind == "run"]
    details: list[Line] = []
    if isinstance(block, CommandBlock):
        details = command_lines(block.command, painter)
    elif block is None and commands:
        details = [line for command in commands for line in command_lines(command, painter)]
    else:
        heading.append(f" {shown_line(request.title)}".rstrip())
        if isinstance(block, DiffBlock):
            heading.append("  ").append_text(heading_note(block))
        details = body(block, painter, limit=None) if block is not None else _arguments(request, painter)
    return [*painter.wrap(heading, painter.mark("?"), BODY, style="warn"), *details]


def _arguments(request: ApprovalRequest, painter: Painter) -> list[Line]:
    """All that a tool without a preview was given."""
    lines: list[Line] = []
    for name, value in request.call.arguments.items():
        for row in shown(f"{name}: {value}").split("\n"):
            lines += painter.fold(Text(row), BODY, BODY)
    return lines


ApprovalAnswer: TypeAlias = Answer | Literal["edit"]
"""`edit`: the draft is wanted in an editor, after which the question may come again."""


_KEYS = frozenset("ynase?")

_Wish: TypeAlias = Literal["key", "note", "session", "always", "draft"]
"""What the panel waits for: a key, or a line of text."""


class ApprovalPanel(Panel[ApprovalAnswer]):
    """The question. Dismissed means: no, and stop the turn."""

    def __init__(self, request: ApprovalRequest) -> None:
        super().__init__()
        self._request = request
        self._asks_for: _Wish = "key"
        self._why = False
        self._fault = ""

    @property
    def _draft_line(self) -> str | None:
        """The draft where it can be rewritten in one line."""
        draft = self._request.draft
        one_line = draft is not None and "\n" not in draft.text
        return draft.text if draft and one_line and _runs(self._request) else None

    @property
    def _rules(self) -> Sequence[str]:
        """What can be allowed for longer; a rule that can't be read as it is must not be agreed to."""
        rules = self._request.decision.suggestions
        return rules if all(rule == shown_line(rule) for rule in rules) else ()

    def lines(self, painter: Painter, rows: int) -> list[Line]:
        match self._asks_for:
            case "note":
                title = "What should it do instead? Enter alone just refuses, esc goes back."
                return painter.wrap(Text(title, "strong"))
            case "draft":
                return painter.wrap(Text("Change the command; enter runs it once, esc goes back.", "strong"))
            case "session" | "always":
                until = "for this session" if self._asks_for == "session" else "from now on"
                lines = painter.wrap(
                    Text(f"Allowed without asking {until}. Edit the rule, enter saves it:", "strong")
                )
                hint = Text("Several rules: one after another, separated by a semicolon.", "dim")
                return lines + painter.wrap(Text(self._fault, "error") if self._fault else hint)
            case "key":
                return self._question(painter)[-max(rows, 4) :]

    def _question(self, painter: Painter) -> list[Line]:
        request = self._request
        lines = painter.wrap(Text(f"Allow this? {shown_line(request.decision.reason)}", "strong"), "", "  ")
        touched = _touched([a for a in request.accesses if not _is_named(a, request.decision.reason)])
        if touched:
            lines += painter.wrap(Text(clipped(touched, 4 * painter.width), "dim"), "  ")
        if self._why:
            lines += self._explanation(painter)
        keys = [("y", "yes, once"), ("n", "no, tell it why")]
        if self._rules:
            keys += [("a", "always"), ("s", "this session")]
        if request.draft is not None:
            keys.append(("e", "edit first"))
        if not self._why:
            keys.append(("?", "why am I asked"))
        keys.append(("esc", "no, and stop"))
        return lines + key_lines(keys, painter)

    def _explanation(self, painter: Painter) -> list[Line]:
        decision = self._request.decision
        sentences: list[str] = []
        if decision.rule:
            sentences.append(f"The rule {decision.rule} says so.")
        if len(decision.commands) > 1:
            sentences.append("It would run: " + " · ".join(decision.commands))
        if self._rules:
            sentences.append("These rules would have let it pass: " + "; ".join(self._rules))
        else:
            sentences.append("No rule can let this pass: it is asked each time.")
        return [line for s in sentences for line in painter.wrap(Text(shown_line(s), "dim"), "  ")]

    def wants(self, key: Key) -> bool:
        return len(key) > 1 or key.lower() in _KEYS

    def press(self, key: Key) -> None:
        match key.lower():
            case "y":
                self._answered(Answer("once"))
            case "n":
                self._ask("note", Entry("why not > "))
            case "a" if self._rules:
                self._ask("always", Entry("rule > ", "; ".join(self._rules)))
            case "s" if self._rules:
                self._ask("session", Entry("rule > ", "; ".join(self._rules)))
            case "e" if self._draft_line is not None:
                self._ask("draft", Entry("command > ", self._draft_line))
            case "e" if self._request.draft is not None:
                self._answered("edit")
            case "?":
                self._why = True
            case _:
                pass

    def submit(self, text: str) -> None:
        match self._asks_for:
            case "note":
                self._answered(Answer("no", note=text.strip()))
            case "draft":
                if text.strip():
                    self._answered(Answer("edited", text=text))
            case "session" | "always":
                rules = tuple(rule.strip() for rule in text.split(";") if rule.strip())
                self._fault = _fault(rules)
                if not self._fault:
                    self._answered(Answer(self._asks_for, rules=rules) if rules else Answer("once"))
            case "key":
                pass

    def dismiss(self) -> None:
        if self._asks_for == "key":
            self._answered(None)
        else:
            self._asks_for, self.entry = "key", None

    def _ask(self, what: _Wish, entry: Entry) -> None:
        self._asks_for, self.entry = what, entry


def _runs(request: ApprovalRequest) -> bool:
    return any(access.kind == "run" for access in request.accesses)


def _fault(rules: Sequence[str]) -> str:
    """What is wrong with the first rule that is none; empty when all are."""
    from qwen_code.permissions.rules import RuleError, parse_rule

    for rule in rules:
        try:
            parse_rule(rule)
        except RuleError as error:
            return f"{shown_line(rule)} is no rule: {shown_line(str(error))}"
    return ""


def _is_named(access: Access, reason: str) -> bool:
    """Whether the reason for the question already says that this file is written, and no link leads on."""
    name = reason.removeprefix("it writes ")
    leads_on = access.resolved and access.resolved != access.target
    return name != reason and access.kind == "write" and not leads_on and access.target.endswith(f"/{name}")


def _touched(accesses: Sequence[Access]) -> str:
    """`writes src/app.py · runs in /home/me/project`; each once."""
    parts: list[str] = []
    for access in accesses:
        place = access.resolved if access.kind == "run" else access.target
        words = f"{_VERBS[access.kind]} {shown_line(place)}" if place else ""
        if access.kind != "run" and access.resolved and access.resolved != access.target:
            words += f" (leads to {shown_line(access.resolved)})"
        if words and words not in parts:
            parts.append(words)
    return " · ".join(parts)
