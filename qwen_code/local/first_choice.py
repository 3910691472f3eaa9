"""The local model to offer whoever has not chosen one: one that is here, else the one that suits."""

from __future__ import annotations

from dataclasses import dataclass

from qwen_code.local.catalog import Family, best, options
from qwen_code.local.fit import GIB
from qwen_code.local.hardware import Machine, detect
from qwen_code.local.library import ModelLibrary, described


@dataclass(frozen=True, slots=True)
class FirstChoice:
    """A model, as `-m` and `local.download.pull` take its name."""

    name: str
    file_bytes: int
    here: bool
    """It was downloaded already."""
    why: str
    """A clause for people."""

    def __str__(self) -> str:
        return f"{self.name} ({self.file_bytes / GIB:.1f} GiB; {self.why})"


def first_choice(
    library: ModelLibrary, machine: Machine | None = None, family: Family | None = None
) -> FirstChoice | None:
    """What to offer; None when nothing is here and nothing of the catalog fits this machine.

    Args:
        family: only a quant of this model.
    """
    if family is None and (here := max(described(library), key=lambda model: model[1], default=None)):
        return FirstChoice(*here, here=True, why="it is on this machine")
    machine = machine or detect()
    rows = [option for option in options(machine) if family in (None, option.family)]
    chosen = best(machine, rows)
    if chosen is None:
        return None
    option, why = chosen
    return FirstChoice(option.name, option.family.quants[option.quant], here=False, why=why)
