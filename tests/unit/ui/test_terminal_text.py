from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_code.ui.terminal_text import clipped, output_shown, shown, shown_line


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("\x1b[2J\x1b[H", "␛[2J␛[H"),
        ("\x9b31m", "<U+009B>31m"),
        ("a\x07b\x00c", "a␇b␀c"),
        ("del\x7f", "del␡"),
        ("user\u202etxt.exe", "user<U+202E>txt.exe"),
        ("zero\u200bwidth\ufeff", "zero<U+200B>width<U+FEFF>"),
        ("tag\U000e0041", "tag<U+E0041>"),
        ("lone \udc80 surrogate", "lone <U+DC80> surrogate"),
        ("soft\u00adhyphen", "soft<U+00AD>hyphen"),
        ("line\u2028separator", "line<U+2028>separator"),
        ("over\rwritten", "over␍written"),
    ],
)
def test_every_control_character_becomes_visible(text: str, seen: str) -> None:
    assert shown(text) == seen


@pytest.mark.parametrize("text", ["naïve café", "漢字かな", "עברית", "👩‍👩‍👧 and 🏳️‍🌈", "नमस्ते", "e\u0301"])
def test_text_of_any_language_and_emoji_stay_as_they_are(text: str) -> None:
    assert shown(text) == text


def test_a_joiner_that_joins_nothing_is_shown() -> None:
    assert shown("rm\u200d -rf") == "rm<U+200D> -rf"


def test_line_ends_of_windows_become_line_feeds_and_tabs_become_spaces() -> None:
    assert shown("a\r\n\tb") == "a\n    b"


def test_one_line_stays_one_line() -> None:
    assert shown_line("a\nb\r\nc") == "a␊b␊c"


def test_output_loses_its_colours_titles_and_links_without_a_trace() -> None:
    output = (
        "\x1b[1;31mFAILED\x1b[0m \x1b]0;my title\x07\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\ \x1b(Bok\x1b[K"
    )
    assert output_shown(output) == "FAILED link ok"


def test_output_shows_what_a_carriage_return_leaves_on_the_line() -> None:
    assert output_shown("10 %\r50 %\r100 %\ndone\r\n") == "100 %\ndone\n"


def test_letters_struck_twice_in_output_are_shown_once() -> None:
    assert output_shown("N\x08NA\x08AME \x08\x08") == "NAME"


def test_an_unfinished_sequence_in_output_is_shown_and_not_obeyed() -> None:
    assert output_shown("a\x1b]0;never ends") == "a␛]0;never ends"


def test_what_is_clipped_says_so() -> None:
    assert clipped("abcdef", 4) == "abc…"
    assert clipped("abcd", 4) == "abcd"


@given(st.text(alphabet=st.characters()))
def test_nothing_that_moves_a_cursor_or_hides_text_gets_through(text: str) -> None:
    for seen in (shown(text), output_shown(text)):
        for character in seen.replace("\n", "").replace("\u200d", ""):
            assert unicodedata.category(character) not in ("Cc", "Cs", "Zl", "Zp"), ascii(character)
            assert not re.match("[\u200e\u200f\u202a-\u202e\u2066-\u2069\u061c]", character), ascii(character)


@given(st.text())
def test_showing_twice_changes_nothing_more(text: str) -> None:
    assert shown(shown(text)) == shown(text)
