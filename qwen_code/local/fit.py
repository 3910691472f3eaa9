"""Plans how a model runs on a machine: which layers and experts where, how long a window, in which encoding.

The estimate of graphics memory is
    weights on the card + keys and values + running states + computation + driver + reserve
with computation = vocabulary x batch x 4 + window x batch x 2 bytes + 50 MiB, checked against llama.cpp's own
figures. The engine asks for one row of logits instead of a batch of them, so the first term is in truth
spare room; it is left in as a margin for a desktop that grows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from qwen_code.local.context import KvType
from qwen_code.local.hardware import Machine
from qwen_code.local.shape import ModelShape

GIB = 2**30

DRIVER_BYTES = int(0.45 * GIB)
"""What the driver takes for its own on each card."""
RESERVE_BYTES = int(0.6 * GIB)
"""Left free on each card."""
RAM_RESERVE_BYTES = 2 * GIB
"""Left to everything else in main memory."""
BATCH = 512
_OTHER_COMPUTATION = 50 * 2**20
_SHORTEST_WINDOW = 8192
_WORKABLE_WINDOW = 16_384
_LONGEST_WINDOW = 131_072
_LONGEST_CPU_WINDOW = 32_768
"""A processor takes minutes to read so much."""
_LONG_SHARE, _LONGEST_SHARE = 0.30, 0.15
"""A window is long enough when keys and values take this share of the memory; beyond `_LONGEST_WINDOW` tokens
only if they take the smaller one."""

Verdict: TypeAlias = Literal["gpu", "experts in memory", "layers in memory", "cpu", "too large"]


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the user has decided; None leaves it to the plan."""

    window: int | None = None
    kv_type: KvType | None = None
    gpu_layers: int | None = None
    cpu_expert_layers: int | None = None
    batch: int | None = None
    sequences: int = 1
    """Conversations that are held side by side; each has a running state of its own."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How to run a model, and what it costs."""

    verdict: Verdict
    window: int
    kv_type: KvType
    gpu_layers: int
    """-1 for all."""
    cpu_expert_layers: int
    batch: int
    gpu_bytes: int
    ram_bytes: int
    reason: str
    """One sentence for people."""


def plan(shape: ModelShape, machine: Machine, wishes: Wishes | None = None) -> Plan:
    """The best way to run a model of `shape` on `machine`.

    The window is the longest whose keys and values take a fair share of the memory, up to what the model was
    trained for; then as much of the model as fits goes onto the card, experts last.
    """
    wishes = wishes or Wishes()
    on_gpu = machine.gpu_free_bytes > 0 and wishes.gpu_layers != 0
    kv_types: tuple[KvType, ...] = (wishes.kv_type,) if wishes.kv_type else ("f16", "q8_0")
    best: Plan | None = None
    for kv_type in kv_types:
        candidate = (_on_gpu if on_gpu else _on_cpu)(shape, machine, wishes, kv_type)
        if best is None or _is_better(candidate, best):
            best = candidate
    assert best is not None
    return best


def _is_better(new: Plan, old: Plan) -> bool:
    """Smaller keys and values are worth it only for a longer window or for more of the model on the card."""
    if (new.verdict == "too large") != (old.verdict == "too large"):
        return old.verdict == "too large"
    if new.window != old.window:
        return new.window > old.window
    return (new.cpu_expert_layers, -new.gpu_layers) < (old.cpu_expert_layers, -old.gpu_layers)


def gpu_bytes(shape: ModelShape, window: int, kv_type: KvType, batch: int, sequences: int, cards: int) -> int:
    """Graphics memory that a model needs besides its layers."""
    computation = shape.vocabulary * batch * 4 + window * batch * 2 + _OTHER_COMPUTATION
    state = shape.kv_bytes(window, kv_type) + shape.running_state_bytes * sequences
    return shape.output_bytes + state + cards * (computation + DRIVER_BYTES)


def _window(shape: ModelShape, wishes: Wishes, memory: int, kv_type: KvType) -> int:
    if wishes.window is not None:
        return wishes.window
    trained = shape.trained_context or _LONGEST_WINDOW
    window = _SHORTEST_WINDOW
    while window * 2 <= trained:
        share = _LONG_SHARE if window * 2 <= _LONGEST_WINDOW else _LONGEST_SHARE
        if shape.kv_bytes(window * 2, kv_type) > share * memory:
            break
        window *= 2
    return min(window, trained)


