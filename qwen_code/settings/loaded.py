"""What loading settings gives: the values, where each came from, and what to tell the person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, cast

from qwen_code.settings.key import Key
from qwen_code.settings.model import Settings
from qwen_code.settings.origin import Origin


class Assignment(NamedTuple):
    """One setting given in one place; `value` has the type and unit of its field."""

    key: Key
    value: object
    origin: Origin

    @property
    def texts(self) -> tuple[str, ...]:
        """The items of a list that is joined over the layers."""
        return cast("tuple[str, ...]", self.value if self.key.join else ())


class UnknownKey(NamedTuple):
    """A name that this program does not know."""

    path: str
    origin: Origin
    suggestion: str = ""
    """The setting that was perhaps meant."""
    foreign: bool = False
    """True for a setting of Qwen Code that has no meaning here."""


class ModelEntry(NamedTuple):
    """One of `modelProviders.*[]`: a model and where it is served."""

    id: str
    protocol: str
    name: str
    base_url: str
    env_key: str
    """Name of the variable that holds the key."""
    assignments: tuple[Assignment, ...]
    """Its own `generationConfig`."""
    origin: Origin


@dataclass(frozen=True, slots=True)
class LoadedSettings:
    """The settings of one run and all that is known about them."""

    settings: Settings
    origins: Mapping[str, Origin]
    """By field, e.g. `model.base_url`. Fields that are not here have their default."""
    items: Mapping[str, tuple[Assignment, ...]]
    """For lists that are joined over the layers: who added what, weakest first."""
    unknown: tuple[UnknownKey, ...]
    problems: tuple[str, ...]
    """Sentences about what was given and is not obeyed; nothing that stops the run."""
    models: tuple[ModelEntry, ...]
    """The models that the person's files offer, strongest file first."""
    variables: Mapping[str, str]
    """The environment, with the person's own `.env` files and `env` sections below it: where providers look
    for their keys. Nothing in it comes from a project."""
