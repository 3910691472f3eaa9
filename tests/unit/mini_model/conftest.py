from __future__ import annotations

import sys
from collections.abc import Generator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[3] / "examples" / "mini_model"


@pytest.fixture(autouse=True)
def importable() -> Generator[None]:
    """The training project is no part of the package, so it is found by its folder."""
    sys.path.insert(0, str(PROJECT))
    yield
    sys.path.remove(str(PROJECT))
