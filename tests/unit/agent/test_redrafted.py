"""Calls that the person rewrote before they ran."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest

from qwen_code.agent.registry import Registry
from qwen_code.events import ToolFinished
from qwen_code.permissions.decision import Answer
from qwen_code.tool import DiffBlock, Draft, ToolContext
from qwen_code.tools.edit import Edit
from qwen_code.tools.run_shell_command import RunShellCommand, RunShellCommandParams
from qwen_code.tools.write_file import WriteFile
from tests.support.agents import Answers, Change, EchoParams, calls, make_agent, play, says
from tests.unit.tools.desk import Desk


class Drafted(Change):
    name: ClassVar[str] = "drafted"

    async def draft(self, params: EchoParams, ctx: ToolContext) -> Draft:
        return Draft(params.text)

    def redrafted(self, params: EchoParams, text: str, ctx: ToolContext) -> EchoParams:
        return replace(params, text=text)


def turn(answer: Answer, text: str = "a") -> tuple[ToolFinished, str]:
    """The call's end, and what the model read of it."""
    agent, backend = make_agent([calls(("drafted", {"text": text})), says("Done.")], approver=Answers(answer))
    agent.executor.registry = Registry([Drafted()])
    events = asyncio.run(play(agent))
    (finished,) = [event for event in events if isinstance(event, ToolFinished)]
    return finished, backend.prompts[1].messages[-1].text


def test_what_the_person_wrote_runs_and_the_model_is_told() -> None:
    finished, read = turn(Answer("edited", text="b"))
    assert finished.files_changed == ("/w/b",)
    assert read == "The user changed the call before it ran, to: b\nb"


def test_a_change_of_several_lines_is_told_as_a_difference() -> None:
    _, read = turn(Answer("edited", text="one\n2\n"), "one\ntwo\n")
    assert "-two\n+2" in read


def test_what_is_denied_stays_denied_when_the_person_writes_it() -> None:
    finished, read = turn(Answer("edited", text="secret"))
    assert finished.denial is not None
    assert finished.files_changed == ()
    assert "secret things are denied" in read


def test_an_unchanged_draft_runs_as_if_it_was_allowed_once() -> None:
    assert turn(Answer("edited", text="a"))[1] == "a"


def test_a_rewritten_call_that_fails_tells_of_the_rewriting_too() -> None:
    finished, read = turn(Answer("edited", text="no"))
    assert not finished.ok
    assert read == "The user changed the call before it ran, to: no\nthere is no such thing"


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_file_becomes_what_the_person_made_of_the_edit(tmp_path: Path, ending: str) -> None:
    desk = Desk(Edit(), tmp_path / "project")
    path = desk.known("a.py", f"a = 1{ending}b = 2{ending}")
    desk.rewritten("b = 2", "b = 4", file_path="a.py", old_string="a = 1", new_string="a = 3")
    assert path.read_bytes() == f"a = 3{ending}b = 4{ending}".encode()


def test_a_new_file_becomes_what_the_person_made_of_it(tmp_path: Path) -> None:
    desk = Desk(WriteFile(), tmp_path / "project")
    result = desk.rewritten("1", "2", file_path="new.py", content="a = 1\n")
    assert (desk.root / "new.py").read_text() == "a = 2\n"
    assert isinstance(result.for_user, DiffBlock)


def test_a_command_becomes_what_the_person_made_of_it(tmp_path: Path) -> None:
    desk = Desk(RunShellCommand(), tmp_path / "project")
    params = RunShellCommandParams("rm -r build", timeout=5)
    assert desk.tool.redrafted(params, "ls", desk.context) == RunShellCommandParams("ls", timeout=5)
