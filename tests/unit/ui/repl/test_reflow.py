from __future__ import annotations

import pytest

from qwen_code.ui.repl.reflow import extra_rows, reflows


@pytest.mark.parametrize(
    ("widths", "columns", "extra"),
    [([], 10, 0), ([10, 5, 0], 10, 0), ([11], 10, 1), ([30, 25, 10], 10, 4), ([5], 0, 0)],
)
def test_rows_wider_than_the_window_take_more_of_them(widths: list[int], columns: int, extra: int) -> None:
    assert extra_rows(widths, columns) == extra


def test_only_terminals_known_to_wrap_old_rows_count() -> None:
    assert reflows({"TMUX": "/tmp/x"})
    assert reflows({"TERM_PROGRAM": "WezTerm"})
    assert not reflows({"TERM": "xterm-256color"})
    assert not reflows({"TERM_PROGRAM": "unknown"})
