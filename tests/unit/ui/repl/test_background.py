from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest
from prompt_toolkit.input.vt100_parser import Vt100Parser

from qwen_code.ui.painter import Painter
from qwen_code.ui.repl.background import QUESTION, Background, BackgroundListener, told_background
from qwen_code.ui.repl.looks import Looks
from tests.support.repl_app import FakeApp, says
from tests.support.repl_harness import ENTER, Driver
from tests.support.repl_stories import story

MANY_COLOURS = {"TERM": "xterm-256color"}


@dataclass
class Keyboard:
    """An input of prompt-toolkit's shape that keeps what its parser is fed."""

    fed: str = ""
    vt100_parser: Keyboard = field(init=False)

    def __post_init__(self) -> None:
        self.vt100_parser = self
        self.feed = self._take
        self.flush = self.reset = lambda: None

    def _take(self, text: str) -> None:
        self.fed += text


@pytest.mark.parametrize(
    ("answer", "background"),
    [
        ("\x1b]11;rgb:0000/0000/0000\x1b\\", "dark"),
        ("\x1b]11;rgb:ffff/ffff/ffff\x07", "light"),
        ("\x1b]11;rgb:fd/f6/e3\x07", "light"),
        ("\x1b]11;rgba:1e1e/1e1e/2828/ffff\x07", "dark"),
    ],
)
@pytest.mark.parametrize("pieces", [1, 2, 9])
def test_the_answer_is_taken_out_of_what_is_typed(answer: str, background: str, pieces: int) -> None:
    keyboard, told = Keyboard(), list[Background]()
    BackgroundListener(keyboard, told.append)
    size = -(-(len(answer) - 2) // pieces)
    rest = answer[2:]  # the first two arrive together: a lone Esc is a key
    parts = [rest[at : at + size] for at in range(0, len(rest), size)]
    for part in ["a", answer[:2] + parts[0], *parts[1:], "b"]:
        keyboard.feed(part)
    assert told == [background]
    assert keyboard.fed == "ab"


@dataclass
class Terminal:
    """The real parser of keys, and the keys that came out of it."""

    keys: list[str] = field(default_factory=list[str])
    vt100_parser: Vt100Parser = field(init=False)

    def __post_init__(self) -> None:
        self.vt100_parser = Vt100Parser(lambda press: self.keys.append(press.data))


def test_an_answer_that_is_split_after_its_first_character_is_no_key() -> None:
    terminal, told = Terminal(), list[Background]()
    BackgroundListener(terminal, told.append)
    for part in ("a\x1b", "]11;rgb:0000/0000/00", "00\x1b\\b"):
        terminal.vt100_parser.feed(part)
    terminal.vt100_parser.flush()
    assert told == ["dark"]
    assert terminal.keys == ["a", "b"]


def test_a_paste_with_an_escape_at_the_end_of_a_read_stays_one_paste() -> None:
    terminal = Terminal()
    BackgroundListener(terminal, lambda background: None)
    for part in ("\x1b[200~rm -rf\x1b", "]x\r", "y\x1b[201~", "\x1b", "]11;rgb:ff/ff/ff\x07"):
        terminal.vt100_parser.feed(part)
    assert terminal.keys == ["rm -rf\x1b]x\ry"]


def test_an_escape_that_was_a_key_stays_one_whatever_is_typed_then() -> None:
    terminal = Terminal()
    BackgroundListener(terminal, lambda background: None)
    terminal.vt100_parser.feed("\x1b")
    terminal.vt100_parser.flush()
    terminal.vt100_parser.feed("]")
    assert terminal.keys == ["\x1b", "]"]


@pytest.mark.parametrize("typed", ["\x1b", "\x1b[A", "\x1b\r", "]11;", "\x1b]0;title\x07x"])
def test_other_keys_pass_at_once(typed: str) -> None:
    keyboard = Keyboard()
    BackgroundListener(keyboard, lambda background: None)
    keyboard.feed(typed)
    assert keyboard.fed == typed


@pytest.mark.parametrize(
    ("variable", "background"),
    [("15;0", "dark"), ("0;15", "light"), ("0;default;7", "light"), ("7;8", "dark"), ("", None), ("x", None)],
)
def test_what_the_environment_says(variable: str, background: str | None) -> None:
    assert told_background({"COLORFGBG": variable}) == background


def asked(theme: str, environ: dict[str, str], start: str = "ansi") -> tuple[str, str]:
    """The theme, and what the terminal was asked."""
    painter, sent = Painter(60, start, environ=environ), list[str]()
    Looks(painter, theme, lambda: None, environ=environ).ask(Keyboard(), sent.append)
    return painter.theme, "".join(sent)


def test_the_terminal_is_asked_only_where_that_matters_and_is_understood() -> None:
    assert asked("auto", MANY_COLOURS) == ("ansi", QUESTION)
    assert asked("auto", {**MANY_COLOURS, "COLORFGBG": "0;15"}) == ("light", "")
    assert asked("dark", MANY_COLOURS)[1] == ""
    assert asked("auto", {"TERM": "xterm"})[1] == ""
    assert asked("auto", {"TERM": "screen-256color"})[1] == ""
    assert asked("auto", {"TERM": "screen-256color", "TMUX": "/tmp/x"})[1] == QUESTION
    assert asked("auto", MANY_COLOURS, "mono") == ("mono", "")


def test_a_late_answer_in_the_middle_of_a_sentence_types_nothing(tmp_path: Path) -> None:
    told: list[Background] = []

    async def tell(person: Driver, app: FakeApp) -> None:
        BackgroundListener(person.input, told.append)
        await person.type("hel", "\x1b]11;rgb:ffff/ffff/ffff\x1b\\", "lo", ENTER)
        await person.sees("> hello")

    story(tmp_path, tell, says("Hi."))
    assert told == ["light"]


def test_auto_takes_the_theme_that_suits_the_answer() -> None:
    painter, keyboard, changes = Painter(60, environ=MANY_COLOURS), Keyboard(), list[str]()
    looks = Looks(painter, "auto", lambda: changes.append(painter.theme), environ=MANY_COLOURS)
    looks.ask(keyboard, lambda sequence: None)
    keyboard.feed("\x1b]11;rgb:0000/0000/0000\x07")
    assert changes == ["dark"]
    looks.show("light")
    keyboard.feed("\x1b]11;rgb:0000/0000/0000\x07")
    assert painter.theme == "light"


def test_leaving_waits_only_for_an_answer_that_may_still_come() -> None:
    now = 0.0
    painter, keyboard = Painter(60, environ=MANY_COLOURS), Keyboard()
    looks = Looks(painter, "auto", lambda: None, environ=MANY_COLOURS, clock=lambda: now)
    assert not looks.awaits_answer
    looks.ask(keyboard, lambda sequence: None)
    assert looks.awaits_answer
    now = 5.0
    assert not looks.awaits_answer
    now = 0.1
    keyboard.feed("\x1b]11;rgb:0000/0000/0000\x07")
    assert not looks.awaits_answer
