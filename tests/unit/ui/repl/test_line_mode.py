from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from qwen_code.messages import ToolCall
from qwen_code.permissions.decision import Answer, ApprovalRequest, Decision, Mode
from qwen_code.settings.model import Settings
from qwen_code.tool import CommandBlock, Question
from qwen_code.ui.repl.line_mode import run_line_mode
from tests.support.repl_app import Approval, Asking, FakeApp, Step, says

REQUEST = ApprovalRequest(
    ToolCall("1", "run_shell_command", {}),
    "ls",
    Decision("ask", "it runs"),
    CommandBlock("ls\x1b[2J", "/"),
    (),
)
APPROVAL: list[Step] = [Approval(REQUEST)]


@pytest.fixture
def talk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Talk:
    return Talk(tmp_path, monkeypatch, capsys)


class Talk:
    """Types lines, gives back what was printed."""

    def __init__(
        self, root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.app: FakeApp | None = None
        self._root, self._monkeypatch, self._capsys = root, monkeypatch, capsys

    def __call__(self, lines: Sequence[str], *turns: list[Step]) -> str:
        reader, writer = os.pipe()

        def type_all() -> None:
            with os.fdopen(writer, "w") as keyboard:
                keyboard.writelines(f"{line}\n" for line in lines)

        async def run() -> int:
            self.app = FakeApp(self._root, list(turns))
            return await run_line_mode(self.app.open, Settings(), None, resume=None)

        with os.fdopen(reader) as stdin:
            self._monkeypatch.setattr("sys.stdin", stdin)
            typing = threading.Thread(target=type_all)
            typing.start()
            assert asyncio.run(run()) == 0
            typing.join()
        return self._capsys.readouterr().out


def test_a_prompt_is_answered_in_plain_lines(talk: Talk) -> None:
    printed = talk(["hello"], says("Hello **there**.\n\n- one"))
    assert "  Hello there." in printed
    assert "  - one" in printed
    assert "\x1b" not in printed


def test_an_approval_is_a_question_and_an_answer(talk: Talk) -> None:
    printed = talk(["go", "y", "go", "n", "go", "use make"], APPROVAL, APPROVAL, APPROVAL)
    assert talk.app is not None
    assert talk.app.answers == [Answer("once"), Answer("no"), Answer("no", note="use make")]
    assert "    $ ls␛[2J" in printed
    assert "Allow this? it runs" in printed


def test_a_question_takes_a_number_or_words(talk: Talk) -> None:
    question = Question("Which?", ("red", "blue"))
    talk(["go", "2", "green"], [Asking((question, question))])
    assert talk.app is not None
    assert talk.app.user_answers == [["blue", "green"]]


def test_a_few_commands_are_there(talk: Talk) -> None:
    printed = talk(["/help", "/approval-mode plan", "/approval-mode fast", "/clear", "/quit", "never"])
    assert talk.app is not None
    assert talk.app.mode is Mode.PLAN
    assert talk.app.prompts == []
    assert "there are plan, default" in printed
    assert "A new session" in printed


def test_the_end_of_input_leaves(talk: Talk) -> None:
    assert talk([]) == "> "
