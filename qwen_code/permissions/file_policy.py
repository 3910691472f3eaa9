"""What may be read and written: rules about files, guarded files, and the workspace's border."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from qwen_code.permissions.guarded_paths import protected, secret
from qwen_code.permissions.places import Place, Places
from qwen_code.permissions.rule_matching import Matcher
from qwen_code.permissions.rules import LISTERS, READERS, WRITERS, Rule

FileAccess: TypeAlias = Literal["read", "look", "write"]
"""`look` shows that a file exists, its size and times; never content."""


_Guard: TypeAlias = Literal["protected", "secret", "outside"]


@dataclass(frozen=True, slots=True)
class FilePolicy:
    """Judges single paths."""

    matcher: Matcher
    places: Places

    def denying(self, access: FileAccess, place: Place, *, also_read: bool = False) -> Rule | None:
        """The deny rule that covers this access. `also_read` where a change shows the content, too."""
        return self._restricting("deny", access, place, also_read)

    def asking(self, access: FileAccess, place: Place, *, also_read: bool = False) -> Rule | None:
        """The ask rule that covers this access."""
        return self._restricting("ask", access, place, also_read)

    def _restricting(
        self, effect: Literal["deny", "ask"], access: FileAccess, place: Place, also_read: bool
    ) -> Rule | None:
        rule = None
        if access == "write":
            rule = self.matcher.restricting(effect, WRITERS, place) or self.matcher.inside_of(effect, place)
        if rule is None and (access == "read" or also_read):
            rule = self.matcher.restricting(effect, READERS, place)
        if rule is None and access == "look":
            rule = self.matcher.restricting(effect, LISTERS, place)
        return rule

    def guarded(self, access: FileAccess, place: Place) -> str:
        """Why this access needs a question in every mode but yolo; empty when it does not."""
        reasons = self._reasons(access, place)
        if not reasons:
            return ""
        name = self.places.short(place.target)
        if place.target != place.resolved:
            name += f" (that is {self.places.short(place.resolved)})"
        return f"{name} {next(iter(reasons.values()))}"

    def confined(self, access: FileAccess, place: Place) -> bool:
        """Does the sandbox see to it that this access does no harm? It hides secrets outside of the
        workspace, and gives commands a folder for temporary files of their own."""
        kinds = set(self._reasons(access, place))
        if access != "write":
            return kinds <= {"outside"}
        temporary = all(path.startswith(("/tmp/", "/var/tmp/")) for path in place.both)
        return not kinds or (kinds == {"outside"} and temporary)

    def _reasons(self, access: FileAccess, place: Place) -> dict[_Guard, str]:
        reasons: dict[_Guard, str] = {
            "protected": protected(place, self.places) if access == "write" else "",
            "secret": secret(place, self.places) if access != "look" else "",
            "outside": "" if self.places.is_inside(place) else "lies outside the workspace",
        }
        return {guard: reason for guard, reason in reasons.items() if reason}

    def excuse(self, access: FileAccess, place: Place) -> Rule | None:
        """The allow rule that names this very file, or the guarded or outside folder that it lies in."""
        guards = self._reasons(access, place)
        for rule in self._covering(access, place):
            if all(self._names(rule, access, guard) for guard in guards):
                return rule
        return None

    def _names(self, rule: Rule, access: FileAccess, guard: _Guard) -> bool:
        return self.matcher.aims(rule, lambda aim: self._reasons(access, aim).get(guard, ""))

    def allowing(self, access: FileAccess, place: Place) -> Rule | None:
        """The first allow rule that covers this access, whether or not the file is guarded."""
        return next(iter(self._covering(access, place)), None)

    def _covering(self, access: FileAccess, place: Place) -> list[Rule]:
        tools = WRITERS if access == "write" else frozenset({"read_file"})
        return self.matcher.allowing(tools, place) if self.matcher.rules.allow else []

    def rule_for(self, access: FileAccess, place: Place) -> str:
        """The narrowest rule that would allow this access; empty for a pattern."""
        if place.glob:
            return ""
        tool = "Edit" if access == "write" else "Read"
        return f"{tool}({path_text(self.places, place.target)})"


def path_text(places: Places, path: str) -> str:
    """A path as a rule writes it, wildcards in it made literal."""
    escaped = "".join("\\" + character if character in "*?[\\" else character for character in path)
    for root in places.roots:
        if path.startswith(root.rstrip("/") + "/"):
            return escaped[len("".join("\\" + c if c in "*?[\\" else c for c in root.rstrip("/"))) :]
    if path == places.home or path.startswith(places.home.rstrip("/") + "/"):
        return "~" + escaped[len(places.home.rstrip("/")) :]
    return "/" + escaped
