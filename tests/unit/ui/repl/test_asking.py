from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from qwen_code.events import (
    CallDrafted,
)
from qwen_code.messages import ToolCall
from qwen_code.permissions.decision import Answer, ApprovalRequest, Decision
from qwen_code.tool import Access, CommandBlock, Question
from tests.support.repl_app import Approval, Asking, FakeApp, Pause, Step, says
from tests.support.repl_harness import (
    ENTER,
    ESC,
    Driver,
)
from tests.support.repl_stories import edit_turn, story

RUN_CALL = ToolCall("r1", "run_shell_command", {"command": "make"})
RUN_REQUEST = ApprovalRequest(
    RUN_CALL, "make", Decision("ask", "it runs"), CommandBlock("make", "/p"), (Access("run", "make", "/p"),)
)


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
        await person.sees("your draft waits: my next thought")
        assert "> my next thought" not in "\n".join(person.emulator.screen())
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
