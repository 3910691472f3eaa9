from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qwen_code.errors import ConfigurationError
from qwen_code.events import (
    AnswerEnded,
    ApprovalNeeded,
    CallDrafted,
    Event,
    PrefillProgressed,
    RequestStarted,
    Retried,
    TextDelta,
    ToolFinished,
    ToolOutput,
    ToolStarted,
    TurnStarted,
)
from qwen_code.messages import Message, ToolCall, Usage
from qwen_code.permissions.decision import Answer, ApprovalRequest, Decision, Mode
from qwen_code.settings.model import Settings
from qwen_code.tool import Access, CommandBlock, DiffBlock, Question
from tests.support.repl_app import Approval, Asking, FakeApp, Hang, Pause, Step, says
from tests.support.repl_harness import (
    ALT_ENTER,
    CTRL_C,
    CTRL_D,
    CTRL_J,
    CTRL_O,
    CTRL_Q,
    ENTER,
    ESC,
    SHIFT_TAB,
    TAB,
    UP,
    Driver,
    running_repl,
)

EDIT = ToolCall("e1", "edit", {"file_path": "src/app.py"})
DIFF = DiffBlock("src/app.py", "@@ -1,2 +1,2 @@\n-a = 1\n+a = 2\n b\n", 1, 1)
REQUEST = ApprovalRequest(
    EDIT,
    "src/app.py",
    Decision("ask", "it writes a file", suggestions=("Edit(src/**)",)),
    DIFF,
    (Access("write", "/p/src/app.py"),),
)


def edit_turn() -> list[Step]:
    """The model wants to edit; then it says what became of it."""
    calls = AnswerEnded(Message("assistant", "", tool_calls=(EDIT,)), Usage())

    def after(answer: Answer) -> list[Event]:
        return [ToolFinished(EDIT, answer.kind != "no", "", DIFF if answer.kind != "no" else None)]

    return [
        RequestStarted(1),
        calls,
        ToolStarted(EDIT, "src/app.py"),
        ApprovalNeeded("e1", ""),
        Approval(REQUEST, after),
        *says("Finished."),
    ]


def working() -> list[Step]:
    return [RequestStarted(1), TextDelta("Working on it"), Hang()]


def story(
    root: Path, tell: Callable[[Driver, FakeApp], Awaitable[None]], *turns: list[Step], **more: Any
) -> FakeApp:
    fields = {name: more.pop(name) for name in ("stored", "opening", "confines") if name in more}
    app_settings = more.get("settings", Settings())

    async def run() -> FakeApp:
        app = FakeApp(root, list(turns), settings=app_settings, **fields)
        async with running_repl(app.open, root, **more) as person:
            await person.sees("default")
            await tell(person, app)
        assert app.closed
        return app

    return asyncio.run(run())


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


def test_an_approval_shows_the_diff_and_y_lets_it_run(tmp_path: Path) -> None:
    async def tell(person: Driver, app: FakeApp) -> None:
        await person.type("edit", ENTER)
        await person.sees("Allow this?")
        assert "    1 - a = 1\n    1 + a = 2\n    2   b" in person.emulator.text()
        await person.type("y")
        await person.sees("Finished.")
        assert "Allow this?" not in "\n".join(person.emulator.screen())

    assert story(tmp_path, tell, edit_turn()).answers == [Answer("once")]


def test_a_refusal_takes_a_sentence_for_the_model(tmp_path: Path) -> None:
    async def tell(person: Driver, app: FakeApp) -> None:
        await person.type("edit", ENTER)
        await person.sees("Allow this?")
        await person.type("n")
        await person.sees("why not >")
        await person.type("use a constant", ENTER)
        await person.sees("Finished.")

    assert story(tmp_path, tell, edit_turn()).answers == [Answer("no", note="use a constant")]


def test_always_shows_the_rule_that_it_saves(tmp_path: Path) -> None:
    async def tell(person: Driver, app: FakeApp) -> None:
        await person.type("edit", ENTER)
        await person.sees("Allow this?")
        await person.type("a")
        await person.sees("rule > Edit(src/**)")
        await person.type(ENTER)
        await person.sees("Allowed without asking from now on: Edit(src/**)")

    assert story(tmp_path, tell, edit_turn()).answers == [Answer("always", rules=("Edit(src/**)",))]


