from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_code.local import ffi
from qwen_code.local.context import Context, KvType
from qwen_code.local.fit import DRIVER_BYTES, GIB, RESERVE_BYTES, Wishes, plan
from qwen_code.local.gguf import read_header
from qwen_code.local.hardware import Gpu, Machine
from qwen_code.local.model import check
from qwen_code.local.shape import ModelShape, shape_of
from tests.support.tiny_models import Architecture, TinyModel, needs_llama_cpp
from tests.unit.local.models import ARCHITECTURES, loaded, small_context


def coder_30b(file_gib: float) -> ModelShape:
    """Qwen3-Coder-30B-A3B: 48 layers of 604.0 M expert weights, 30.532 B in all, 4 KV heads of 128."""
    return _shape("Qwen3-Coder-30B-A3B", file_gib, 30.532e9, 604.0e6, kv_numbers=48 * 4 * 256, state=0)


def coder_next(file_gib: float) -> ModelShape:
    """Qwen3-Coder-Next: 48 layers of 1610.6 M expert weights, 12 with attention of 2 KV heads of 256."""
    return _shape("Qwen3-Coder-Next", file_gib, 79.674e9, 1610.6e6, kv_numbers=12 * 2 * 512, state=79_036_416)


def _shape(
    name: str, file_gib: float, weights: float, experts: float, *, kv_numbers: int, state: int
) -> ModelShape:
    a_weight = file_gib * GIB / weights
    embedding = 151_936 * 2048 * a_weight
    layer = (file_gib * GIB - 48 * experts * a_weight - 2 * embedding) / 48
    return ModelShape(
        name=name,
        layers=48,
        expert_bytes=(int(experts * a_weight),) * 48,
        layer_bytes=(int(layer),) * 48,
        embedding_bytes=int(embedding),
        output_bytes=int(embedding),
        kv_numbers_per_token=kv_numbers,
        running_state_bytes=state,
        vocabulary=151_936,
        trained_context=262_144,
    )


DENSE = ModelShape("dense 8B", 36, (0,) * 36, (200 * 2**20,) * 36, GIB, GIB, 36 * 8 * 256, 0, 151_936, 40_960)


def machine(vram_gib: float = 0, ram_gib: float = 256, cards: int = 1, vendor: str = "nvidia") -> Machine:
    size = int(vram_gib * GIB)
    gpu = Gpu("card", vendor, size, size)  # pyright: ignore[reportArgumentType]
    return Machine((gpu,) * cards if size else (), int(ram_gib * GIB), int(ram_gib * GIB), 8)


PUBLISHED = [
    (coder_30b(12.86), 32_768, [(31, 8.0), (15, 3.9), (0, 0), (0, 0)]),
    (coder_30b(16.45), 32_768, [(35, 11.6), (23, 7.7), (11, 3.7), (0, 0)]),
    (coder_30b(16.45), 65_536, [(40, 13.2), (28, 9.3), (16, 5.4), (0, 0)]),
    (coder_30b(16.45), 131_072, [None, (38, 12.5), (26, 8.6), (1, 0.5)]),
    (coder_30b(17.28), 262_144, [None, None, (46, 15.9), (22, 7.7)]),
    (coder_30b(23.37), 65_536, [(43, 20.0), (35, 16.4), (26, 12.3), (9, 4.4)]),
    (coder_next(24.2), 65_536, [(38, 18.7), (30, 14.8), (22, 10.9), (5, 2.5)]),
    (coder_next(30.7), 65_536, [(41, 25.6), (34, 21.2), (28, 17.5), (15, 9.4)]),
    (coder_next(39.75), 65_536, [(43, 34.7), (38, 30.7), (33, 26.7), (23, 18.6)]),
    (coder_next(45.2), 131_072, [(45, 41.3), (40, 36.7), (36, 33.1), (27, 24.8)]),
]
"""Layers whose experts stay in main memory, and GiB there, on cards of 8, 12, 16 and 24 GiB with keys and
values in q8_0: what people with such cards found to work; None where the window does not fit at all."""


@pytest.mark.parametrize(
    ("shape", "window", "expected"), PUBLISHED, ids=lambda value: getattr(value, "name", None)
)
def test_the_plan_is_what_people_with_such_cards_found(
    shape: ModelShape, window: int, expected: list[tuple[int, float] | None]
) -> None:
    for vram, figures in zip((8, 12, 16, 24), expected, strict=True):
        chosen = plan(shape, machine(vram), Wishes(window=window, kv_type="q8_0"))
        if figures is None:
            assert chosen.gpu_layers == 0
            continue
        experts, ram = figures
        assert chosen.cpu_expert_layers == pytest.approx(experts, rel=0.1)
        assert chosen.ram_bytes / GIB == pytest.approx(ram, rel=0.1, abs=0.25)
        assert chosen.gpu_bytes <= (vram * GIB) - RESERVE_BYTES


@pytest.mark.parametrize(
    ("shape", "vram", "ram", "window"),
    [
        (coder_30b(12.86), 8, 13, 32_768),
        (coder_30b(16.45), 12, 28, 65_536),
        (coder_30b(16.45), 16, 28, 65_536),
        (coder_next(39.75), 16, 60, 131_072),
        (coder_30b(16.45), 24, 28, 131_072),
        (coder_next(45.2), 24, 60, 262_144),
    ],
)
def test_the_window_is_as_long_as_the_card_allows(
    shape: ModelShape, vram: int, ram: int, window: int
) -> None:
    chosen = plan(shape, machine(vram, ram))
    assert chosen.window == window
    assert chosen.verdict in ("gpu", "experts in memory")


