"""Judges a shell command: every command that it would run, every file that these name; the strictest wins."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from qwen_code.permissions.circuit_breaker import catastrophe
from qwen_code.permissions.command_spellings import deception, exactly, mentions, names, widely
from qwen_code.permissions.decision import Decision, Mode, Verdict
from qwen_code.permissions.file_effects import Effects, effects_of
from qwen_code.permissions.file_policy import FileAccess, FilePolicy
from qwen_code.permissions.places import NOWHERE, Place, Places, is_device
from qwen_code.permissions.rule_matching import Matcher
from qwen_code.permissions.rule_suggestions import rule_for_command
from qwen_code.permissions.rules import Effect, Rule
from qwen_code.permissions.shell_fields import Field
from qwen_code.permissions.shell_parts import FORK_BOMB, Part, Parts, parts_of
from qwen_code.permissions.wrappers import command_name

_HARMLESS_VARIABLE = re.compile(
    r"CI|NODE_ENV|(?:NO|FORCE)_COLOR|CLICOLOR(?:_FORCE)?|LANG|LANGUAGE|LC_[A-Z]+|TZ|TERM|COLUMNS|LINES"
    r"|PYTHONUNBUFFERED|PYTHONDONTWRITEBYTECODE|RUST_BACKTRACE|GIT_TERMINAL_PROMPT|GIT_OPTIONAL_LOCKS"
)
_HARMLESS_VALUE = re.compile(r"(?!.*\.\.)(?:[A-Za-z0-9_.,@+-][A-Za-z0-9_.,:@+-]*(?:/[A-Za-z0-9_+-]+){0,2})?")
_SECRET_VARIABLE = re.compile(
    r"\$\{?[!#]?(\w*(?:KEY|TOKEN|SECRET|PASS|CRED|AUTH|PRIVATE|COOKIE|DSN|SESSION)\w*)", re.IGNORECASE
)
_WRITING = frozenset({">", ">>", ">|", ">&", "&>", "&>>", "<>"})
_STRICTNESS: dict[Verdict, int] = {"allow": 0, "ask": 1, "deny": 2}


@dataclass(frozen=True, slots=True)
class Finding:
    """What is thought of one part, or of one file that it names."""

    verdict: Verdict
    reason: str
    rule: str = ""
    suggestions: tuple[str, ...] | None = None
    """Rules that would let it pass; None when no rule should."""
    reads: bool = False
    """The question is about reading, so planning may ask it."""
    by_rule: bool = False
    """A rule asks for it, so no mode waives the question."""


@dataclass(frozen=True, slots=True)
class CommandPolicy:
    """The gate's view of shell commands."""

    matcher: Matcher
    files: FilePolicy
    places: Places
    mode: Mode
    sandboxed: bool

    def decide(self, command: str, directory: str) -> Decision:
        """Judge a command line that would start in `directory`. Never raises."""
        found = parts_of(command, directory, self.places.home)
        effects = [self._effects(part) for part in found.parts]
        worst = Finding("allow", "it only reads inside the workspace")
        suggestions: list[str] | None = []
        allowed_by = ""
        for finding in self._findings(command, found, effects):
            if _STRICTNESS[finding.verdict] > _STRICTNESS[worst.verdict]:
                worst = finding
            if finding.verdict == "ask":
                if finding.suggestions is None or suggestions is None:
                    suggestions = None
                else:
                    suggestions += finding.suggestions
            elif finding.verdict == "allow" and finding.rule and not allowed_by:
                allowed_by = finding.rule
        shown = tuple(part.shown for part in found.parts if part.need != "none" and part.fields)
        if worst.verdict == "allow":
            reason = f"allowed by the rule {allowed_by}" if allowed_by else worst.reason
            return Decision("allow", reason, allowed_by, commands=shown)
        if worst.verdict == "deny":
            return Decision("deny", worst.reason, worst.rule, commands=shown)
        unique = tuple(dict.fromkeys(suggestions or ()))
        return Decision("ask", worst.reason, worst.rule, unique, shown)

    # -- everything that there is to say

    def _findings(self, command: str, found: Parts, effects: Sequence[Effects]) -> Iterator[Finding]:
        for part, effect in zip(found.parts, effects, strict=True):
            yield from self._by_rule("deny", part, effect)
            yield from self._by_rule("ask", part, effect)
            if part.fields and (reason := catastrophe(part.fields, part.directories, self.places)):
                yield Finding("ask", reason, by_rule=True)
        if FORK_BOMB in found.odd:
            yield Finding("ask", FORK_BOMB, by_rule=True)
        if deceptive := deception(command):
            yield self._unless_yolo(deceptive)
        hidden = next((reason for reason, hides in found.odd.items() if hides), "")
        if hidden and self._commands_are_restricted():
            yield Finding("ask", f"a rule restricts commands, and {hidden}", by_rule=True)
        if self.matcher.rules.doubtful:
            yield Finding("ask", f"the rule `{self.matcher.rules.doubtful}` is not understood", by_rule=True)
        if self.mode is Mode.YOLO:
            return
        for reason in found.odd:
            yield self._unless_confined(reason)
        for index, part in enumerate(found.parts):
            if part.need != "none":
                yield from self._allowance(index, found.parts, effects)

    def _unless_yolo(self, reason: str) -> Finding:
        return Finding("allow" if self.mode is Mode.YOLO else "ask", reason)

    def _unless_confined(self, reason: str, suggestions: tuple[str, ...] | None = None) -> Finding:
        """What nothing allows: asked, denied while planning, and run where the sandbox confines it."""
        if self.mode is Mode.PLAN:
            return Finding("deny", f"planning only reads, and {reason}")
        if self.mode is Mode.AUTO and self.sandboxed:
            return Finding("allow", "the sandbox confines it")
        return Finding("ask", reason, suggestions=suggestions)

    def _commands_are_restricted(self) -> bool:
        rules = (*self.matcher.rules.deny, *self.matcher.rules.ask)
        return any(rule.subject != "any" or not rule.tools for rule in rules)

    # -- deny and ask rules

    def _by_rule(self, effect: Effect, part: Part, effects: Effects) -> Iterator[Finding]:
        if part.fields and (rule := self.matcher.command(effect, widely(part))):
            yield _ruled(effect, rule, f"`{part.shown}`")
        for access, field, place in self._accesses(part, effects):
            if place is None:
                if self.matcher.file_rules(effect, reading=access == "read"):
                    yield Finding(
                        "ask",
                        f"a rule restricts files, and {field.text} is only known when it runs",
                        by_rule=True,
                    )
                continue
            policy = self.files.denying if effect == "deny" else self.files.asking
            if rule := policy(access, place):
                yield _ruled(effect, rule, f"{self.places.short(place.target)} in `{part.shown}`")
        for field in effects.touches:
            yield from self._touched(effect, part, field)
        yield from self._read_whole(effect, part, effects)
        for url in effects.urls:
            if rule := self.matcher.host(effect, url):
                yield _ruled(effect, rule, url)

    def _touched(self, effect: Effect, part: Part, field: Field) -> Iterator[Finding]:
        """An argument of a command that is not known may be a file that it shows, and perhaps changes."""
        policy = self.files.denying if effect == "deny" else self.files.asking
        for place in self._places(part, field):
            if place is None:
                continue
            if rule := policy("read", place):
                yield _ruled(effect, rule, f"{self.places.short(place.target)} in `{part.shown}`")
            elif rule := policy("write", place):
                name = self.places.short(place.target)
                yield Finding(
                    "ask", f"it may change {name}, see the rule {rule.text}", rule.text, by_rule=True
                )

    def _read_whole(self, effect: Effect, part: Part, effects: Effects) -> Iterator[Finding]:
        if not effects.recursive or self.sandboxed:
            return
        for field in effects.reads or (Field("."),):
            for place in self._places(part, field):
                if place is None:
                    continue
                if rule := self.matcher.whole(effect, place):
                    yield _ruled(effect, rule, f"{self.places.short(place.target)} in `{part.shown}`")
                elif rule := self.matcher.below(effect, place, visible_only=effects.recursive == "visible"):
                    name = self.places.short(place.target)
                    reason = f"it reads all of {name}, and the rule {rule.text} may cover some of it"
                    yield Finding("ask", reason, rule.text, by_rule=True)

    # -- what allows a part

    def _allowance(self, index: int, parts: Sequence[Part], effects: Sequence[Effects]) -> Iterator[Finding]:
        part, effect = parts[index], effects[index]
        rule = self._allow_rule(part)
        namer = rule or self._naming_ancestor(part, parts)
        yield from self._assignments(part, namer)
        yield from self._redirections(part)
        if not part.fields:
            return
        if secret := _secret_variable(part, effect):
            yield self._unless_confined(f"it may show the secret in ${secret}")
        if namer:
            yield Finding("allow", f"allowed by the rule {namer.text}", namer.text)
            yield from self._guards(part, effect, namer)
            if self.mode is Mode.PLAN and not effect.read_only:
                yield Finding("deny", f"planning only reads, and `{part.shown}` does more")
        elif effect.read_only:
            yield from self._guards(part, effect, None)
            if command_name(part.fields[0]) == "git" and not self._in_root(part):
                yield self._unless_confined(
                    "git obeys the settings of the folder that it runs in", self._suggestion(part)
                )
        elif part.need == "own":
            reason = (
                f"`{part.shown}` is not a read-only command"
                if "is not a read-only" in effect.refusal
                else (f"`{part.shown}`: {effect.refusal}")
            )
            yield self._unless_confined(reason, self._suggestion(part))
            if self.mode is Mode.AUTO and self.sandboxed:
                yield from self._guards(part, effect, None)

    def _allow_rule(self, part: Part) -> Rule | None:
        if not part.fields or not part.name or not part.name.isascii():
            return None
        return self.matcher.command("allow", exactly(part))

    def _naming_ancestor(self, part: Part, parts: Sequence[Part]) -> Rule | None:
        """The rule of a wrapper around this part that names the part's command, too."""
        parent = part.parent
        while parent >= 0:
            rule = self._allow_rule(parts[parent])
            if rule and names(rule, part):
                return rule
            parent = parts[parent].parent
        return None

    def _assignments(self, part: Part, rule: Rule | None) -> Iterator[Finding]:
        for assignment in part.assignments:
            value = assignment.value.text if assignment.value is not None else None
            harmless = _HARMLESS_VARIABLE.fullmatch(assignment.name) and _HARMLESS_VALUE.fullmatch(
                value or ""
            )
            if value is None or not harmless:
                named = rule is not None and assignment.source in rule.prefix.split(" ")
                if not named:
                    yield self._unless_confined(f"it sets the variable {assignment.name}")

    def _redirections(self, part: Part) -> Iterator[Finding]:
        for operator, targets in part.redirects:
            if operator == "<<<":
                continue
            for field in targets:
                for place in self._places(part, field):
                    if operator in _WRITING:
                        yield from self._written(place, field)
                    if operator in ("<", "<>"):
                        yield from self._guard("read", place, field, None)
            if not targets or operator == "<&":
                yield self._unless_confined("it redirects to what is only known when it runs")

    def _written(self, place: Place | None, field: Field) -> Iterator[Finding]:
        """A redirection is an edit of its target."""
        if place is None:
            yield self._unless_confined(f"it writes to {field.text}, which is only known when it runs")
        elif is_device(place) or self.files.excuse("write", place):
            return
        elif reason := self.files.guarded("write", place):
            yield self._guarded(reason, "write", place)
        elif self.mode is Mode.PLAN or not self.files.allowing("write", place):
            suggestion = self.files.rule_for("write", place)
            yield self._unless_confined(
                f"it writes {self.places.short(place.target)}", (suggestion,) if suggestion else None
            )

    # -- guarded files

    def _guards(self, part: Part, effects: Effects, rule: Rule | None) -> Iterator[Finding]:
        for access, field, place in self._accesses(part, effects, redirects=False):
            if not (rule and mentions(rule, field)):
                yield from self._guard(access, place, field, part)

    def _guard(
        self, access: FileAccess, place: Place | None, field: Field, part: Part | None
    ) -> Iterator[Finding]:
        if place is None:
            if not (self.mode is Mode.AUTO and self.sandboxed):
                yield Finding("ask", f"{field.text} is only known when it runs", reads=access != "write")
        elif (reason := self.files.guarded(access, place)) and not self.files.excuse(access, place):
            if access != "write" and "outside" in reason and self.mode is Mode.AUTO and self.sandboxed:
                return
            suggestion = self.files.rule_for(access, place)
            if access == "write" and part is not None:
                yield Finding("ask", reason, suggestions=self._suggestion(part, exactly=True))
            else:
                yield Finding("ask", reason, suggestions=(suggestion,) if suggestion else None, reads=True)

    def _guarded(self, reason: str, access: FileAccess, place: Place) -> Finding:
        if self.mode is Mode.PLAN:
            return Finding("deny", f"planning only reads, and {reason}")
        suggestion = self.files.rule_for(access, place)
        return Finding("ask", reason, suggestions=(suggestion,) if suggestion else None)

    def _suggestion(self, part: Part, *, exactly: bool = False) -> tuple[str, ...] | None:
        rule = rule_for_command(part, exactly=exactly) if part.parent < 0 else ""
        return (rule,) if rule else None

    # -- from arguments to places

    def _effects(self, part: Part) -> Effects:
        if not part.fields:
            return Effects()
        if not part.name:
            return Effects(touches=part.fields[1:], refusal="its name is only known when it runs")
        return effects_of(part.fields, alone=part.need != "none" and not part.runs)

    def _accesses(
        self, part: Part, effects: Effects, *, redirects: bool = True
    ) -> Iterator[tuple[FileAccess, Field, Place | None]]:
        groups: list[tuple[FileAccess, Sequence[Field]]] = [
            ("read", effects.reads), ("look", effects.looks), ("write", effects.writes),
        ]  # fmt: skip
        for operator, targets in part.redirects if redirects else ():
            if operator in ("<", "<>"):
                groups.append(("read", targets))
            if operator in _WRITING:
                groups.append(("write", targets))
        for access, fields in groups:
            for field in fields:
                for place in self._places(part, field):
                    yield access, field, place

    def _places(self, part: Part, field: Field) -> Iterator[Place | None]:
        """Where an argument may lead; None when that is only known when it runs."""
        if field.kind == "process" or field.text in ("", "-"):
            return
        if not field.known:
            yield None
            return
        for directory in part.directories:
            if directory == NOWHERE and not field.text.startswith("/"):
                yield None
            else:
                yield self.places.at(field.text, directory, glob=field.kind == "glob")

    def _in_root(self, part: Part) -> bool:
        return all(directory in self.places.roots for directory in part.directories)


def _ruled(effect: Effect, rule: Rule, what: str) -> Finding:
    verdict: Verdict = "deny" if effect == "deny" else "ask"
    verb = "denies" if effect == "deny" else "asks for"
    return Finding(verdict, f"the rule {rule.text} {verb} {what}", rule.text, by_rule=True)


def _secret_variable(part: Part, effects: Effects) -> str:
    """The name of a variable that looks like a secret's, in what a command prints."""
    printed = part.given
    if effects.read_only and part.name in ("echo", "printf"):
        printed += " ".join(field.text for field in part.fields if field.kind == "dynamic")
    match = _SECRET_VARIABLE.search(printed) if effects.read_only else None
    return match[1] if match else ""
