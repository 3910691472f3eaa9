"""Loaded tiny models for the tests of the embedded runtime, each loaded once a process."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from tests.support.tiny_models import Architecture, TinyModel

if TYPE_CHECKING:
    from qwen_code.local.context import ContextOptions
    from qwen_code.local.model import Model

ARCHITECTURES: tuple[Architecture, ...] = ("qwen3", "qwen3moe", "qwen3next")


@cache
def loaded(architecture: Architecture = "qwen3moe") -> Model:
    from qwen_code.local.model import Model

    return Model(TinyModel(architecture).build())


def small_context(window: int = 2048, *, sequences: int = 1, batch: int = 64) -> ContextOptions:
    """One thread: with two, a busy machine makes OpenMP's barriers a hundred times slower."""
    from qwen_code.local.context import ContextOptions

    return ContextOptions(window, threads=1, batch=batch, sequences=sequences)
