"""The bundled model and small packages that it has to repair."""

from __future__ import annotations

from pathlib import Path

import pytest

from qwen_code.local.bundled import can_run

needs_mini = pytest.mark.skipif(
    not can_run(), reason="the bundled model or llama-cpp-python is not here: pip install -e '.[dev,local]'"
)

PRICES = {
    "prices.py": (
        "def total_price(price, quantity):\n"
        '    """Return the price of quantity pieces."""\n'
        "    return price + quantity\n"
    ),
    "tests/test_prices.py": (
        "from prices import total_price\n\n\ndef test_total_price():\n    assert total_price(3, 5) == 15\n"
    ),
}
"""One wrong operator."""

ENDINGS = {
    "endings.py": (
        '"""Count unregister and sure."""\n\n\n'
        "def finishes_with(name, suffix):\n"
        '    """Return True if name ends with suffix."""\n'
        "    return name[len(suffix):] == suffix\n"
    ),
    "test_endings.py": (
        "from endings import finishes_with\n\n\n"
        "def test_finishes_with_works():\n    assert finishes_with('hello', 'lo') == True\n\n\n"
        "def test_finishes_with_2():\n    assert finishes_with('world', 'ld') is True\n\n\n"
        "def test_leles_bill():\n    assert not finishes_with('hello', 'he')\n"
    ),
}
"""A missing sign, which is seldom the first thing that the model tries."""


def package(directory: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return directory
