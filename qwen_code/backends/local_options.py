"""How an embedded model is run: what the user set, and for the rest what fits the model and the machine."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

from qwen_code.errors import ConfigurationError
from qwen_code.local import ffi
from qwen_code.local.context import ContextOptions, KvType
from qwen_code.local.fit import Wishes, plan
from qwen_code.local.gguf import GgufHeader
from qwen_code.local.hardware import Machine, detect
from qwen_code.local.model import Placement
from qwen_code.local.runtime import RuntimeOptions, Saving
from qwen_code.local.shape import shape_of
from qwen_code.settings.locations import Locations, find_home
from qwen_code.settings.model import LocalSettings, Settings

_SEQUENCES, _HYBRID_SEQUENCES = 4, 2
"""Conversations held side by side: the main one, and side jobs. A hybrid model pays for each."""
_TINY = 64 * 2**20
"""Bytes of weights below which a model is run otherwise, because most of its time goes to something else.

By one thread: those of llama.cpp wait for one another several times a layer, so with little to compute a
second gains nothing, and beside another busy program a token takes fifty times as long. And without flash
attention, with which a processor takes 1.5 times as long for a token at 2,500, and 2.6 times for sixty.
"""


def runtime_options(
    files: Sequence[GgufHeader], settings: Settings, machine: Machine | None = None
) -> tuple[RuntimeOptions, list[str]]:
    """What the user set, and what suits the model and the machine for the rest; and what to tell the user.

    Raises:
        ConfigurationError: the machine has not enough memory for this model.
    """
    local, notices = settings.local, list[str]()
    shape, machine = shape_of(*files), machine or detect()
    if machine.gpus and not ffi.gpu_offload_supported():
        notices.append(
            f"{machine.gpus[0].name} is not used: the installed llama-cpp-python was built for the processor "
            "only. docs/guides/local-models.md says how to build it for the graphics card."
        )
        machine = replace(machine, gpus=())
    sequences = _HYBRID_SEQUENCES if shape.running_state_bytes else _SEQUENCES
    wishes = Wishes(
        window=settings.model.context_window,
        kv_type=cast("KvType | None", local.kv_type or None),
        gpu_layers=local.gpu_layers,
        cpu_expert_layers=local.cpu_expert_layers,
        batch=local.batch,
        sequences=sequences,
    )
    chosen = plan(shape, machine, wishes)
    if chosen.verdict == "too large":
        if chosen.ram_bytes > machine.ram_bytes:
            raise ConfigurationError(
                f"{shape.name} is too large for this machine. {chosen.reason} Choose a smaller quant or a "
                "smaller context window."
            )
        notices.append(f"{shape.name} may be slow here: {chosen.reason}")
    is_tiny = shape.weight_bytes < _TINY
    context = ContextOptions(
        chosen.window,
        threads=local.threads or (1 if is_tiny else machine.cores),
        batch=chosen.batch,
        kv_type=chosen.kv_type,
        flash=not is_tiny,
        sequences=sequences,
        yarn_from=shape.trained_context if local.yarn and chosen.window > shape.trained_context else 0,
    )
    placement = Placement(chosen.gpu_layers, chosen.cpu_expert_layers)
    return RuntimeOptions(context, placement, grammar=local.grammar, saving=_saving(local)), notices


def _saving(local: LocalSettings) -> Saving | None:
    if not local.save_state:
        return None
    locations = Locations.of(cwd=Path.cwd(), home=find_home(os.environ), environ=os.environ)
    return Saving(locations.kept_states, limit_bytes=int(local.state_limit_gb * 10**9))
