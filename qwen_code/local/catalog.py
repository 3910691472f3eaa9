"""The models that are known by name: their sizes in each quant, and which of them suits a machine.

Sizes are those of the files on Hugging Face, some to three digits; once a file is there its own tensor table
is exact. Geometry is from each model's `config.json`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from qwen_code.local.fit import GIB, Plan, Wishes, plan
from qwen_code.local.hardware import Machine
from qwen_code.local.shape import ModelShape

_LARGE_MODEL_GPU, _LARGE_MODEL_RAM = 15 * GIB, 48 * GIB
"""From here on Qwen3-Coder-Next is fast enough with its experts in main memory."""
_ALWAYS_GOOD = ("UD-Q4_K_XL", "Q4_K_M", "IQ4_XS", "UD-Q3_K_XL", "UD-IQ3_XXS", "Q2_K_L", "UD-IQ2_XXS")
"""Quants from the one that loses nothing noticeable down to the one that barely works."""
_ONLY_ON_GPU = ("Q8_0", "Q6_K", "Q5_K_M")
"""Better still, but not at the price of experts in main memory."""
_GOOD_WINDOW, _USABLE_WINDOW = 65_536, 32_768


@dataclass(frozen=True, slots=True)
class Family:
    """One model in all its quants."""

    name: str
    title: str
    aliases: tuple[str, ...]
    repository: str
    """On Hugging Face, and under the same name on ModelScope."""
    quants: dict[str, int]
    """Quant -> bytes of its file or files."""
    geometry: dict[str, Any]

    def shape(self, quant: str) -> ModelShape:
        """The sizes of its parts, each weight being as large as the average."""
        size, g = self.quants[quant], self.geometry
        a_weight = size / g["weights"]
        layers = g["layers"]
        embedding = int(g["embedding_weights"] * a_weight)
        experts = int(g["expert_weights_per_layer"] * a_weight)
        layer = (size - layers * experts - 2 * embedding) // layers
        return ModelShape(
            name=f"{self.title} {quant}",
            layers=layers,
            expert_bytes=(experts,) * layers,
            layer_bytes=(layer,) * layers,
            embedding_bytes=embedding,
            output_bytes=embedding,
            kv_numbers_per_token=g["kv_numbers_per_token"],
            running_state_bytes=g["running_state_bytes"],
            vocabulary=g["vocabulary"],
            trained_context=g["context"],
        )


@dataclass(frozen=True, slots=True)
class Option:
    """One quant of one model on one machine."""

    family: Family
    quant: str
    plan: Plan

    @property
    def name(self) -> str:
        """As it is given to `-m` and `models pull`."""
        return f"{self.family.name}:{self.quant}"


@cache
def families() -> tuple[Family, ...]:
    """All models of the catalog."""
    text = (files("qwen_code.local") / "catalog.json").read_text("utf-8")
    known = ("name", "title", "aliases", "repository", "quants")
    return tuple(
        Family(
            name=entry["name"],
            title=entry["title"],
            aliases=tuple(entry["aliases"]),
            repository=entry["repository"],
            quants=dict(entry["quants"]),
            geometry={key: value for key, value in entry.items() if key not in known},
        )
        for entry in json.loads(text)
    )


def find(name: str) -> tuple[Family, str] | None:
    """The model meant by `NAME` or `NAME:QUANT`, and the quant, empty when none was named."""
    wanted = name.strip().lower()
    for family in families():
        for known in (family.name, *family.aliases):
            if wanted == known:
                return family, ""
            for quant in family.quants:
                if wanted == f"{known}:{quant}".lower():
                    return family, quant
    return None


def options(machine: Machine, wishes: Wishes | None = None) -> list[Option]:
    """Every quant of every model with its plan, small ones first."""
    return [
        Option(family, quant, plan(family.shape(quant), machine, wishes))
        for family in families()
        for quant in sorted(family.quants, key=lambda quant: family.quants[quant])
    ]


def best(machine: Machine, choices: Sequence[Option] | None = None) -> tuple[Option, str] | None:
    """What to use on `machine`, and why in one sentence; None when nothing fits."""
    usable = [o for o in choices or options(machine) if o.plan.verdict != "too large"]
    by_name = {(option.family.name, option.quant): option for option in usable}
    large = machine.gpu_free_bytes >= _LARGE_MODEL_GPU and machine.ram_bytes >= _LARGE_MODEL_RAM
    for family in sorted(families(), key=lambda family: -family.geometry["weights"]):
        here = {
            quant: by_name[family.name, quant] for quant in family.quants if (family.name, quant) in by_name
        }
        if chosen := next((here[q] for q in _ONLY_ON_GPU if q in here and _is_whole(here[q])), None):
            return chosen, "the best quant that fits the graphics card whole, with a long window"
        is_large = family is not families()[0]
        if is_large and not large:
            if chosen := next((here[q] for q in _ALWAYS_GOOD[:3] if q in here and _is_whole(here[q])), None):
                return chosen, "the larger model, and it fits the graphics card whole"
            continue
        good = [here[quant] for quant in _ALWAYS_GOOD if quant in here]
        chosen = next((option for option in good if option.plan.window >= _USABLE_WINDOW), None)
        if chosen := chosen or next(iter(good), None):
            if is_large and chosen.quant not in _ALWAYS_GOOD[:3]:
                continue  # a smaller model with all its bits beats a larger one that lost half of them
            return chosen, _why(chosen, machine)
    return None


def _is_whole(option: Option) -> bool:
    return option.plan.verdict == "gpu" and option.plan.window >= _GOOD_WINDOW


def _why(option: Option, machine: Machine) -> str:
    if option.quant in _ALWAYS_GOOD[:2]:
        reason = "loses nothing noticeable against the full weights"
    else:
        reason = "the largest quant for which there is memory"
    return reason if machine.gpus else f"{reason}; without a graphics card, expect a few tokens a second"