def test_escape_at_a_question_refuses_and_stops_the_turn(tmp_path: Path) -> None:
    async def tell(person: Driver, app: FakeApp) -> None:
        await person.type("edit", ENTER)
        await person.sees("Allow this?")
        await person.type(ESC)
        await person.sees("Interrupted.")
        assert "Finished" not in person.emulator.text()

    story(tmp_path, tell, edit_turn())


def test_a_draft_survives_a_question(tmp_path: Path) -> None:
    async def tell(person: Driver, app: FakeApp) -> None:
        await person.type("edit", ENTER)
        await person.sees("Preparing edit")
        await person.type("my next thought")
        await person.sees("Allow this?")
        assert "my next thought" not in "\n".join(person.emulator.screen())
        await asyncio.sleep(1.1)
        await person.type("y")
        await person.sees("Finished.")
        await person.sees("> my next thought")

    turn = edit_turn()
    story(tmp_path, tell, [turn[0], CallDrafted("edit"), Pause(0.6), *turn[1:]])


def test_a_paste_is_no_answer_to_a_question(tmp_path: Path) -> None:
    async def tell(person: Driver, app: FakeApp) -> None:
        await person.type("edit", ENTER)
        await person.sees("Allow this?")
        await person.type("\x1b[200~y\x1b[201~")
        assert app.answers == []
        await person.type("n", ENTER)
        await person.sees("Finished.")

    assert story(tmp_path, tell, edit_turn()).answers == [Answer("no")]


@pytest.mark.parametrize("key", [ESC, CTRL_C])
def test_escape_and_ctrl_c_stop_a_turn_and_keep_what_was_done(tmp_path: Path, key: str) -> None:
    async def tell(person: Driver, app: FakeApp) -> None:
        await person.type("go", ENTER)
        await person.sees("Working on it")
        await person.type(key)
        await person.sees("Interrupted. What was done is kept.")
        await person.idle()
        assert person.emulator.text().count("Interrupted. What was done is kept.") == 1
        assert "  Working on it" in person.emulator.text()
        await person.type("again", ENTER)
        await person.sees("Second.")

    assert story(tmp_path, tell, working(), says("Second.")).prompts == ["go", "again"]


def test_ctrl_c_twice_leaves_from_anywhere(tmp_path: Path) -> None:
    async def tell(person: Driver, app: FakeApp) -> None:
        await person.type("go", ENTER)
        await person.sees("Working on it")
        await person.type(CTRL_C, CTRL_C)
        assert await person.left() == 0

    story(tmp_path, tell, working())


def test_ctrl_c_clears_a_draft_before_it_leaves(tmp_path: Path) -> None:
    async def tell(person: Driver, app: FakeApp) -> None:
        await person.type("half a thought", CTRL_C)
        await person.loses("half a thought")
        await person.type(CTRL_C)
        await person.sees("Ctrl+C again")
        await person.type(CTRL_C)
        assert await person.left() == 0

    story(tmp_path, tell)


def test_ctrl_d_does_not_leave_a_running_turn(tmp_path: Path) -> None:
    async def tell(person: Driver, app: FakeApp) -> None:
        await person.type("go", ENTER)
        await person.sees("Working on it")
        await person.type(CTRL_D)
        await person.sees("A turn is running")

    story(tmp_path, tell, working())


def test_text_typed_while_it_works_waits_and_becomes_the_next_prompt(tmp_path: Path) -> None:
    async def tell(person: Driver, app: FakeApp) -> None:
        await person.type("go", ENTER)
        await person.sees("First part")
        await person.type("and then this", ENTER)
        await person.sees("» and then this  at the next step")
        await person.sees("Second.")

    turn: list[Step] = [RequestStarted(1), TextDelta("First part"), Pause(0.7), *says("done.")[1:]]
    assert story(tmp_path, tell, turn, says("Second.")).prompts == ["go", "and then this"]


def test_text_typed_while_it_works_is_said_at_the_next_step(tmp_path: Path) -> None:
    async def tell(person: Driver, app: FakeApp) -> None:
        await person.type("go", ENTER)
        await person.sees("First part")
        await person.type("be quick", ENTER)
        await person.sees("Finished.")
        assert "\n» be quick" in person.emulator.text()

    calls = AnswerEnded(Message("assistant", "", tool_calls=(EDIT,)), Usage())
    done = ToolFinished(EDIT, True, "", DIFF)
    turn: list[Step] = [
        RequestStarted(1),
        TextDelta("First part"),
        Pause(0.6),
        calls,
        done,
        *says("Finished."),
    ]
    assert story(tmp_path, tell, turn).prompts == ["go"]


