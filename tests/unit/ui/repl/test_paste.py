from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from qwen_code.ui.repl.paste import FOLDED_CHARACTERS, FOLDED_LINES, Pastes


def test_a_small_paste_is_itself() -> None:
    assert Pastes().folded("a\r\nb\rc") == "a\nb\nc"


def test_large_pastes_stand_as_placeholders_and_come_back() -> None:
    pastes = Pastes()
    lines, line = "x\n" * (FOLDED_LINES + 1), "y" * (FOLDED_CHARACTERS + 1)
    first, second = pastes.folded(lines), pastes.folded(line)
    assert (first, second) == ("[Pasted #1: 12 lines]", "[Pasted #2: 1001 characters]")
    assert pastes.unfolded(f"before {first} and {second} after") == f"before {lines} and {line} after"


def test_a_placeholder_that_nobody_pasted_stays() -> None:
    assert Pastes().unfolded("[Pasted #7: 12 lines]") == "[Pasted #7: 12 lines]"


@given(st.text())
def test_folding_and_unfolding_lose_nothing(text: str) -> None:
    pastes = Pastes()
    expected = text.replace("\r\n", "\n").replace("\r", "\n")
    if "[Pasted #" not in text:
        assert pastes.unfolded(pastes.folded(text)) == expected
