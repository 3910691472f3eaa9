"""The interactive mode as a person has it: the real program on a real pseudo-terminal."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.program import Program, copy_example, is_fixed
from tests.support.pty_driver import PtyProgram, on_a_terminal
from tests.support.terminal_session import (
    CTRL_C,
    CTRL_D,
    CTRL_Z,
    ENTER,
    ESC,
    REPAIR,
    SLOW,
    session,
    shell,
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return copy_example(tmp_path)


def test_ask_and_fix(project: Path) -> None:
    with session(project, REPAIR) as person:
        person.type("fix the failing test", ENTER)
        person.sees("Allow this?")
        assert "interval.start <= merged[-1].end" in person.emulator.text()
        assert not is_fixed(project)
        person.type("y")
        person.sees("Fixed: touching intervals are merged.")
        person.sees("1 file changed")
        person.rests()
        person.type(CTRL_D)
        assert person.left() == 0
    assert is_fixed(project)


@pytest.mark.parametrize("key", [ESC, CTRL_C])
def test_interrupt_and_go_on(project: Path, key: str) -> None:
    with session(project, SLOW) as person:
        person.type("go", ENTER)
        person.sees("word word")
        person.type(key)
        person.sees("Interrupted. What was done is kept.", patience_s=1.0)
        person.type("again", ENTER)
        person.sees("Second answer.")


def test_an_interrupted_command_is_dead(project: Path) -> None:
    mark = f"300.{os.getpid():08d}"
    with session(project, [{"calls": [shell(f"echo started; exec sleep {mark}")]}]) as person:
        person.type("go", ENTER)
        person.sees("Allow this?")
        person.type("y")
        person.sees("    started")
        person.until(lambda: _runs(mark), "a running command")
        person.type(ESC)
        person.sees("Interrupted.")
        person.until(lambda: not _runs(mark), "a dead command")


def _runs(argument: str) -> bool:
    """Whether a sleep with this argument runs, in whatever PID namespace."""
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return f"sleep {argument}" in listed.splitlines()


def test_queue_while_it_works(project: Path) -> None:
    with session(project, [{"text": "word " * 60, "rate": 60}, {"text": "And the second."}]) as person:
        person.type("first", ENTER)
        person.sees("word word")
        person.type("second", ENTER)
        person.sees("» second")
        person.sees("And the second.")
        assert "> second" in person.emulator.text()


def test_resume_shows_the_end_and_goes_on(project: Path) -> None:
    with session(project, [{"text": "The answer is 42."}]) as person:
        person.type("what is it?", ENTER)
        person.sees("The answer is 42.")
        person.type("/quit", ENTER)
        assert person.left() == 0
        (line,) = [line for line in person.emulator.lines() if "qwen-code --resume" in line]
    session_id = line.split()[-1]
    with session(project, [{"text": "unused"}, {"text": "As I said."}], "--resume", session_id) as person:
        person.sees("> what is it?\n\n  The answer is 42.")
        person.type("again", ENTER)
        person.sees("As I said.")


def test_after_a_kill_the_session_goes_on_with_what_was_said(project: Path) -> None:
    with session(project, [{"text": "The answer is 42."}, {"text": "word " * 999, "rate": 20}]) as person:
        person.type("what is it?", ENTER)
        person.sees("The answer is 42.")
        person.type("and then?", ENTER)
        person.sees("word word")
        person.signal(signal.SIGKILL)
        assert person.left() == 128 + signal.SIGKILL
    with session(project, [{"text": "unused"}, {"text": "On we go."}], "-c") as person:
        person.sees("The answer is 42.")
        person.sees("> and then?")
        person.type("go on", ENTER)
        person.sees("On we go.")


def leave_by(*keys: str) -> Callable[[PtyProgram], None]:
    return lambda person: person.type(*keys)


def leave_by_signal(number: signal.Signals) -> Callable[[PtyProgram], None]:
    return lambda person: person.signal(number)


WAYS_OUT = {
    "ctrl-d": (leave_by(CTRL_D), 0),
    "quit": (leave_by("/quit", ENTER), 0),
    "ctrl-c twice": (leave_by(CTRL_C, CTRL_C), 0),
    "sigterm": (leave_by_signal(signal.SIGTERM), 143),
    "sighup": (leave_by_signal(signal.SIGHUP), 129),
}


MOMENTS = [
    (way, moment)
    for way in WAYS_OUT
    for moment in ("idle", "streaming", "asking")
    if moment == "idle" or way not in ("ctrl-d", "quit")  # a running turn is left with Ctrl+C
]


@pytest.mark.parametrize(("way", "moment"), MOMENTS)
def test_the_terminal_is_as_it_was_on_every_way_out(project: Path, way: str, moment: str) -> None:
    leave, code = WAYS_OUT[way]
    steps = {"idle": REPAIR, "streaming": SLOW, "asking": [{"calls": [shell("make")]}]}[moment]
    with session(project, steps, columns=100) as person:
        raw = person.modes()
        if moment != "idle":
            person.type("go", ENTER)
            person.sees({"streaming": "word word", "asking": "Allow this?"}[moment])
        leave(person)
        assert person.left() == code
        assert person.modes() != raw
        assert person.modes() == fresh_modes()
        sent = "".join(person.emulator.raw)
        assert sent.rfind("\x1b[?2004l") > sent.rfind("\x1b[?2004h")
        assert sent.rfind("\x1b[?25h") > sent.rfind("\x1b[?25l")


def fresh_modes() -> list[object]:
    """What a terminal is like when nothing has touched it."""
    with on_a_terminal(["sleep", "5"], cwd=Path("/"), env=os.environ) as untouched:
        return untouched.modes()


def test_a_lost_terminal_ends_the_program(project: Path) -> None:
    with session(project, SLOW) as person:
        person.type("go", ENTER)
        person.sees("word word")
        person.hang_up()
        assert person.left(5.0) in (0, 129)


def test_suspend_and_come_back(project: Path) -> None:
    (project / "script.json").write_text(json.dumps([{"text": "Still here."}]))
    program = Program(project)
    command = shlex.join(program.command("-m", "scripted:script.json"))
    env = {**program.env(), "TERM": "xterm-256color", "PS1": "shell$ "}
    with on_a_terminal(["bash", "--norc", "--noprofile", "-i"], cwd=project, env=env) as person:
        person.sees("shell$")
        person.type(command, ENTER)
        person.sees("default ·")
        person.type("half a thought", CTRL_Z)
        person.sees("Stopped")
        person.type("echo back in the $((40 + 2))", ENTER)
        person.sees("back in the 42")
        person.type("fg", ENTER)
        person.sees("> half a thought")
        person.type(" and the rest", ENTER)
        person.sees("> half a thought and the rest")
        person.sees("Still here.")


def test_a_hostile_project_does_not_reach_the_terminal(project: Path) -> None:
    (project / "evil\x1b]0;owned\x07.txt").write_text("\x1b]0;owned\x07\x1b[2J\x1bc red \x9b31m")
    steps = [
        {"calls": [shell("cat evil*; make"), {"name": "list_directory", "arguments": {"path": "."}}]},
        {"text": "\x1b]0;owned\x07 and \x1b[2J and \u202e."},
    ]
    with session(project, steps) as person:
        person.type("go", ENTER)
        person.sees("Allow this?")
        person.type("y")
        person.sees("<U+202E>")
        sent = "".join(person.emulator.raw)
        assert "owned\x07" not in sent
        assert "\x1b[2J" not in sent
        assert "\x1bc" not in sent
        assert person.emulator.title == ""


def test_no_color_sends_no_colour(project: Path) -> None:
    with session(project, REPAIR, NO_COLOR="1") as person:
        person.type("fix it", ENTER)
        person.sees("Allow this?")
        person.type("y")
        person.sees("Fixed:")
        painted = "\n".join(person.emulator.painted())
    assert not re.search(r"\{(red|green|cyan|magenta|blue|brown|on-)", painted)


def test_a_dumb_terminal_gets_lines_and_nothing_else(project: Path) -> None:
    with session(project, REPAIR, TERM="dumb") as person:
        person.sees(">")
        person.type("fix it\n")
        person.sees("Allow this?")
        person.type("y\n")
        person.sees("Fixed: touching intervals are merged.")
        person.type("/quit\n")
        assert person.left() == 0
        assert "\x1b" not in "".join(person.emulator.raw)
    assert is_fixed(project)


def test_without_a_terminal_there_is_a_sentence_and_no_prompt(project: Path) -> None:
    done = Program(project).run("-i", "hello", "-m", "scripted:x.json", stdin="")
    assert done.code == 2
    assert "needs a terminal" in done.err


CLOSED = {
    "stdin": (["-m", "scripted:x.json"], "<&-", 42, "The prompt is empty"),
    "stdin, interactive": (["-i", "hello"], "<&-", 2, "needs a terminal"),
    "stdout": (["-i", "hello", "-m", "scripted:x.json"], ">&-", 2, "needs a terminal"),
    "all": (["-i", "hello"], "<&- >&- 2>&-", 2, ""),
}


@pytest.mark.parametrize("which", CLOSED)
def test_closed_streams_end_in_a_sentence(project: Path, which: str) -> None:
    arguments, closing, code, sentence = CLOSED[which]
    program = Program(project)
    line = f"{shlex.join(program.command(*arguments))} {closing}"
    done = subprocess.run(
        ["sh", "-c", line], cwd=project, env=program.env(), capture_output=True, text=True, check=False
    )
    assert (done.returncode, "internal error" in done.stderr) == (code, False)
    assert sentence in done.stderr


def test_the_prompt_is_there_before_the_heavy_parts() -> None:
    heavy = ("pygments", "markdown_it", "rich.markdown", "git", "httpx", "pydantic", "llama_cpp")
    code = (
        "import sys, qwen_code.ui.repl.repl, qwen_code.ui.repl.screen;"
        f"print([m for m in {heavy} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
