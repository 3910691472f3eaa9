"""What may be read and written: rules about files, guarded files, and the workspace's border."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from qwen_code.permissions.guarded_paths import protected, secret
from qwen_code.permissions.places import Place, Places, is_device
from qwen_code.permissions.rule_matching import Matcher
from qwen_code.permissions.rules import READERS, WRITERS, Rule

FileAccess: TypeAlias = Literal["read", "look", "write"]
"""`look` shows that a file exists, its size and times; never content."""


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

    def _restricting(self, effect: Literal["deny", "ask"], access: FileAccess, place: Place, also_read: bool) -> Rule | None:
        rule = None
        if access == "write":
            rule = self.matcher.path(effect, WRITERS, place) or self.matcher.inside_of(effect, place)
        if rule is None and (access == "read" or also_read):
            rule = self.matcher.path(effect, READERS, place)
        return rule

    def guarded(self, access: FileAccess, place: Place) -> str:
        """Why this access needs a question in every mode but yolo; empty when it does not."""
        if is_device(place):
            return ""
        name = self.places.short(place.target)
        if place.target != place.resolved:
            name += f" (that is {self.places.short(place.resolved)})"
        if access == "write" and (reason := protected(place, self.places)):
            return f"{name} {reason}"
        if access != "look" and (reason := secret(place, self.places)):
            return f"{name} {reason}"
        if not self.places.is_inside(place):
            return f"{name} lies outside the workspace"
        return ""

    def excuse(self, access: FileAccess, place: Place) -> Rule | None:
        """The allow rule that names this very file, or its guarded or outside folder."""
        rule = self.allowing(access, place)
        if rule is not None and self.matcher.aims(rule, lambda aim: self.guarded(access, aim)):
            return rule
        return None

    def allowing(self, access: FileAccess, place: Place) -> Rule | None:
        """The allow rule that covers this access, whether or not the file is guarded."""
        if access == "write":
            return self.matcher.path("allow", WRITERS, place)
        return self.matcher.path("allow", frozenset({"read_file"}), place)

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