def test_up_takes_back_what_waits(tmp_path: Path) -> None:
    async def tell(person: Driver, app: FakeApp) -> None:
        await person.type("go", ENTER)
        await person.sees("Working on it")
        await person.type("first try", ENTER)
        await person.sees("» first try")
        await person.type(UP)
        await person.sees("> first try")
        await person.type(" improved", CTRL_Q)
        await person.sees("» first try improved  after this turn")

    story(tmp_path, tell, working())


def test_what_waits_when_a_turn_is_interrupted_comes_back_into_the_prompt(tmp_path: Path) -> None:
    async def tell(person: Driver, app: FakeApp) -> None:
        await person.type("go", ENTER)
        await person.sees("Working on it")
        await person.type("next", ENTER)
        await person.sees("» next")
        await person.type(ESC)
        await person.sees("> next")

    assert story(tmp_path, tell, working()).prompts == ["go"]


RUN_CALL = ToolCall("r1", "run_shell_command", {"command": "make"})
RUN_REQUEST = ApprovalRequest(
    RUN_CALL, "make", Decision("ask", "it runs"), CommandBlock("make", "/p"), (Access("run", "make", "/p"),)
)


@pytest.mark.parametrize("confines", [True, False])
def test_the_mode_auto_is_offered_once_where_a_sandbox_confines(tmp_path: Path, confines: bool) -> None:
    async def tell(person: Driver, app: FakeApp) -> None:
        for _ in range(2):
            await person.type("go", ENTER)
            for _ in range(4):
                await person.sees("Allow this?")
                await person.type("y")
                await person.loses("Allow this?")
            await person.idle()
        assert person.emulator.text().count("Commands are confined here (bubblewrap).") == confines

    asked: list[Step] = [step for _ in range(4) for step in (Approval(RUN_REQUEST), Pause(0.1))]
    story(tmp_path, tell, list(asked), list(asked), confines=confines)


def test_a_question_of_the_model_is_put_to_the_person(tmp_path: Path) -> None:
    async def tell(person: Driver, app: FakeApp) -> None:
        await person.type("go", ENTER)
        await person.sees("2. blue")
        await person.type("2")
        await person.sees("Fine.")

    turn: list[Step] = [Asking((Question("Which colour?", ("red", "blue")),)), *says("Fine.")]
    assert story(tmp_path, tell, turn).user_answers == [["blue"]]


def test_a_running_command_is_shown_live_and_its_output_on_demand(tmp_path: Path) -> None:
    run = ToolCall("r", "run_shell_command", {})
    output = "".join(f"row {n}\n" for n in range(40))
    turn: list[Step] = [
        ToolStarted(run, "make"),
        ToolOutput("r", output[:100]),
        Pause(0.3),
        ToolFinished(run, True, "", CommandBlock("make", "/", output, 0)),
        *says("Built."),
    ]

    async def tell(person: Driver, app: FakeApp) -> None:
        await person.type("go", ENTER)
        await person.sees("● Run make")
        await person.sees("Built.")
        assert "row 3\n" not in person.emulator.text()
        await person.type(CTRL_O)
        await person.sees("row 3\n")

    story(tmp_path, tell, turn)


def test_prefill_and_retries_are_shown_while_they_last(tmp_path: Path) -> None:
    turn: list[Step] = [
        RequestStarted(1),
        PrefillProgressed(500, 2000, 0),
        Pause(0.4),
        Retried(2, "The server is overloaded.", 5.0),
        Pause(0.4),
        *says("At last."),
    ]

    async def tell(person: Driver, app: FakeApp) -> None:
        await person.type("go", ENTER)
        await person.sees("Reading the prompt ━━━━━")
        await person.sees("Trying again: The server is overloaded. in 4 s")
        await person.sees("At last.")

    story(tmp_path, tell, turn)


def test_a_line_for_the_shell_runs_there(tmp_path: Path) -> None:
    async def tell(person: Driver, app: FakeApp) -> None:
        await person.type("!ls", ENTER)
        await person.sees("● Run ls\n    one\n    two")
        await person.idle()
        assert "Interrupted" not in person.emulator.text()

    app = story(tmp_path, tell)
    assert (app.commands, app.prompts) == (["ls"], [])


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
