"""The small model that comes with the package: a demonstration, so that everything can be tried offline.

`examples/mini_model` makes it; `mini/MODEL_CARD.md` beside the file says what it can do and how often.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

NAME = "mini"
"""What `-m` calls it; also the name of its prompt profile, the only one that it understands."""
BUNDLED_SHELL_TIMEOUT_S = 6.0
"""Seconds that a command of the bundled model may take."""
_FILE = Path(__file__).with_name("mini") / "mini.gguf"


def bundled_model() -> Path | None:
    """The model's file; None in a build without it."""
    return _FILE if _FILE.is_file() else None


def can_run() -> bool:
    """Whether it is here and llama.cpp to run it is installed; loads nothing."""
    return bundled_model() is not None and find_spec("llama_cpp") is not None


def is_bundled(name: str) -> bool:
    """Whether `name`, as `-m` takes it, means the bundled model."""
    return name.strip().lower() == NAME
