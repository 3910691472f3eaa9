from __future__ import annotations

from pathlib import Path

import pytest

from qwen_code.events import (
    AnswerEnded,
    PrefillProgressed,
    RequestStarted,
    Retried,
    TextDelta,
    ToolFinished,
    ToolOutput,
    ToolStarted,
)
from qwen_code.messages import Message, ToolCall, Usage
from qwen_code.tool import CommandBlock
from tests.support.repl_app import FakeApp, Pause, Step, says
from tests.support.repl_harness import (
    CTRL_C,
    CTRL_D,
    CTRL_O,
    CTRL_Q,
    ENTER,
    ESC,
    UP,
    Driver,
)
from tests.support.repl_stories import DIFF, EDIT, story, working


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