def _on_gpu(shape: ModelShape, machine: Machine, wishes: Wishes, kv_type: KvType) -> Plan:
    cards = len(machine.gpus)
    memory = machine.gpu_free_bytes - cards * RESERVE_BYTES
    window = _window(shape, wishes, machine.gpu_free_bytes, kv_type)
    batch = wishes.batch or BATCH
    fixed = gpu_bytes(shape, window, kv_type, batch, wishes.sequences, cards)
    base = Plan("gpu", window, kv_type, -1, 0, batch, 0, 0, "")
    if wishes.gpu_layers not in (None, -1):
        return _with_layers(shape, machine, base, fixed, min(wishes.gpu_layers, shape.layers))
    room = memory - fixed - sum(shape.layer_bytes)
    experts = _experts_off(shape, room) if wishes.cpu_expert_layers is None else wishes.cpu_expert_layers
    if room >= 0 and experts <= shape.layers and not (machine.unified and experts):
        return _with_experts(shape, machine, base, fixed, experts)
    if (
        wishes.window is None and window > _WORKABLE_WINDOW
    ):  # layers on the card are worth more than a long window
        return _on_gpu(shape, machine, replace(wishes, window=window // 2), kv_type)
    layers = 0
    while layers < shape.layers and _layers_bytes(shape, layers + 1) <= memory - fixed:
        layers += 1
    return _with_layers(shape, machine, base, fixed, layers)


def _experts_off(shape: ModelShape, room: int) -> int:
    """How many layers' experts, from the first on, must stay in main memory; more than all if even that
    does not help."""
    if room < 0:
        return shape.layers + 1
    on_card = sum(shape.expert_bytes)
    for layers in range(shape.layers + 1):
        if on_card <= room:
            return layers
        on_card -= shape.expert_bytes[layers] if layers < shape.layers else 0
    return shape.layers + 1


def _layers_bytes(shape: ModelShape, layers: int) -> int:
    """The last `layers` layers, experts included: llama.cpp puts the last ones onto the card first."""
    start = shape.layers - layers
    return sum(shape.layer_bytes[start:]) + sum(shape.expert_bytes[start:])


def _with_experts(shape: ModelShape, machine: Machine, base: Plan, fixed: int, experts: int) -> Plan:
    in_memory = sum(shape.expert_bytes[:experts])
    on_card = fixed + sum(shape.layer_bytes) + sum(shape.expert_bytes[experts:])
    ram = in_memory + shape.embedding_bytes
    plan = replace(base, cpu_expert_layers=experts, gpu_bytes=on_card, ram_bytes=ram)
    if not experts:
        return replace(plan, reason=f"All of it fits {_cards(machine)}: {_gib(on_card)}.")
    reason = (
        f"The experts of {experts} of {shape.layers} layers stay in main memory ({_gib(in_memory)}); "
        f"the rest takes {_gib(on_card)} {_cards(machine)}."
    )
    return _checked(replace(plan, verdict="experts in memory", reason=reason), machine)


def _with_layers(shape: ModelShape, machine: Machine, base: Plan, fixed: int, layers: int) -> Plan:
    on_card = fixed + _layers_bytes(shape, layers) if layers else 0
    ram = shape.weight_bytes - _layers_bytes(shape, layers) - (shape.output_bytes if layers else 0)
    if not layers:
        return _on_cpu(shape, machine, Wishes(base.window, base.kv_type, 0, batch=base.batch), base.kv_type)
    if layers == shape.layers:
        layers = -1
    reason = f"{_gib(on_card)} of it fit {_cards(machine)}; {_gib(ram)} stay in main memory."
    verdict: Verdict = "gpu" if layers == -1 else "layers in memory"
    plan = replace(base, verdict=verdict, gpu_layers=layers, gpu_bytes=on_card, ram_bytes=ram, reason=reason)
    return _checked(plan, machine)


def _on_cpu(shape: ModelShape, machine: Machine, wishes: Wishes, kv_type: KvType) -> Plan:
    free = machine.available_bytes - RAM_RESERVE_BYTES - shape.weight_bytes - _OTHER_COMPUTATION
    window = _window(shape, wishes, machine.available_bytes, kv_type)
    if wishes.window is None:
        window = min(window, _LONGEST_CPU_WINDOW)
        while window > _SHORTEST_WINDOW and shape.kv_bytes(window, kv_type) > free:
            window //= 2
    batch = wishes.batch or BATCH
    state = shape.kv_bytes(window, kv_type) + shape.running_state_bytes * wishes.sequences
    ram = shape.weight_bytes + state + window * batch * 2 + _OTHER_COMPUTATION
    reason = f"It runs on the processor ({machine.cores} cores) and takes {_gib(ram)} of main memory."
    return _checked(Plan("cpu", window, kv_type, 0, 0, batch, 0, ram, reason), machine)


def _checked(plan: Plan, machine: Machine) -> Plan:
    """The plan, or that it is too large for main memory."""
    available = machine.available_bytes - RAM_RESERVE_BYTES
    if plan.ram_bytes <= available:
        return plan
    missing = plan.ram_bytes - available
    reason = (
        f"It needs {_gib(plan.ram_bytes)} of main memory beside the system, "
        f"{_gib(missing)} more than is free."
    )
    return replace(plan, verdict="too large", reason=reason)


def _cards(machine: Machine) -> str:
    if machine.unified:
        return "into unified memory"
    return "on the graphics card" if len(machine.gpus) == 1 else f"on {len(machine.gpus)} graphics cards"


def _gib(size: int) -> str:
    return f"{size / GIB:.1f} GiB"
