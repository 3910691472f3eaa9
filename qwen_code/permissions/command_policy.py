"""Judges a shell command: every command that it would run, every file that these name; the strictest wins."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from qwen_code.permissions.circuit_breaker import catastrophe, is_disk
from qwen_code.permissions.command_facts import READING, WRITING, CommandFacts
from qwen_code.permissions.command_restrictions import Finding, Restrictions
from qwen_code.permissions.command_spellings import deception, exactly, mentions, names
from qwen_code.permissions.decision import Decision, Mode, Verdict
from qwen_code.permissions.file_effects import Effects
from qwen_code.permissions.file_policy import FileAccess, FilePolicy
from qwen_code.permissions.places import Place, is_device
from qwen_code.permissions.rule_suggestions import rule_for_command
from qwen_code.permissions.rules import Rule
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
_STRICTNESS: dict[Verdict, int] = {"allow": 0, "ask": 1, "deny": 2}


class CommandPolicy:
    """The gate's view of shell commands."""

    def __init__(
        self, files: FilePolicy, mode: Mode, *, sandboxed: bool, git_programs: Callable[[], str]
    ) -> None:
        self._files = files
        self._matcher = files.matcher
        self._places = files.places
        self._facts = CommandFacts(files.places)
        self._restrictions = Restrictions(files.matcher, files, self._facts, sandboxed)
        self._mode = mode
        self._git_programs = git_programs
        self._confined = sandboxed and mode is Mode.AUTO

    def decide(self, command: str, directory: str) -> Decision:
        """Judge a command line that would start in `directory`. Never raises."""
        found = parts_of(command, directory, self._places.home)
        effects = [self._facts.effects(part) for part in found.parts]
        worst = Finding("allow", self._unobjectionable())
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

    def _unobjectionable(self) -> str:
        if self._mode is Mode.YOLO:
            return f"{self._mode} mode asks no questions"
        if self._confined:
            return "the sandbox confines it"
        return "it only reads inside the workspace"

    # -- everything that there is to say

    def _findings(self, command: str, found: Parts, effects: Sequence[Effects]) -> Iterator[Finding]:
        for part, effect in zip(found.parts, effects, strict=True):
            yield from self._restrictions.of("deny", part, effect)
            yield from self._restrictions.of("ask", part, effect)
            if part.fields and (reason := catastrophe(part.fields, part.directories, self._places)):
                yield Finding("ask", reason)
            targets = [
                target for operator, given in part.redirects if operator in WRITING for target in given
            ]
            if any(is_disk(target.text) for target in targets):
                yield Finding("ask", "it writes to a disk directly")
        if FORK_BOMB in found.odd:
            yield Finding("ask", FORK_BOMB)
        if deceptive := deception(command):
            yield self._unless_yolo(deceptive)
        hidden = next((reason for reason, hides in found.odd.items() if hides), "")
        if hidden and self._restrictions.any_on_commands():
            yield Finding("ask", f"a rule restricts commands, and {hidden}")
        if self._matcher.rules.doubtful:
            yield Finding("ask", f"the rule `{self._matcher.rules.doubtful}` is not understood")
        if self._mode is Mode.YOLO:
            return
        for reason in found.odd:
            yield self._unless_confined(reason)
        for index, part in enumerate(found.parts):
            if part.need != "none":
                yield from self._allowance(index, found.parts, effects)

    def _unless_yolo(self, reason: str) -> Finding:
        return Finding("allow" if self._mode is Mode.YOLO else "ask", reason)

    def _unless_confined(self, reason: str, suggestions: tuple[str, ...] | None = None) -> Finding:
        """What nothing allows: asked, denied while planning, and run where the sandbox confines it."""
        if self._mode is Mode.PLAN:
            return Finding("deny", f"planning only reads, and {reason}")
        if self._confined:
            return Finding("allow", "the sandbox confines it")
        return Finding("ask", reason, suggestions=suggestions)

    # -- what allows a part

    def _allowance(self, index: int, parts: Sequence[Part], effects: Sequence[Effects]) -> Iterator[Finding]:
        part, effect = parts[index], effects[index]
        rules = self._allow_rules(part) or self._naming_rules(part, parts)
        yield from self._assignments(part, rules)
        yield from self._redirections(part)
        if not part.fields:
            return
        if secret := _secret_variable(part, effect):
            yield self._unless_confined(f"it may show the secret in ${secret}")
        if rules:
            yield Finding("allow", f"allowed by the rule {rules[0].text}", rules[0].text)
            yield from self._guards(part, effect, rules)
            if self._mode is Mode.PLAN and not effect.read_only:
                yield Finding("deny", f"planning only reads, and `{part.shown}` does more")
        elif effect.read_only:
            yield from self._guards(part, effect, ())
            if command_name(part.fields[0]) == "git" and (reason := self._unsafe_git(part)):
                yield self._unless_confined(reason, self._suggestion(part))
        elif part.need == "own":
            reason = (
                f"`{part.shown}` is not a read-only command"
                if "is not a read-only" in effect.refusal
                else (f"`{part.shown}`: {effect.refusal}")
            )
            yield self._unless_confined(reason, self._suggestion(part))
            if self._confined:
                yield from self._guards(part, effect, ())
                yield from self._secrets(part, effect)

    def _allow_rules(self, part: Part) -> Sequence[Rule]:
        if not part.fields or not part.name.isascii() or not part.name:
            return ()
        return self._matcher.commands("allow", exactly(part))

    def _naming_rules(self, part: Part, parts: Sequence[Part]) -> Sequence[Rule]:
        """The rules of the wrappers around this part that name the part's command, too."""
        found: list[Rule] = []
        parent = part.parent
        while parent >= 0:
            found += [rule for rule in self._allow_rules(parts[parent]) if names(rule, part)]
            parent = parts[parent].parent
        return found

    def _assignments(self, part: Part, rules: Sequence[Rule]) -> Iterator[Finding]:
        for assignment in part.assignments:
            value = assignment.value.text if assignment.value is not None else None
            if (
                value is not None
                and _HARMLESS_VARIABLE.fullmatch(assignment.name)
                and _HARMLESS_VALUE.fullmatch(value)
            ):
                continue
            if not any(assignment.source in rule.prefix.split(" ") for rule in rules):
                yield self._unless_confined(f"it sets the variable {assignment.name}")

    def _redirections(self, part: Part) -> Iterator[Finding]:
        for operator, targets in part.redirects:
            if operator == "<<<":
                continue
            for field in targets:
                for place in self._facts.places_of(part, field):
                    if operator in WRITING:
                        yield from self._written(place, field)
                    if operator in READING:
                        yield from self._guard("read", place, field, None)
            if not targets or operator == "<&":
                yield self._unless_confined("it redirects to what is only known when it runs")

    def _written(self, place: Place | None, field: Field) -> Iterator[Finding]:
        """A redirection is an edit of its target."""
        if place is None:
            yield self._unless_confined(f"it writes to {field.text}, which is only known when it runs")
            return
        if is_device(place) or (self._confined and self._files.confined("write", place)):
            return
        name = self._places.short(place.target)
        if self._mode is Mode.PLAN:
            yield Finding("deny", f"planning only reads, and it writes {name}")
        elif reason := self._files.guarded("write", place):
            if not self._files.excuse("write", place):
                yield Finding("ask", reason, suggestions=self._for_file("write", place))
        elif not self._files.allowing("write", place):
            yield self._unless_confined(f"it writes {name}", self._for_file("write", place))

    # -- guarded files

    def _guards(self, part: Part, effects: Effects, rules: Sequence[Rule]) -> Iterator[Finding]:
        for access, field, place in self._facts.accesses(part, effects, redirects=False):
            if not any(mentions(rule, field) for rule in rules):
                yield from self._guard(access, place, field, part)

    def _guard(
        self, access: FileAccess, place: Place | None, field: Field, part: Part | None
    ) -> Iterator[Finding]:
        if place is None:
            if not self._confined:
                yield Finding("ask", f"{field.text} is only known when it runs")
        elif is_device(place) or (self._confined and self._files.confined(access, place)):
            return
        elif (reason := self._files.guarded(access, place)) and not self._files.excuse(access, place):
            offered = self._suggestion(part, exactly=True) if part else self._for_file(access, place)
            yield Finding("ask", reason, suggestions=offered)

    def _secrets(self, part: Part, effects: Effects) -> Iterator[Finding]:
        """The sandbox confines what a command changes, not what it reads in the workspace."""
        for field in effects.touches:
            for place in self._facts.places_of(part, field):
                if place and self._places.is_inside(place):
                    yield from self._guard("read", place, field, part)

    def _for_file(self, access: FileAccess, place: Place) -> tuple[str, ...] | None:
        rule = self._files.rule_for(access, place)
        return (rule,) if rule else None

    def _suggestion(self, part: Part, *, exactly: bool = False) -> tuple[str, ...] | None:
        rule = rule_for_command(part, exactly=exactly) if part.plain else ""
        return (rule,) if rule else None

    def _unsafe_git(self, part: Part) -> str:
        """Why git may run a program although it is only asked to show something."""
        if not self._in_root(part):
            return "git obeys the settings of the folder that it runs in"
        setting = self._git_programs()
        return f"the repository makes git run a program ({setting} in .git/config)" if setting else ""

    def _in_root(self, part: Part) -> bool:
        return all(directory in self._places.roots for directory in part.directories)


def _secret_variable(part: Part, effects: Effects) -> str:
    """The name of a variable that looks like a secret's, in what a command prints."""
    printed = part.given
    if effects.read_only and part.name in ("echo", "printf"):
        printed += " ".join(field.text for field in part.fields if field.kind == "dynamic")
    match = _SECRET_VARIABLE.search(printed) if effects.read_only else None
    return match[1] if match else ""
