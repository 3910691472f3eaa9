from __future__ import annotations

from pathlib import Path

from qwen_code.settings.model import UiSettings
from qwen_code.ui.repl.attention import LONG_TURN_S, Attention


def sent(*, bell: bool = False, title: bool = False, name: str = "project") -> list[str]:
    out: list[str] = []
    attention = Attention(UiSettings(bell=bell, title=title), Path("/home/me") / name, out.append)
    attention.opened()
    attention.working()
    attention.asking()
    attention.idle(LONG_TURN_S)
    attention.idle(1.0)
    attention.closed()
    return out


def test_nothing_is_sent_unless_somebody_wants_it() -> None:
    assert sent() == []


def test_the_title_says_whether_it_works_and_the_old_one_comes_back() -> None:
    assert sent(title=True) == [
        "\x1b[22;2t",
        "\x1b]2;project - qwen-code\x07",
        "\x1b]2;… project - qwen-code\x07",
        "\x1b]2;? project - qwen-code\x07",
        "\x1b]2;project - qwen-code\x07",
        "\x1b]2;project - qwen-code\x07",
        "\x1b[23;2t",
    ]


def test_the_bell_rings_for_a_question_and_the_end_of_a_long_turn() -> None:
    assert sent(bell=True) == [
        "\x07\x1b]9;qwen-code, project: a question\x07",
        "\x07\x1b]9;qwen-code, project: done\x07",
    ]


def test_a_folder_s_name_can_not_end_the_sequence() -> None:
    assert all(text.count("\x07") == 1 for text in sent(title=True, name="a\x07\x1b]0;b") if "]2;" in text)
