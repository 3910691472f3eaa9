from __future__ import annotations

from pathlib import Path

import pytest

from qwen_code.local.gguf import GgufHeader, Scalar
from qwen_code.local.recommended import recommended_sampling
from qwen_code.local.sampling import Sampling


def _header(name: str, architecture: str = "qwen3moe", **more: Scalar) -> GgufHeader:
    given = {f"general.sampling.{key}": value for key, value in more.items()}
    metadata = {"general.architecture": architecture, "general.name": name, **given}
    return GgufHeader(Path(f"{name}.gguf"), metadata, (), 0, 0)


@pytest.mark.parametrize(
    ("name", "architecture", "expected"),
    [
        ("Qwen3-Coder-30B-A3B-Instruct", "qwen3moe", Sampling(0.7, 0.8, 20, 1.05)),
        ("Qwen3-Coder-Next", "qwen3next", Sampling(1.0, 0.95, 40, 1.0)),
        ("Qwen3-Next-80B-A3B-Thinking", "qwen3next", Sampling(0.6, 0.95, 20, 1.0)),
        ("Qwen3-30B-A3B-Thinking-2507", "qwen3moe", Sampling(0.6, 0.95, 20, 1.0)),
        ("Qwen3-4B-Instruct-2507", "qwen3", Sampling(0.7, 0.8, 20, 1.0)),
        ("Qwen2.5-Coder-7B-Instruct", "qwen2", Sampling(0.7, 0.8, 20, 1.05)),
    ],
)
def test_each_model_is_sampled_as_qwen_recommends(name: str, architecture: str, expected: Sampling) -> None:
    assert recommended_sampling(_header(name, architecture)) == expected


def test_a_files_own_recommendation_comes_first_where_it_makes_sense() -> None:
    header = _header("Qwen3-Coder", temp=0.25, top_p=0.5, top_k=7, penalty_repeat=1.2)
    assert recommended_sampling(header) == Sampling(0.25, 0.5, 7, 1.2)
    odd = _header("Qwen3-Coder", temp=-1.0, top_p=3.0, top_k=-5, penalty_repeat=0.0)
    assert recommended_sampling(odd) == Sampling(0.7, 0.8, 20, 1.05)
