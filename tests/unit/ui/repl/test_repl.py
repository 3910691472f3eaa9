from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qwen_code.errors import ConfigurationError
from qwen_code.events import (
    AnswerEnded,
    Event,
    RequestStarted,
    TurnStarted,
)
from qwen_code.messages import Message, Usage
from qwen_code.settings.model import Settings
from tests.support.repl_app import FakeApp, Hang, Pause, says
from tests.support.repl_harness import (
    CTRL_D,
    ENTER,
    ESC,
    Driver,
    running_repl,
)
from tests.support.repl_stories import edit_turn, story, working


def test_a_prompt_is_answered(tmp_path: Path) -> None:
    async def tell(person: Driver, app: FakeApp) -> None:
        await person.type("hello", ENTER)
        await person.sees("Hello there.")
        await person.idle()
        assert "> hello\n\n  Hello there." in person.emulator.text()
        await person.type(CTRL_D)
        assert await person.left() == 0

    app = story(tmp_path, tell, says("Hello **there**.", 4))
    assert app.prompts == ["hello"]


def test_after_leaving_the_region_is_gone_and_the_text_stays(tmp_path: Path) -> None:
    async def tell(person: Driver, app: FakeApp) -> None:
        await person.type("hello", ENTER)
        await person.sees("Hello.")
        await person.idle()
        await person.type("half a dra", "\x15", CTRL_D)
        await person.left()
        assert person.emulator.lines()[-3:] == ["> hello", "", "  Hello."]

    story(tmp_path, tell, says("Hello."))


def test_the_first_prompt_of_the_command_line_is_sent(tmp_path: Path) -> None:
    async def tell(person: Driver, app: FakeApp) -> None:
        await person.sees("Hello.")

    assert story(tmp_path, tell, says("Hello."), first_prompt="from the shell").prompts == ["from the shell"]


def test_what_is_sent_while_the_application_opens_is_not_lost(tmp_path: Path) -> None:
    async def run() -> FakeApp:
        app = FakeApp(tmp_path, [says("Hello.")], opening=Pause(0.5))
        async with running_repl(app.open, tmp_path) as person:
            await person.sees("starting")
            await person.type("early", ENTER)
            await person.sees("» early  when the model is there")
            await person.sees("Hello.")
        return app

    assert asyncio.run(run()).prompts == ["early"]


def test_an_application_that_can_not_be_opened_ends_the_program_with_its_reason(tmp_path: Path) -> None:
    async def run() -> None:
        app = FakeApp(tmp_path, opening=Hang())
        async with running_repl(app.open, tmp_path) as person:
            await person.left()

    with pytest.raises(ConfigurationError, match="There is no model"):
        asyncio.run(run())


def test_one_can_leave_while_the_application_is_still_opening(tmp_path: Path) -> None:
    async def run() -> int:
        app = FakeApp(tmp_path, opening=Pause(30))
        async with running_repl(app.open, tmp_path) as person:
            await person.sees("starting")
            await person.type(CTRL_D)
            return await person.left()

    assert asyncio.run(run()) == 0


def test_a_defect_is_told_and_survived(tmp_path: Path) -> None:
    async def tell(person: Driver, app: FakeApp) -> None:
        def broken() -> None:
            raise IndexError("nothing there")

        asyncio.get_running_loop().call_soon(broken)
        await person.sees("✗ IndexError")
        await person.type("hello", ENTER)
        await person.sees("Nothing more")

    story(tmp_path, tell)


def test_a_defect_that_comes_back_with_every_frame_ends_the_program_in_order(tmp_path: Path) -> None:
    class Broken(FakeApp):
        def __getattribute__(self, name: str) -> Any:
            if name == "model_location" and self.prompts:
                raise ZeroDivisionError("no such place")
            return super().__getattribute__(name)

    async def run() -> str:
        app = Broken(tmp_path, [[RequestStarted(1), *[Pause(0.05)] * 200]])
        async with running_repl(app.open, tmp_path) as person:
            await person.sees("default")
            await person.type("go", ENTER)
            with pytest.raises(ZeroDivisionError):
                await person.left()
            person.code = asyncio.get_running_loop().create_future()
            person.code.set_result(1)
            return "".join(person.emulator.raw)

    raw = asyncio.run(run())
    assert raw.rfind("\x1b[?2004l") > raw.rfind("\x1b[?2004h")
    assert raw.rfind("\x1b[?25h") > raw.rfind("\x1b[?25l")


def test_a_session_that_goes_on_shows_its_end(tmp_path: Path) -> None:
    stored: dict[str, list[Event]] = {
        "20260101-000000-aaaa": [TurnStarted("earlier"), AnswerEnded(Message("assistant", "I did."), Usage())]
    }

    async def tell(person: Driver, app: FakeApp) -> None:
        await person.sees("> earlier\n\n  I did.")
        await person.sees("Session 20260101-000000-aaaa goes on.")

    story(tmp_path, tell, stored=stored, resume="latest")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_the_program_in_order(tmp_path: Path, number: signal.Signals, code: int) -> None:
    async def tell(person: Driver, app: FakeApp) -> None:
        await person.type("go", ENTER)
        await person.sees("Working on it")
        os.kill(os.getpid(), number)
        assert await person.left() == code

    story(tmp_path, tell, working())


def test_the_end_of_input_ends_the_program(tmp_path: Path) -> None:
    async def tell(person: Driver, app: FakeApp) -> None:
        person.close_input()
        assert await person.left() == 0

    story(tmp_path, tell)


def test_a_resize_storm_leaves_a_right_screen(tmp_path: Path) -> None:
    async def tell(person: Driver, app: FakeApp) -> None:
        await person.type("go", ENTER)
        await person.sees("Working on it")
        for columns, rows in [(1, 1), (20, 5), (200, 50), (60, 10)] * 10:
            person.resize(columns, rows)
            await asyncio.sleep(0.005)
        await person.type(ESC)
        await person.sees("Interrupted.")
        await person.idle()
        screen = "\n".join(person.emulator.screen())
        assert "default · qwen3-coder" in screen

    story(tmp_path, tell, working())


def test_for_a_screen_reader_only_finished_text_and_the_prompt_are_there(tmp_path: Path) -> None:
    settings = Settings()
    settings = replace(settings, ui=replace(settings.ui, screen_reader=True))

    async def tell() -> str:
        app = FakeApp(tmp_path, [edit_turn()], settings=settings)
        async with running_repl(app.open, tmp_path, settings=settings) as person:
            await person.type("edit", ENTER)
            await person.sees("[y]")
            await person.type("y")
            await person.sees("Finished.")
            await person.idle()
            assert "Working." in person.emulator.text()
            assert "done: Edit src/app.py" in person.emulator.text()
            return "".join(person.emulator.raw)

    raw = asyncio.run(tell())
    assert not set("●✗⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏━─│❯∴") & set(raw)
