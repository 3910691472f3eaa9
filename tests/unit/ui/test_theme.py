from __future__ import annotations

from qwen_code.ui.theme import theme_named


def test_auto_and_unknown_names_mean_the_terminal_s_own_colours() -> None:
    assert theme_named("auto", {}) == theme_named("sunset", {}) == "ansi"


def test_a_theme_is_chosen_by_name() -> None:
    assert theme_named("light", {}) == "light"


def test_no_color_wins_but_not_when_it_is_empty() -> None:
    assert theme_named("dark", {"NO_COLOR": "1"}) == "mono"
    assert theme_named("dark", {"NO_COLOR": ""}) == "dark"