def test_where_there_is_room_keys_and_values_are_not_quantised() -> None:
    assert plan(coder_30b(16.45), machine(80)).kv_type == "f16"
    assert plan(coder_30b(16.45), machine(80)).verdict == "gpu"
    assert plan(coder_30b(16.45), machine(12)).kv_type == "q8_0"


def test_what_the_user_decided_is_not_planned_over() -> None:
    wishes = Wishes(window=20_000, kv_type="q4_0", gpu_layers=-1, cpu_expert_layers=48, batch=256)
    chosen = plan(coder_30b(16.45), machine(24), wishes)
    assert (chosen.window, chosen.kv_type, chosen.gpu_layers, chosen.cpu_expert_layers, chosen.batch) == (
        20_000,
        "q4_0",
        -1,
        48,
        256,
    )
    assert plan(coder_30b(16.45), machine(24), Wishes(gpu_layers=0)).verdict == "cpu"
    assert plan(DENSE, machine(24), Wishes(gpu_layers=10)).gpu_layers == 10


def test_a_dense_model_too_large_for_the_card_keeps_its_last_layers_there() -> None:
    chosen = plan(DENSE, machine(6))
    assert chosen.verdict == "layers in memory"
    assert 0 < chosen.gpu_layers < 36
    assert chosen.window >= 16_384
    assert plan(DENSE, machine(24)).gpu_layers == -1


def test_in_unified_memory_nothing_is_moved_to_where_it_already_is() -> None:
    chosen = plan(coder_30b(16.45), machine(24, 36, vendor="apple"))
    assert (chosen.verdict, chosen.cpu_expert_layers, chosen.gpu_layers) == ("gpu", 0, -1)


def test_two_cards_hold_more_than_one_and_each_pays_for_its_driver() -> None:
    one, two = plan(coder_30b(30.25), machine(24)), plan(coder_30b(30.25), machine(24, cards=2))
    assert two.cpu_expert_layers < one.cpu_expert_layers
    both = plan(coder_30b(12.86), machine(24, cards=2), Wishes(window=32_768))
    single = plan(coder_30b(12.86), machine(48), Wishes(window=32_768))
    assert both.gpu_bytes - single.gpu_bytes > DRIVER_BYTES


def test_a_processor_alone_runs_what_its_memory_holds() -> None:
    chosen = plan(coder_30b(16.45), machine(0, 32))
    assert (chosen.verdict, chosen.gpu_layers) == ("cpu", 0)
    assert chosen.window <= 32_768
    small = plan(coder_30b(16.45), machine(0, 16))
    assert small.verdict == "too large"
    assert "more than is free" in small.reason


def test_a_card_without_main_memory_for_the_experts_is_not_enough() -> None:
    chosen = plan(coder_next(45.2), machine(12, 16))
    assert chosen.verdict == "too large"
    assert chosen.ram_bytes > 30 * GIB


def test_a_plan_never_exceeds_what_the_model_was_trained_for() -> None:
    assert plan(DENSE, machine(80)).window <= DENSE.trained_context


@given(
    vram=st.floats(0, 96),
    ram=st.floats(4, 256),
    size=st.floats(5, 60),
    sparse=st.booleans(),
    window=st.none() | st.integers(1024, 262_144),
    kv_type=st.sampled_from([None, "f16", "q8_0", "q4_0"]),
)
def test_every_plan_fits_into_the_memory_that_there_is(
    vram: float, ram: float, size: float, sparse: bool, window: int | None, kv_type: KvType | None
) -> None:
    shape = coder_30b(size) if sparse else replace(DENSE, layer_bytes=(int(size * GIB / 36),) * 36)
    here = machine(vram, ram)
    chosen = plan(shape, here, Wishes(window=window, kv_type=kv_type))
    assert chosen.reason
    assert 0 <= chosen.cpu_expert_layers <= shape.layers
    assert chosen.gpu_bytes <= here.gpu_free_bytes
    assert chosen.verdict == "too large" or chosen.ram_bytes <= here.available_bytes
    assert window is None or chosen.window == window


@needs_llama_cpp
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_sizes_are_those_that_llama_cpp_allocates(architecture: Architecture) -> None:
    path = TinyModel(architecture).build()
    shape = shape_of(read_header(path))
    assert shape.weight_bytes == sum(tensor.bytes for tensor in check(path).tensors)
    assert shape.layers == 4
    context = Context(loaded(architecture), small_context(8192, sequences=2))
    said = "\n".join(ffi.log.recent[-200:])
    context.decode([5], 0, 0)
    state = len(context.running_state(0)) if architecture == "qwen3next" else 0
    context.close()
    kv = shape.kv_bytes(8192, "f16") / 2**20
    assert f"CPU KV buffer size = {kv:8.2f} MiB" in said
    assert 0 <= state - shape.running_state_bytes < 200


@needs_llama_cpp
def test_experts_and_the_rest_of_a_layer_are_counted_apart() -> None:
    shape = shape_of(read_header(TinyModel("qwen3moe").build()))
    assert set(shape.expert_bytes) == {3 * 8 * 64 * 128 * 2}
    assert shape.sparse
    assert not shape_of(read_header(TinyModel("qwen3").build())).sparse
