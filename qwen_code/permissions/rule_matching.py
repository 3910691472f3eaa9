"""Applies rules to commands, paths and hosts within one workspace."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from urllib.parse import urlsplit

from qwen_code.permissions.path_patterns import PathPattern, is_wild
from qwen_code.permissions.places import Place, Places
from qwen_code.permissions.rules import FETCH, READERS, SHELL, WRITERS, Effect, Rule, RuleSet


class Matcher:
    """The rules in force, bound to the paths of a workspace."""

    def __init__(self, rules: RuleSet, places: Places) -> None:
        self.rules = rules
        self.places = places
        self._patterns: dict[tuple[str, bool], tuple[PathPattern, ...]] = {}

    def of(self, effect: Effect) -> Sequence[Rule]:
        match effect:
            case "allow":
                return self.rules.allow
            case "ask":
                return self.rules.ask
            case "deny":
                return self.rules.deny

    def tool(self, effect: Effect, tool: str) -> Rule | None:
        """The first rule about a whole tool."""
        return next((r for r in self.of(effect) if r.subject == "any" and r.covers_tool(tool)), None)

    def commands(self, effect: Effect, texts: Iterable[str]) -> list[Rule]:
        """The rules that cover a command, written in any of the ways given."""
        if not (rules := self.of(effect)):
            return []
        texts = tuple(texts)
        widely = effect != "allow"
        return [
            rule
            for rule in rules
            if (rule.subject == "any" and rule.covers_tool(SHELL))
            or (rule.subject == "command" and any(rule.covers_command(t, widely=widely) for t in texts))
        ]

    def restricting(self, effect: Effect, tools: frozenset[str], place: Place) -> Rule | None:
        """The first deny or ask rule that covers a path for one of `tools`."""
        for rule in self.of(effect):
            if tools & (rule.tools or tools) and not rule.server and self._restricts(rule, place):
                return rule
        return None

    def allowing(self, tools: frozenset[str], place: Place) -> list[Rule]:
        """The allow rules that cover a path for all of `tools`."""
        return [rule for rule in self.rules.allow if tools <= rule.tools and self._allows(rule, place)]

    def _restricts(self, rule: Rule, place: Place) -> bool:
        if rule.subject == "any":
            return True
        return rule.subject == "path" and any(
            pattern.matches(path, glob=place.glob)
            for pattern in self.patterns(rule, wide=True)
            for path in place.both
        )

    def _allows(self, rule: Rule, place: Place) -> bool:
        """Where the path leads must be covered as well as the path itself."""
        if rule.subject == "any":
            return self.places.is_inside(place)
        if rule.subject != "path":
            return False
        paths = [_folder_of(path) for path in place.both] if place.glob else place.both
        return all(
            any(pattern.matches(path) for pattern in self.patterns(rule, wide=False)) for path in paths
        )

    def patterns(self, rule: Rule, *, wide: bool) -> tuple[PathPattern, ...]:
        """What the path of a rule stands for; `wide` reads a bare name as one in any folder."""
        key = (rule.specifier, wide)
        if key not in self._patterns:
            self._patterns[key] = tuple(
                PathPattern.of(path, folded=wide) for path in self._absolute(rule.specifier, wide=wide)
            )
        return self._patterns[key]

    def _absolute(self, specifier: str, *, wide: bool) -> list[str]:
        roots = self.places.roots
        if specifier.startswith("//"):
            return [specifier[1:]]
        if specifier == "~" or specifier.startswith("~/"):
            return [self.places.home + specifier[1:]]
        if specifier.startswith("/"):
            return [root + specifier for root in roots]
        if wide and (specifier.startswith("**/") or "/" not in specifier.rstrip("/")):
            return [f"/**/{specifier}"]
        return [f"{root}/{specifier.removeprefix('./')}" for root in roots]

    def file_rules(self, effect: Effect, *, reading: bool) -> bool:
        """Are there any rules about files read, or about files written?"""
        tools = READERS if reading else WRITERS
        return any(rule.tools & tools for rule in self.of(effect))

    def below(self, effect: Effect, place: Place, *, visible_only: bool) -> Rule | None:
        """A rule about reading that may cover something inside a folder that is read whole."""
        for rule in self.of(effect):
            if rule.subject != "path" or not rule.tools & READERS:
                continue
            for pattern in self.patterns(rule, wide=True):
                hidden = any(segment.startswith(".") for segment in pattern.segments)
                if not (hidden and visible_only) and any(
                    pattern.below(path, glob=place.glob) for path in place.both
                ):
                    return rule
        return None

    def whole(self, effect: Effect, place: Place) -> Rule | None:
        """A rule about reading that covers everything inside a folder that is read whole."""
        for rule in self.of(effect):
            if rule.subject == "path" and rule.tools & READERS:
                patterns = self.patterns(rule, wide=True)
                if any(pattern.fills(path, glob=place.glob) for pattern in patterns for path in place.both):
                    return rule
        return None

    def inside_of(self, effect: Effect, place: Place) -> Rule | None:
        """A rule about writing whose fixed path lies inside a folder that is changed whole."""
        for rule in self.of(effect):
            if rule.subject == "path" and rule.tools & WRITERS:
                patterns = self.patterns(rule, wide=True)
                if any(pattern.names_below(path) for pattern in patterns for path in place.both):
                    return rule
        return None

    def host(self, effect: Effect, url: str, tool: str = FETCH) -> Rule | None:
        """The first rule about `tool` that covers the host of an address."""
        host = host_of(url) or ("" if effect == "allow" else _apparent_host(url))
        for rule in self.of(effect):
            if rule.subject == "any" and rule.covers_tool(tool):
                return rule
            if (
                rule.subject == "domain"
                and tool in rule.tools
                and host
                and _covers_host(rule.specifier, host, widely=effect != "allow")
            ):
                return rule
        return None

    def aims(self, rule: Rule, guarded: Callable[[Place], str]) -> bool:
        """Does an allow rule itself name what is guarded, rather than cover it in passing?

        `Edit(.vscode/**)` names a guarded folder; `Edit(**)` and `Edit` do not.
        """
        if rule.subject != "path":
            return False
        return any(guarded(_aim(self.places, pattern)) for pattern in self.patterns(rule, wide=False))


def _aim(places: Places, pattern: PathPattern) -> Place:
    """What a pattern names: its path up to the first wildcard, and that one if it is more than `*`."""
    segments = list(pattern.segments)
    wild = next((at for at, segment in enumerate(segments) if is_wild(segment)), len(segments))
    keep = wild + 1 if wild < len(segments) and set(segments[wild]) != {"*"} else wild
    return places.at("/" + "/".join(segments[:keep]), "/", glob=keep > wild)


def _folder_of(pattern: str) -> str:
    """The folder below which everything lies that a pattern stands for."""
    first = min((at for at in map(pattern.find, "*?[") if at >= 0), default=len(pattern))
    return pattern[: pattern.rfind("/", 0, first)] or "/"


@lru_cache(maxsize=256)
def host_of(url: str) -> str:
    """The host of an http or https address, or an empty text for anything doubtful."""
    if not url.isprintable() or any(character in url for character in "\\ \t@"):
        return ""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".")
        _ = parts.port
    except ValueError:
        return ""
    return host if parts.scheme in ("http", "https") and host.isascii() else ""


def _apparent_host(url: str) -> str:
    """The host of an address in which a user's name or other doubtful things stand; only to deny and ask."""
    try:
        return (urlsplit(url.replace("\\", "/").strip()).hostname or "").rstrip(".")
    except ValueError:
        return ""


def _covers_host(rule: str, host: str, *, widely: bool) -> bool:
    if rule == "*":
        return True
    if rule.startswith("*."):
        return host.endswith(rule[1:]) or (widely and host == rule[2:])
    return host == rule or (widely and host.endswith("." + rule))
