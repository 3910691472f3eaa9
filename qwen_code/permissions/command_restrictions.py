"""What deny and ask rules say of a command, of the files it touches and of the addresses it names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from qwen_code.permissions.command_facts import CommandFacts
from qwen_code.permissions.command_spellings import widely
from qwen_code.permissions.decision import Verdict
from qwen_code.permissions.file_effects import Effects
from qwen_code.permissions.file_policy import FilePolicy
from qwen_code.permissions.rule_matching import Matcher
from qwen_code.permissions.rules import Effect, Rule
from qwen_code.permissions.shell_fields import Field
from qwen_code.permissions.shell_parts import Part


@dataclass(frozen=True, slots=True)
class Finding:
    """What is thought of one part, or of one file that it names."""

    verdict: Verdict
    reason: str
    rule: str = ""
    suggestions: tuple[str, ...] | None = None
    """Rules that would let it pass; None when no rule should."""


@dataclass(frozen=True, slots=True)
class Restrictions:
    """Applies the deny and ask rules to parts."""

    matcher: Matcher
    files: FilePolicy
    facts: CommandFacts
    sandboxed: bool

    def any_on_commands(self) -> bool:
        """Do any of these rules look at commands or files, so that hidden commands could escape them?"""
        rules = (*self.matcher.rules.deny, *self.matcher.rules.ask)
        return any(rule.subject != "any" or not rule.tools for rule in rules)

    def of(self, effect: Effect, part: Part, effects: Effects) -> Iterator[Finding]:
        """What the rules of one effect have against a part."""
        if part.fields and self.matcher.of(effect):
            for rule in self.matcher.commands(effect, widely(part))[:1]:
                yield _ruled(effect, rule, f"`{part.shown}`")
        for access, field, place in self.facts.accesses(part, effects):
            if place is None:
                if self.matcher.file_rules(effect, reading=access == "read"):
                    yield Finding(
                        "ask", f"a rule restricts files, and {field.text} is only known when it runs"
                    )
                continue
            policy = self.files.denying if effect == "deny" else self.files.asking
            if rule := policy(access, place):
                yield _ruled(effect, rule, f"{self.files.places.short(place.target)} in `{part.shown}`")
        for field in effects.touches:
            yield from self._touched(effect, part, field)
        yield from self._read_whole(effect, part, effects)
        for url in effects.urls:
            if rule := self.matcher.host(effect, url):
                yield _ruled(effect, rule, url)

    def _touched(self, effect: Effect, part: Part, field: Field) -> Iterator[Finding]:
        """An argument of a command that is not known may be a file that it shows, and perhaps changes."""
        policy = self.files.denying if effect == "deny" else self.files.asking
        for place in self.facts.places_of(part, field):
            if place is None:
                continue
            if rule := policy("read", place):
                yield _ruled(effect, rule, f"{self.files.places.short(place.target)} in `{part.shown}`")
            elif rule := policy("write", place):
                name = self.files.places.short(place.target)
                yield Finding("ask", f"it may change {name}, see the rule {rule.text}", rule.text)

    def _read_whole(self, effect: Effect, part: Part, effects: Effects) -> Iterator[Finding]:
        if not effects.recursive or self.sandboxed:
            return
        for field in effects.reads or (Field("."),):
            for place in self.facts.places_of(part, field):
                if place is None:
                    continue
                if rule := self.matcher.whole(effect, place):
                    yield _ruled(effect, rule, f"{self.files.places.short(place.target)} in `{part.shown}`")
                elif rule := self.matcher.below(effect, place, visible_only=effects.recursive == "visible"):
                    name = self.files.places.short(place.target)
                    reason = f"it reads all of {name}, and the rule {rule.text} may cover some of it"
                    yield Finding("ask", reason, rule.text)


def _ruled(effect: Effect, rule: Rule, what: str) -> Finding:
    verdict: Verdict = "deny" if effect == "deny" else "ask"
    verb = "denies" if effect == "deny" else "asks for"
    return Finding(verdict, f"the rule {rule.text} {verb} {what}", rule.text)
