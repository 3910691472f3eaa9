from __future__ import annotations

import pytest

from qwen_code.local.catalog import best, families, find, options
from qwen_code.local.fit import GIB
from qwen_code.local.hardware import Gpu, Machine


def machine(vram: int, ram: int) -> Machine:
    """With nine tenths of its main memory free, as after a start."""
    gpus = (Gpu("card", "nvidia", vram * GIB, vram * GIB),) if vram else ()
    return Machine(gpus, ram * GIB, int(ram * 0.9 * GIB), 8)


@pytest.mark.parametrize(
    ("vram", "ram", "name", "window"),
    [
        (6, 32, "qwen3-coder-30b:UD-Q4_K_XL", 32_768),
        (8, 13, "qwen3-coder-30b:UD-Q3_K_XL", 32_768),
        (12, 32, "qwen3-coder-30b:UD-Q4_K_XL", 65_536),
        (16, 32, "qwen3-coder-30b:UD-Q4_K_XL", 65_536),
        (16, 64, "qwen3-coder-next:UD-Q4_K_XL", 131_072),
        (24, 32, "qwen3-coder-30b:UD-Q4_K_XL", 131_072),
        (24, 64, "qwen3-coder-next:UD-Q4_K_XL", 262_144),
        (40, 32, "qwen3-coder-30b:Q8_0", 131_072),
        (48, 32, "qwen3-coder-next:IQ4_XS", 262_144),
        (80, 32, "qwen3-coder-next:UD-Q4_K_XL", 262_144),
        (0, 32, "qwen3-coder-30b:UD-Q4_K_XL", 32_768),
    ],
)
def test_the_choice_suits_the_machine(vram: int, ram: int, name: str, window: int) -> None:
    chosen = best(machine(vram, ram))
    assert chosen is not None
    assert (chosen[0].name, chosen[0].plan.window) == (name, window)
    assert chosen[1]


def test_where_nothing_fits_nothing_is_chosen() -> None:
    assert best(machine(0, 8)) is None


def test_a_processor_alone_is_warned_about() -> None:
    chosen = best(machine(0, 32))
    assert chosen is not None
    assert "a few tokens a second" in chosen[1]


@pytest.mark.parametrize(
    ("name", "family", "quant"),
    [
        ("qwen3-coder-30b", "qwen3-coder-30b", ""),
        ("Qwen3-Coder:30B", "qwen3-coder-30b", ""),
        ("qwen3-coder-30b:ud-q4_k_xl", "qwen3-coder-30b", "UD-Q4_K_XL"),
        (" qwen3-coder-next:Q8_0 ", "qwen3-coder-next", "Q8_0"),
    ],
)
def test_names_are_found_in_any_case(name: str, family: str, quant: str) -> None:
    found = find(name)
    assert found is not None
    assert (found[0].name, found[1]) == (family, quant)


@pytest.mark.parametrize("name", ["", "gpt-4", "qwen3-coder-30b:Q9", "qwen3-coder-30b/UD-Q4_K_XL"])
def test_other_names_are_not(name: str) -> None:
    assert find(name) is None


def test_every_quant_has_sizes_that_add_up() -> None:
    for option in options(machine(24, 64)):
        shape = option.family.shape(option.quant)
        size = option.family.quants[option.quant]
        assert abs(shape.weight_bytes - size) < size / 1000
        assert shape.sparse
        assert find(option.name) == (option.family, option.quant)
    assert len({family.repository for family in families()}) == 2
