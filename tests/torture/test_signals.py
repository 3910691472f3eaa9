"""A signal in every state of a run: the exit code, the terminal, the session and the processes afterwards."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qwen_code.sessions.lines import decode_lines
from qwen_code.sessions.store import SessionStore
from tests.support.program import Program
from tests.support.pty_driver import PtyProgram, on_a_terminal
from tests.support.terminal_session import ENTER, session, shell
from tests.torture.rounds import LONG

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
NEVER_S = 300
WRITE = {"name": "write_file", "arguments": {"file_path": "made", "content": "x\n"}}


def stubborn(project: Path) -> str:
    """A command that a polite signal does not end, with a child, whose arguments name this test."""
    return f"trap '' TERM INT HUP; touch here; sleep {NEVER_S} {NEVER_S}; : {project}"


def steps_for(state: str, project: Path) -> list[dict[str, Any]]:
    match state:
        case "before the first word" | "starting":
            return [{"text": "late", "delay_s": NEVER_S}]
        case "streaming":
            return [{"text": "word " * 2000, "rate": 50}]
        case "a tool runs":
            return [{"calls": [shell(stubborn(project))]}]
        case "verifying":
            return [{"calls": [WRITE]}, {"text": "Done."}]
        case "compacting":
            talk = {"text": "word " * 3000}
            return [talk, {"text": "Second."}, {"text": "Third."}, {"text": "late", "delay_s": NEVER_S}]
        case _:
            return [{"text": "Done."}]


def wait(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.005)


def log_of(home: Path) -> bytes:
    return b"".join(path.read_bytes() for path in home.glob("projects/*/sessions/*.jsonl"))


def nothing_is_left(project: Path) -> None:
    """No process of the run, and no temporary file."""
    mark = os.fsencode(project)

    def left() -> list[bytes]:
        found: list[bytes] = []
        for path in Path("/proc").glob("[0-9]*"):
            try:
                arguments, where = (path / "cmdline").read_bytes(), (path / "cwd").readlink()
            except OSError:
                continue
            if mark in arguments or where.is_relative_to(project):
                found.append(arguments)
        return found

    wait(lambda: not left(), f"the end of {left()}")
    assert not [path.name for path in project.iterdir() if path.name.startswith(".qwen-")]


def goes_on(home: Path) -> None:
    """The session, if there is one by now, is whole and opens without a word."""
    if not log_of(home):
        return
    lines = decode_lines(log_of(home))
    assert (lines.damaged, lines.torn) == ([], False)
    (directory,) = home.glob("projects/*/sessions")
    log, restored = SessionStore(directory).open()
    log.close()
    assert len(restored.warnings) <= 1


def pairs(states: list[str]) -> list[tuple[str, signal.Signals]]:
    """Every signal in every state; in short, each state with another signal."""
    if LONG:
        return [(state, number) for state in states for number in SIGNALS]
    return [(state, SIGNALS[place % 3]) for place, state in enumerate(states)]


ONE_SHOT = ["starting", "before the first word", "streaming", "a tool runs", "verifying", "ending"]


@pytest.mark.slow
@pytest.mark.parametrize(("state", "number"), pairs(ONE_SHOT))
def test_a_signal_ends_a_one_shot_run_in_order(state: str, number: signal.Signals, tmp_path: Path) -> None:
    project, home, out = tmp_path / "project", tmp_path / "home", tmp_path / "out"
    project.mkdir()
    (tmp_path / "script.json").write_text(json.dumps({"steps": steps_for(state, project)}))
    program = Program(project, environment={"QWEN_HOME": str(home)})
    flags = ["-m", f"scripted:{tmp_path / 'script.json'}", "--yolo", "--no-sandbox", "-o", "stream-json"]
    if state == "verifying":
        flags += ["--verify", stubborn(project)]
    with out.open("wb") as stdout:
        process = subprocess.Popen(
            program.command(*flags, "--include-partial-messages", "-p", "go"),
            cwd=project, env=program.env(), stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE,
        )  # fmt: skip
        try:
            match state:
                case "starting":
                    wait(home.exists, "a first file")  # before that Python may itself be interrupted
                case "before the first word":
                    wait(lambda: b'"TurnStarted"' in log_of(home), "a request")
                case "streaming":
                    wait(lambda: b"word" in out.read_bytes(), "words")
                case "a tool runs" | "verifying":
                    wait((project / "here").exists, "a command")
                case _:
                    wait(lambda: b'"AnswerEnded"' in log_of(home), "the end")
            process.send_signal(number)
            _, err = process.communicate(timeout=30)
        finally:
            process.kill()
    assert b"Traceback" not in err, err.decode()
    allowed = {
        "starting": (130, -number),
        "ending": (0, 130, -number),
    }
    assert process.returncode in allowed.get(state, (130,)), err.decode()
    nothing_is_left(project)
    goes_on(home)


IN_THE_TERMINAL = ["before the first word", "a tool runs", "verifying", "compacting"]


@pytest.mark.slow
@pytest.mark.parametrize(("state", "number"), pairs(IN_THE_TERMINAL))
def test_a_signal_ends_an_interactive_session_in_order(
    state: str, number: signal.Signals, tmp_path: Path
) -> None:
    project, home = tmp_path / "project", tmp_path / "home"
    project.mkdir()
    flags = ["--no-sandbox", "--approval-mode", "yolo"]
    if state == "verifying":
        flags += ["--verify", stubborn(project)]
    with session(project, steps_for(state, project), *flags, QWEN_HOME=str(home)) as person:
        person.type("go", ENTER)
        arrive(person, state, project, home)
        person.signal(number)
        if number is signal.SIGINT:  # is Ctrl+C: the first stops what runs, and the session is there
            person.sees("Interrupted")
            person.signal(signal.SIGTERM)
        assert person.left() == (143 if number is signal.SIGINT else 128 + number)
        assert_sane(person)
    nothing_is_left(project)
    goes_on(home)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_during_the_start_leaves_a_sane_terminal(number: signal.Signals, tmp_path: Path) -> None:
    project, home = tmp_path / "project", tmp_path / "home"
    project.mkdir()
    (tmp_path / "script.json").write_text(json.dumps(["Done."]))
    program = Program(project, environment={"QWEN_HOME": str(home), "TERM": "xterm-256color"})
    command = program.command("-m", f"scripted:{tmp_path / 'script.json'}")
    with on_a_terminal(command, cwd=project, env=program.env()) as person:
        person.until(lambda: bool(person.emulator.raw), "a first byte")
        person.signal(number)
        assert person.left() == 128 + number
        assert_sane(person)
    nothing_is_left(project)
    goes_on(home)


def assert_sane(person: PtyProgram) -> None:
    """After the end: keys are echoed and come by the line, no mode of ours is on, and nothing was a crash."""
    local = person.modes()[3]
    assert isinstance(local, int)
    assert local & termios.ECHO
    assert local & termios.ICANON
    raw = "".join(person.emulator.raw)
    assert "Traceback" not in raw
    assert raw.rfind("\x1b[?2004l") >= raw.rfind("\x1b[?2004h")
    assert raw.rfind("\x1b[?25h") >= raw.rfind("\x1b[?25l")


def arrive(person: PtyProgram, state: str, project: Path, home: Path) -> None:
    match state:
        case "before the first word":
            person.until(lambda: b'"TurnStarted"' in log_of(home), "a request")
        case "compacting":
            for turn in range(1, 4):
                person.until(lambda turn=turn: log_of(home).count(b'"TurnEnded"') == turn, "an answer")
                person.rests()
                person.type("go on" if turn < 3 else "/compress", ENTER)
            person.sees("Summing up")
        case _:
            person.until((project / "here").exists, "a command")
