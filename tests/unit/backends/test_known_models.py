from __future__ import annotations

import pytest

from qwen_code.backends.known_models import known_window, needs_its_reasoning


@pytest.mark.parametrize(
    ("model", "window"),
    [
        ("qwen3-coder-plus", 1_000_000),
        ("qwen3-coder-plus-2025-09-23", 1_000_000),
        ("qwen/qwen3-coder:free", 262_144),
        ("Qwen/Qwen3-Coder-480B-A35B-Instruct-FP8", 262_144),
        ("Qwen/Qwen3-Coder-Next", 262_144),
        ("Qwen/Qwen3-30B-A3B-Instruct-2507", 262_144),
        ("Qwen/Qwen3-8B", 32_768),
        ("somebody/else", None),
    ],
)
def test_a_hosted_models_window_is_known_by_the_beginning_of_its_name(model: str, window: int | None) -> None:
    assert known_window(model) == window


def test_only_models_that_demand_it_get_their_reasoning_back() -> None:
    assert needs_its_reasoning("deepseek/deepseek-v4-pro") == "reasoning_content"
    assert needs_its_reasoning("moonshotai/Kimi-K2-Thinking") == "reasoning_content"
    assert needs_its_reasoning("Qwen/Qwen3-Next-80B-A3B-Thinking") == ""
