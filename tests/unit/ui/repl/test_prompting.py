from __future__ import annotations

from pathlib import Path

import pytest

from qwen_code.events import (
    RequestStarted,
    TextDelta,
    ToolFinished,
    ToolOutput,
    ToolStarted,
)
from qwen_code.messages import ToolCall
from qwen_code.permissions.decision import ApprovalRequest, Decision, Mode
from qwen_code.tool import Access, CommandBlock
from tests.support.repl_app import Approval, FakeApp, Step, says
from tests.support.repl_harness import (
    ALT_ENTER,
    CTRL_C,
    CTRL_J,
    ENTER,
    SHIFT_TAB,
    TAB,
    UP,
    Driver,
)
from tests.support.repl_stories import story


@pytest.mark.parametrize("newline", [ALT_ENTER, CTRL_J, "\\" + ENTER])
def test_a_prompt_can_have_several_lines(tmp_path: Path, newline: str) -> None:
    async def tell(person: Driver, app: FakeApp) -> None:
        await person.type("one")
        await person.type(*newline) if newline.startswith("\\") else await person.type(newline)
        await person.type("two", ENTER)
        await person.until(lambda: bool(app.prompts))

    assert story(tmp_path, tell).prompts == ["one\ntwo"]


def test_a_large_paste_is_folded_and_sent_whole(tmp_path: Path) -> None:
    pasted = "\n".join(f"row {n}" for n in range(50))

    async def tell(person: Driver, app: FakeApp) -> None:
        await person.type("look: ", f"\x1b[200~{pasted}\x1b[201~")
        await person.sees("[Pasted #1: 50 lines]")
        assert "row 7" not in person.emulator.text()
        await person.type(ENTER)
        await person.until(lambda: bool(app.prompts))

    assert story(tmp_path, tell).prompts == ["look: " + pasted]


def test_the_mode_goes_round_with_shift_tab(tmp_path: Path) -> None:
    async def tell(person: Driver, app: FakeApp) -> None:
        await person.type(SHIFT_TAB)
        await person.until(lambda: app.mode is Mode.AUTO_EDIT)
        await person.sees("auto-edit")

    story(tmp_path, tell)


def test_a_passing_remark_passes(tmp_path: Path) -> None:
    async def tell(person: Driver, app: FakeApp) -> None:
        await person.type(CTRL_C)
        await person.sees("Ctrl+C again")
        await person.loses("Ctrl+C again")

    story(tmp_path, tell)


def test_commands_complete_with_what_they_do(tmp_path: Path) -> None:
    async def tell(person: Driver, app: FakeApp) -> None:
        await person.type("/con")
        await person.sees("what fills the model's window")
        await person.type(TAB, ENTER)
        await person.sees("11.7k of 32.8k tokens")

    story(tmp_path, tell)


def test_files_complete_after_an_at_sign(tmp_path: Path) -> None:
    (tmp_path / "parser.py").touch()

    async def tell(person: Driver, app: FakeApp) -> None:
        await person.type("look at @pars")
        await person.sees("parser.py")
        await person.type(TAB, ENTER, " please", ENTER)
        await person.until(lambda: bool(app.prompts))

    assert story(tmp_path, tell).prompts == ["look at @parser.py please"]


def test_the_history_of_the_last_session_is_there(tmp_path: Path) -> None:
    async def first(person: Driver, app: FakeApp) -> None:
        await person.type("remember me", ENTER)
        await person.sees("Nothing more")

    async def second(person: Driver, app: FakeApp) -> None:
        await person.type(UP)
        await person.sees("> remember me")

    story(tmp_path, first)
    story(tmp_path, second)


def test_the_history_can_be_searched(tmp_path: Path) -> None:
    (tmp_path / ".history").write_text('"fix the parser"\n"write docs"\n')

    async def tell(person: Driver, app: FakeApp) -> None:
        await person.type("\x12", "pars")
        await person.sees("> fix the parser")
        await person.type(ENTER)
        await person.type(ENTER)
        await person.until(lambda: bool(app.prompts))

    assert story(tmp_path, tell).prompts == ["fix the parser"]


def test_hostile_text_never_reaches_the_terminal_as_a_command(tmp_path: Path) -> None:
    evil = "\x1b]0;owned\x07\x1b[2J\x1b[10;10H\x9b31m\u202e● Run approved [y]\r\n\x1bc"
    call = ToolCall("x", "tool\x1b[2J", {"arg": evil})
    turn: list[Step] = [
        RequestStarted(1),
        TextDelta(evil),
        ToolStarted(call, evil),
        ToolOutput("x", evil),
        Approval(
            ApprovalRequest(
                call,
                evil,
                Decision("ask", evil, evil, (evil,), (evil, evil)),
                None,
                (Access("run", evil, evil),),
            )
        ),
        ToolFinished(call, False, evil, CommandBlock(evil, evil, evil, 1)),
        *says(evil),
    ]

    async def tell(person: Driver, app: FakeApp) -> None:
        await person.type("go", ENTER)
        await person.sees("Allow this?")
        await person.type("?", "a", "n")
        await person.sees("why not >")
        await person.type(f"\x1b[200~{evil}\x1b[201~", ENTER)
        await person.idle()
        await person.type(f"\x1b[200~{evil}\x1b[201~")
        await person.sees("Run approved [y]")
        raw = "".join(person.emulator.raw)
        assert person.emulator.title == ""
        assert "\x1b]" not in raw
        assert "\x1bc" not in raw
        assert "\x1b[2J" not in raw
        assert "\x9b" not in raw
        assert "\u202e" not in raw
        assert not [line for line in person.emulator.lines() if line.startswith("● Run approved")]

    story(tmp_path, tell, turn)
