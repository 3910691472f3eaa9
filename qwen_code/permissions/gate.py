"""The gate: says of every call whether it runs, is asked for or is denied; the facts come with the call."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from qwen_code.permissions.decision import Decision, Mode, Verdict
from qwen_code.permissions.places import Place, Places
from qwen_code.permissions.rules import FETCH, NETWORK, RuleSet, parse_rule
from qwen_code.tool import Access

if TYPE_CHECKING:
    from qwen_code.permissions.file_policy import FilePolicy
    from qwen_code.permissions.rule_matching import Matcher

_STRICTNESS: dict[Verdict, int] = {"allow": 0, "ask": 1, "deny": 2}


def _none() -> str:
    return ""


def _unfollowed(path: str) -> str:
    return path


class Gate:
    """One session's policy. The order is deny, ask, allow, and then what the mode says."""

    def __init__(
        self,
        rules: RuleSet,
        mode: Mode,
        workspace_roots: Sequence[str | os.PathLike[str]],
        home: str | os.PathLike[str],
        sandboxed: bool = False,
        *,
        follow: Callable[[str], str] = _unfollowed,
    ) -> None:
        """`sandboxed` says that commands run where the kernel confines them. `follow` resolves links in the
        paths that commands name, as `os.path.realpath` does; without it the gate does no I/O and takes
        paths in commands as they are written."""
        self.mode = mode
        self.sandboxed = sandboxed
        self.git_programs: Callable[[], str] = _none
        """The setting that makes git run a program even to show something; empty where that is confined."""
        self.places = Places([os.fspath(root) for root in workspace_roots], os.fspath(home), follow)
        self.rules = rules

    @property
    def rules(self) -> RuleSet:
        return self._rules

    @rules.setter
    def rules(self, rules: RuleSet) -> None:
        self._rules = rules
        vars(self).pop("_matcher", None)
        vars(self).pop("_files", None)

    # built with the first call, so that a run's first request does not wait for them

    @cached_property
    def _matcher(self) -> Matcher:
        from qwen_code.permissions.rule_matching import Matcher

        return Matcher(self._rules, self.places)

    @cached_property
    def _files(self) -> FilePolicy:
        from qwen_code.permissions.file_policy import FilePolicy

        return FilePolicy(self._matcher, self.places)

    def add_session_rules(self, rules: Iterable[str]) -> None:
        """Allow more from now on.

        Raises:
            RuleError: a rule can't be understood; then none is added.
        """
        self.rules = self.rules.with_allowed([parse_rule(rule) for rule in rules])

    def decide(self, tool: str, accesses: Sequence[Access]) -> Decision:
        """Judge one call by all that it would touch; the strictest judgement is the call's."""
        self.places.forget()
        decisions = [self._tool(tool, accesses), *(self._access(tool, access) for access in accesses)]
        worst = max(decisions, key=lambda decision: _STRICTNESS[decision.verdict]).verdict
        alike = [decision for decision in decisions if decision.verdict == worst]
        if worst == "allow":
            return next((decision for decision in alike if decision.rule), alike[-1])
        if worst == "deny" or len(alike) == 1:
            return alike[0]
        complete = all(decision.suggestions for decision in alike)
        suggestions = tuple(dict.fromkeys(s for d in alike for s in d.suggestions)) if complete else ()
        commands = tuple(command for decision in alike for command in decision.commands)
        return Decision("ask", alike[0].reason, alike[0].rule, suggestions, commands)

    def _tool(self, tool: str, accesses: Sequence[Access]) -> Decision:
        """What rules and mode say of the tool itself, whatever it touches."""
        if rule := self._matcher.tool("deny", tool):
            return Decision("deny", f"the rule {rule.text} denies {tool}", rule.text)
        if rule := self._matcher.tool("ask", tool):
            return Decision("ask", f"the rule {rule.text} asks for {tool}", rule.text)
        if self._matcher.rules.doubtful and accesses:
            reason = (
                f"the rule `{self._matcher.rules.doubtful}` is not understood, so everything is asked for"
            )
            return Decision("ask", reason)
        if not tool.startswith("mcp__") or self.mode is Mode.YOLO:
            return Decision("allow", f"{tool} touches nothing beyond what is named")
        if self.mode is Mode.PLAN:
            return Decision("deny", f"planning only reads, and nobody knows what {tool} does")
        if rule := self._matcher.tool("allow", tool):
            return Decision("allow", f"allowed by the rule {rule.text}", rule.text)
        return Decision("ask", f"nobody knows what {tool} does", suggestions=(tool,))

    def _access(self, tool: str, access: Access) -> Decision:
        match access.kind:
            case "run":
                # The shell parser is imported with the first command: a run's first request comes before it.
                from qwen_code.permissions.command_policy import CommandPolicy

                policy = CommandPolicy(
                    self._files, self.mode, sandboxed=self.sandboxed, git_programs=self.git_programs
                )
                return policy.decide(access.target, access.resolved or self.places.roots[0])
            case "net":
                return self._net(access.target)
            case "read" | "write":
                place = Place(access.target, self.places.follow(access.resolved or access.target))
                return self._file(tool, access.kind == "write", place, access.links)

    def _file(self, tool: str, writes: bool, place: Place, links: int) -> Decision:
        name = self.places.short(place.target)
        kind = "write" if writes else "read"
        if rule := self._files.denying(kind, place, also_read=tool == "edit"):
            return Decision("deny", f"the rule {rule.text} denies {name}", rule.text)
        if rule := self._files.asking(kind, place, also_read=tool == "edit"):
            return Decision("ask", f"the rule {rule.text} asks for {name}", rule.text)
        if self.mode is Mode.YOLO:
            return Decision("allow", f"{self.mode} mode asks no questions")
        if writes and self.mode is Mode.PLAN:
            return Decision("deny", f"planning only reads, and this writes {name}")
        suggestion = self._files.rule_for(kind, place)
        suggestions = (suggestion,) if suggestion else ()
        if reason := self._files.guarded(kind, place):
            if rule := self._files.excuse(kind, place):
                return Decision("allow", f"allowed by the rule {rule.text}", rule.text)
            return Decision("ask", reason, suggestions=suggestions)
        if rule := self._files.allowing(kind, place):
            return Decision("allow", f"allowed by the rule {rule.text}", rule.text)
        if writes and links > 1:
            reason = f"{name} is the same file as another, perhaps outside the workspace (a hard link)"
            return Decision("ask", reason, suggestions=suggestions)
        if not writes or self.mode in (Mode.AUTO_EDIT, Mode.AUTO):
            return Decision("allow", f"{name} lies in the workspace")
        return Decision("ask", f"it writes {name}", suggestions=suggestions)

    def decide_host(self, host: str, *, named: bool) -> Decision:
        """Judge a connection that a command wants to make through the sandbox's proxy; `named` says that the
        settings allow the host. No mode opens the network: without a rule it is asked for."""
        url = f"https://{f'[{host}]' if ':' in host else host}"
        for effect in ("deny", "ask"):
            for tool in (NETWORK, FETCH):
                if rule := self._matcher.host(effect, url, tool):
                    verb = "denies" if effect == "deny" else "asks for"
                    return Decision(effect, f"the rule {rule.text} {verb} {host}", rule.text)
        if named:
            return Decision("allow", "the settings allow it")
        if rule := self._matcher.host("allow", url, NETWORK):
            return Decision("allow", f"allowed by the rule {rule.text}", rule.text)
        if self.mode in (Mode.PLAN, Mode.YOLO):
            return Decision("deny", f"{host} is not among the allowed names")
        return Decision("ask", f"a command wants to connect to {host}", "", (f"Network(domain:{host})",))

    def decide_unconfined(self, confinement: str) -> Decision:
        """Judge whether a command that the sandbox has stopped may be made once more without it: never
        unasked, and in no mode in which nobody is asked."""
        if self.mode in (Mode.PLAN, Mode.YOLO):
            return Decision("deny", f"the sandbox stopped it: {confinement}")
        return Decision("ask", f"once more, outside of the sandbox, which stopped it: {confinement}")

    def _net(self, url: str) -> Decision:
        from qwen_code.permissions.rule_matching import host_of

        host = host_of(url)
        if rule := self._matcher.host("deny", url):
            return Decision("deny", f"the rule {rule.text} denies {host or url}", rule.text)
        if rule := self._matcher.host("ask", url):
            return Decision("ask", f"the rule {rule.text} asks for {host or url}", rule.text)
        if self.mode is Mode.YOLO:
            return Decision("allow", f"{self.mode} mode asks no questions")
        if rule := self._matcher.host("allow", url):
            return Decision("allow", f"allowed by the rule {rule.text}", rule.text)
        suggestions = (f"WebFetch(domain:{host})",) if host else ()
        return Decision("ask", f"it fetches from {host or url}", suggestions=suggestions)
