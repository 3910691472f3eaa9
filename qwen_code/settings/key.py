"""What a setting is: its names, what it may be, and what a project may do with it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from qwen_code.settings.values import Kind


class Reach(Enum):
    """What a project's own files may do with a setting."""

    NONE = "never"
    """The endpoint, the key and what guards them never come from a repository."""
    TRUSTED = "when trusted"
    NARROWING = "always"
    """It can only forbid, so it counts even where the project is not trusted."""


@dataclass(frozen=True, slots=True)
class Key:
    """One setting."""

    path: str
    """Its name in files and flags, e.g. `model.baseUrl`."""
    field: str
    """Where it goes in `Settings`, e.g. `model.base_url`."""
    kind: Kind
    text: str
    """One line for people."""
    reach: Reach = Reach.TRUSTED
    variables: tuple[str, ...] = ()
    """Further variables, strongest first."""
    join: bool = False
    """True when the layers' lists are joined instead of replacing each other."""
    expand: bool = False
    """True when `$NAME` in the user's files stands for a variable. Not in commands, rules and prompts,
    where it means what the shell or the model makes of it."""
    secret: bool = False
    project_refuses: tuple[object, ...] = ()
    """Values that not even a trusted project may set; in text, a colon stands for every text with one."""

    def refused_to_project(self, value: object) -> bool:
        """Whether `value`, as the field has it, is one that a project's files can't set."""
        named = isinstance(value, str) and ":" in value and ":" in self.project_refuses
        return named or value in self.project_refuses

    @property
    def variable(self) -> str:
        words = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", self.path)
        return "QWEN_CODE_" + words.replace(".", "_").upper()
