from __future__ import annotations

import pytest

from qwen_code.ui.quantities import duration, tokens


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (59.9, "59 s"), (65, "1 min 05 s"), (3720, "1 h 02 min"), (-1, "0 s")],
)
def test_durations_read_well(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("count", "words"), [(950, "950"), (1000, "1k"), (12_345, "12.3k"), (262_144, "262k")]
)
def test_token_counts_read_well(count: int, words: str) -> None:
    assert tokens(count) == words
