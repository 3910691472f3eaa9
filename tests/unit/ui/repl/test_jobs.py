from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from qwen_code.events import Event, Outcome, TextDelta, ToolFinished, ToolOutput, ToolStarted, TurnEnded
from qwen_code.tool import CommandBlock
from qwen_code.ui.repl.jobs import Jobs, is_shell_line
from tests.support.repl_app import FakeApp, says


def events_of(prompt: str, root: Path, *, interrupt: bool = False) -> list[Event]:
    async def run() -> list[Event]:
        app = FakeApp(root, [says("hello")])
        jobs = Jobs(app)
        found: list[Event] = []
        async for event in jobs.run(prompt):
            found.append(event)
            if interrupt:
                await asyncio.sleep(0)
                jobs.interrupt()
        return found

    return asyncio.run(run())


def test_a_line_for_the_shell_runs_there_and_its_output_is_live(tmp_path: Path) -> None:
    started, one, two, finished, ended = events_of("!ls -l", tmp_path)
    assert isinstance(started, ToolStarted)
    assert started.title == "ls -l"
    assert isinstance(one, ToolOutput)
    assert isinstance(two, ToolOutput)
    assert isinstance(finished, ToolFinished)
    assert finished.ok
    assert finished.for_user == CommandBlock("ls -l", str(tmp_path), "one\ntwo\n", 0)
    assert ended == TurnEnded(Outcome.DONE)


def test_a_failing_line_says_so(tmp_path: Path) -> None:
    finished = events_of("!false", tmp_path)[-2]
    assert isinstance(finished, ToolFinished)
    assert not finished.ok


def test_a_line_for_the_shell_can_be_interrupted(tmp_path: Path) -> None:
    assert events_of("!sleep 60", tmp_path, interrupt=True)[-1] == TurnEnded(Outcome.INTERRUPTED)


def test_everything_else_goes_to_the_model(tmp_path: Path) -> None:
    assert TextDelta("hello") in events_of("say hello", tmp_path)


@pytest.mark.parametrize(("text", "shell"), [("!ls", True), ("!", False), ("! ", False), ("wow!", False)])
def test_what_is_a_line_for_the_shell(text: str, shell: bool) -> None:
    assert is_shell_line(text) is shell
