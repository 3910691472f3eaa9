"""The first start on a machine: no model is set up, somebody sits at the terminal."""

from __future__ import annotations

import json
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from tests.support.chat_server import ChatServer, Reply
from tests.support.program import Program
from tests.support.pty_driver import PtyProgram, on_a_terminal

ENTER, ESC, CTRL_C, CTRL_D, DELETE = "\r", "\x1b", "\x03", "\x04", "\x7f"
PREFILLED = "http://localhost:8080/v1"


@contextmanager
def started(project: Path, **env: str) -> Generator[PtyProgram, None, None]:
    program = Program(project)
    environment = {**program.env(), "TERM": "xterm-256color", **env}
    with on_a_terminal(program.command(), cwd=project, env=environment, columns=100) as person:
        yield person


def pick(person: PtyProgram, *letters: str) -> None:
    """Narrow a list by typing, and take what is left."""
    person.type(*letters, ENTER)


def home(name: str) -> Path:
    return Path(os.environ["HOME"]) / ".qwen" / name


def test_an_endpoint_is_tested_kept_and_never_asked_for_again(tmp_path: Path) -> None:
    models = [{"id": "llama-3"}, {"id": "qwen3-coder"}]
    with ChatServer([Reply("Ready."), Reply("Again.")], models=models) as server:
        with started(tmp_path) as person:
            person.sees("No model is set up yet. Which one should answer?")
            pick(person, *"endpoint")
            person.sees("Where is it?")
            pick(person, *"of yours")
            person.sees(f"URL > {PREFILLED}")
            person.type(*[DELETE] * len(PREFILLED), server.base_url, ENTER)
            person.sees("answers and has 2 models")
            person.sees("❯ qwen3-coder")  # the likeliest is on top
            person.type(ENTER)
            person.sees("✓ Kept in ~/.qwen/settings.json; /model and /settings change it.")
            person.type("hello", ENTER)
            person.sees("Ready.")
            person.rests()
            person.type(CTRL_D)
            assert person.left() == 0
        assert json.loads(home("settings.json").read_text()) == {
            "model": {"baseUrl": server.base_url, "name": "qwen3-coder"}
        }
        with started(tmp_path) as person:
            person.sees("default ·")
            person.type("hello", ENTER)
            person.sees("Again.")
            assert "No model is set up" not in person.emulator.text()
        assert {request.body["model"] for request in server.requests} == {"qwen3-coder"}


def test_a_provider_s_key_is_typed_unseen_and_kept_where_only_its_owner_can_read(tmp_path: Path) -> None:
    with started(tmp_path, HTTPS_PROXY="http://127.0.0.1:9") as person:  # nobody answers there
        person.sees("No model is set up yet.")
        pick(person, *"endpoint")
        person.sees("Where is it?")
        pick(person, *"openrouter")
        person.sees("kept as OPENROUTER_API_KEY")
        person.type("sk-or-secret", ENTER)
        person.sees("✗")
        person.sees("Which one should answer?")
        assert "sk-or-secret" not in "".join(person.emulator.raw)
        person.type(CTRL_C)
        assert person.left() == 52
    assert not home(".env").exists()  # what was not proven is not kept


def test_a_server_that_is_not_there_is_said_and_asked_for_again(tmp_path: Path) -> None:
    with started(tmp_path) as person:
        person.sees("No model is set up yet.")
        pick(person, *"endpoint")
        person.sees("Where is it?")
        pick(person, *"of yours")
        person.sees("URL >")
        person.type(*[DELETE] * len(PREFILLED), "http://127.0.0.1:9/v1", ENTER)
        person.sees("✗")
        person.sees("URL > http://127.0.0.1:9/v1")
        person.type(ESC)
        person.sees("Which one should answer?")
        person.type(ESC)
        assert person.left() == 52
    assert not home("settings.json").exists()


def test_with_a_model_on_the_command_line_nothing_is_asked(tmp_path: Path) -> None:
    (tmp_path / "script.json").write_text('["Hello."]')
    program = Program(tmp_path)
    command = program.command("-m", "scripted:script.json")
    with on_a_terminal(command, cwd=tmp_path, env={**program.env(), "TERM": "xterm-256color"}) as person:
        person.sees("default ·")
        assert "No model is set up" not in person.emulator.text()
