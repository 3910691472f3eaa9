"""Says of each rule that can't be understood where it stands, and what follows from that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from qwen_code.errors import UsageError
from qwen_code.permissions.rules import RuleSet

if TYPE_CHECKING:
    from qwen_code.permissions.rules import Effect
    from qwen_code.settings.loaded import Assignment

_EFFECTS: tuple[Effect, ...] = ("allow", "ask", "deny")


def rule_problems(items: Mapping[str, Sequence[Assignment]]) -> Iterator[str]:
    """A sentence for each faulty rule in the lists of the settings, `items` being those by field.

    Raises:
        UsageError: it stands on the command line, where whoever wrote it is there to correct it.
    """
    for effect in _EFFECTS:
        for assignment in items.get(f"permissions.{effect}", ()):
            for problem in RuleSet.parse(**{effect: assignment.texts}).problems:
                text = f"the rule `{problem.text}` is not understood: {problem.message}."
                if assignment.origin.layer == "flag":
                    raise UsageError(text[0].upper() + text[1:])
                follows = "allows nothing" if effect == "allow" else "makes everything be asked about"
                yield f"{assignment.origin}: {text} Until it is corrected it {follows}."
