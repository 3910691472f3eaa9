"""Where a value came from, and which source is stronger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Layer: TypeAlias = Literal[
    "default", "system-defaults", "user", "project", "system", "env-file", "environment", "flag"
]

_RANK: dict[Layer, int] = {
    "default": 0,
    "system-defaults": 1,
    "user": 2,
    "project": 3,
    "system": 4,
    "env-file": 5,
    "environment": 6,
    "flag": 7,
}

OWN_PROCESS = 5
"""Ranks from here on belong to this process and no longer to a settings file."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The place of one value; `str()` is what a person can open or grep for."""

    layer: Layer
    place: str = ""
    """A file's path, or the name of a variable."""
    line: int = 0
    """Counted from 1; 0 where there is none."""

    @property
    def rank(self) -> int:
        """Stronger sources have higher ranks."""
        return _RANK[self.layer]

    def __str__(self) -> str:
        match self.layer:
            case "default":
                return "default"
            case "flag":
                return "command line"
            case "environment":
                return f"environment variable {self.place}"
            case _:
                return f"{self.place}:{self.line}" if self.line else self.place


DEFAULT = Origin("default")
FLAG = Origin("flag")
