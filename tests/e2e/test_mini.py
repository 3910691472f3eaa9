"""The bundled model at work: real inference, real tools, real pytest, nothing scripted."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from qwen_code.api import open_app
from qwen_code.app import App
from qwen_code.events import CallDrafted, Event, Outcome, TurnEnded
from tests.support.mini import ENDINGS, PRICES, needs_mini, package
from tests.support.program import Finished, Program
from tests.support.pty_driver import on_a_terminal

pytestmark = needs_mini

VERIFY = ("--verify", "python -m pytest -q")
PROMPT = "fix the failing test"


@pytest.fixture
def prices(tmp_path: Path) -> Path:
    return package(tmp_path / "shop", PRICES)


def ask(directory: Path, *arguments: str, prompt: str = PROMPT) -> Finished:
    """A one-shot run in which everything is permitted."""
    return Program(directory).run(
        "-m", "mini", "--yolo", "--no-sandbox", *arguments, "-p", prompt, timeout=120
    )


def is_repaired(directory: Path) -> bool:
    return "return price * quantity" in (directory / "prices.py").read_text()


def test_a_wrong_operator_is_repaired_and_nothing_else_is_touched(prices: Path) -> None:
    test = (prices / "tests/test_prices.py").read_text()
    done = ask(prices, *VERIFY)
    assert done.code == 0, done.out + done.err
    assert done.out == "Fixed prices.py; all tests pass.\n"
    assert is_repaired(prices)
    assert (prices / "tests/test_prices.py").read_text() == test


def test_whatever_was_tried_before_only_what_helps_is_left(tmp_path: Path) -> None:
    directory = package(tmp_path / "p", ENDINGS)
    done = ask(directory, *VERIFY)
    assert done.code == 0, done.out + done.err
    left = {path.name: path.read_text() for path in directory.glob("*.py")}
    assert left["test_endings.py"] == ENDINGS["test_endings.py"]
    assert left["endings.py"] == ENDINGS["endings.py"].replace("name[len", "name[-len")


def test_over_a_whole_repair_nothing_is_evaluated_twice(prices: Path) -> None:
    done = ask(prices, "-o", "json")
    assert done.code == 0, done.err
    usages = {
        event["message"]["id"].rpartition("_")[0]: event["message"]["usage"]
        for event in done.json()
        if event["type"] == "assistant"
    }
    requests = list(usages.values())
    assert len(requests) >= 4
    for before, after in pairwise(requests):
        assert after["cache_read_input_tokens"] >= before["input_tokens"] + before["output_tokens"] - 1


def test_a_session_goes_on_with_its_model_where_none_is_set_up(prices: Path) -> None:
    assert ask(prices, "--max-session-turns", "1").code == 53
    done = Program(prices).run("--yolo", "--no-sandbox", "--continue", "-p", "go on", *VERIFY, timeout=120)
    assert done.code == 0, done.out + done.err
    assert is_repaired(prices)


@pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not here")
def test_it_repairs_in_the_sandbox(prices: Path) -> None:
    done = Program(prices).run("-m", "mini", *VERIFY, "-p", PROMPT, timeout=120)
    assert done.code == 0, done.out + done.err
    assert is_repaired(prices)


async def events_of(app: App, prompt: str) -> AsyncGenerator[Event, None]:
    async with aclosing(app.run(prompt)) as events:
        async for event in events:
            yield event


def opened(directory: Path, **more: Any) -> Any:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    flags = {"sandbox.enabled": False}
    return open_app(
        directory, model="mini", mode="yolo", flags=flags, environ={**os.environ, "PATH": path}, **more
    )


def test_a_repair_that_was_stopped_in_the_middle_of_a_word_goes_on(prices: Path) -> None:
    async def stopped_and_resumed() -> TurnEnded:
        async with opened(prices) as app:
            async for event in events_of(app, PROMPT):
                if isinstance(event, CallDrafted):
                    app.interrupt()
                if isinstance(event, TurnEnded):
                    assert event.outcome is Outcome.INTERRUPTED
            return await app.complete(PROMPT)

    assert asyncio.run(stopped_and_resumed()).outcome is Outcome.DONE
    assert is_repaired(prices)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_session_can_be_resumed_between_any_two_turns(prices: Path, turns: int) -> None:
    first = ask(prices, "--max-session-turns", str(turns))
    assert first.code == 53, first.out + first.err
    second = ask(prices, "--continue", prompt="go on")
    assert second.code == 0, second.out + second.err
    assert second.out == "Fixed prices.py; all tests pass.\n"
    assert is_repaired(prices)


def test_a_person_sees_the_repair_in_the_terminal(prices: Path) -> None:
    program = Program(prices)
    command = program.command("-m", "mini", "--yolo", "--no-sandbox")
    with on_a_terminal(command, cwd=prices, env=program.env()) as terminal:
        terminal.sees(">")
        terminal.type(PROMPT, "\r")
        terminal.sees("all tests pass", 90)
    assert is_repaired(prices)


@pytest.mark.parametrize(
    ("files", "sentence", "code"),
    [
        ({"notes.txt": "nothing\n"}, "Not done: pytest finds no tests here.", 1),
        (
            {"m.py": "def f(:\n", "test_m.py": "from m import f\n\n\ndef test_f():\n    assert f()\n"},
            "Not done: ",
            1,
        ),
        (
            {"test_m.py": "def test_f():\n    assert 1 + 1 == 2\n"},
            "All tests pass already; I changed nothing.",
            0,
        ),
    ],
)
def test_what_it_cannot_repair_is_no_success(
    tmp_path: Path, files: dict[str, str], sentence: str, code: int
) -> None:
    done = ask(package(tmp_path / "p", files))
    assert done.out.startswith(sentence)
    assert done.code == code


def test_with_a_check_that_fails_the_exit_code_says_so(tmp_path: Path) -> None:
    done = ask(package(tmp_path / "p", {"notes.txt": "nothing\n"}), *VERIFY)
    assert (done.code, done.out) == (56, "Not done: pytest finds no tests here.\n")


def test_a_greeting_is_answered_with_what_it_is(tmp_path: Path) -> None:
    done = ask(package(tmp_path / "p", {"notes.txt": "nothing\n"}), prompt="hello")
    assert (done.code, done.out[:33]) == (0, "I am a tiny demonstration model: ")
