"""What a command's arguments say: its effects, and the places that these lead to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from qwen_code.permissions.file_effects import Effects, effects_of
from qwen_code.permissions.file_policy import FileAccess
from qwen_code.permissions.places import NOWHERE, Place, Places
from qwen_code.permissions.shell_fields import Field
from qwen_code.permissions.shell_parts import Part

WRITING = frozenset({">", ">>", ">|", ">&", "&>", "&>>", "<>"})
"""Redirections that change their target."""
READING = frozenset({"<", "<>"})


@dataclass(frozen=True, slots=True)
class CommandFacts:
    """Leads arguments to places of one workspace."""

    places: Places

    def effects(self, part: Part) -> Effects:
        """What running this part would do to files."""
        if not part.fields:
            return Effects()
        if not part.name:
            return Effects(touches=part.fields[1:], refusal="its name is only known when it runs")
        return effects_of(part.fields, alone=part.need != "none" and not part.runs)

    def accesses(
        self, part: Part, effects: Effects, *, redirects: bool = True
    ) -> Iterator[tuple[FileAccess, Field, Place | None]]:
        """Every file that a part is known to touch; the place is None when it is only known when it runs."""
        groups: list[tuple[FileAccess, Sequence[Field]]] = [
            ("read", effects.reads), ("look", effects.looks), ("write", effects.writes),
        ]  # fmt: skip
        for operator, targets in part.redirects if redirects else ():
            if operator in READING:
                groups.append(("read", targets))
            if operator in WRITING:
                groups.append(("write", targets))
        for access, fields in groups:
            for field in fields:
                for place in self.places_of(part, field):
                    yield access, field, place

    def places_of(self, part: Part, field: Field) -> Iterator[Place | None]:
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
