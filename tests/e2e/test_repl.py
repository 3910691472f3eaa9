"""The interactive mode as a person has it: the real program on a real pseudo-terminal."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.program import SOURCE, Program, copy_example, is_fixed
from tests.support.pty_driver import PtyProgram, on_a_terminal

ENTER, ESC, CTRL_C, CTRL_D, CTRL_Z = "\r", "\x1b", "\x03", "\x04", "\x1a"
EDIT = {
    "name": "edit",
    "arguments": {
        "file_path": SOURCE,
        "old_string": "interval.start < merged[-1].end",
        "new_string": "interval.start <= merged[-1].end",
    },
}
READ = {"name": "read_file", "arguments": {"file_path": SOURCE}}


def shell(command: str) -> dict[str, Any]:
    return {"name": "run_shell_command", "arguments": {"command": command, "description": "x"}}


REPAIR = [
    {"text": "I look at `merge`.", "calls": [READ]},
    {"text": "The comparison is wrong.", "calls": [EDIT]},
    {"text": "Fixed: touching intervals are **merged**."},
]
SLOW = [{"text": "word " * 2000, "rate": 50}, {"text": "Second answer."}]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return copy_example(tmp_path)


@contextmanager
def session(
    project: Path,
    steps: Sequence[dict[str, Any]],
    *arguments: str,
    columns: int = 80,
    rows: int = 24,
    **env: str,
) -> Generator[PtyProgram, None, None]:
    """The program in `project` with a model that plays `steps`, ready for a prompt."""
    script = project / "script.json"
    continues = bool({"--resume", "-c"} & set(arguments))
    script.write_text(json.dumps({"steps": list(steps), "continues": continues}))
    program = Program(project)
    command = program.command("-m", f"scripted:{script}", *arguments)
    environment = {**program.env(), "TERM": "xterm-256color", **env}
    with on_a_terminal(command, cwd=project, env=environment, columns=columns, rows=rows) as person:
        if environment["TERM"] != "dumb":
            person.sees("plan ·" if "plan" in arguments else "default ·")
        yield person


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


def test_refuse_with_a_sentence_that_the_model_gets(project: Path) -> None:
    heard = {"when": {"last_contains": "use a helper function"}, "text": "I will use a helper."}
    script = {"rules": [heard], "steps": REPAIR[:2]}
    (project / "rules.json").write_text(json.dumps(script))
    with session(project, [], "-m", f"scripted:{project / 'rules.json'}") as person:
        person.type("fix it", ENTER)
        person.sees("Allow this?")
        person.type("n")
        person.sees("why not >")
        person.type("use a helper function", ENTER)
        person.sees("Refused by you")
        person.sees("I will use a helper.")
    assert not is_fixed(project)


def test_a_command_is_rewritten_before_it_runs(project: Path) -> None:
    heard = {"when": {"last_contains": ["to: echo kept", "kept"]}, "text": "You kept it."}
    (project / "rules.json").write_text(
        json.dumps({"rules": [heard], "steps": [{"calls": [shell("rm -r kept")]}]})
    )
    with session(project, [], "-m", f"scripted:{project / 'rules.json'}") as person:
        person.type("clean up", ENTER)
        person.sees("Allow this?")
        person.type("e")
        person.sees("command > rm -r kept")
        person.type(*["\x7f"] * len("rm -r kept"), "echo kept", ENTER)
        person.sees("You kept it.")
        assert "● Run echo kept" in person.emulator.text()


def test_a_file_is_rewritten_in_the_editor_before_it_is_written(project: Path) -> None:
    editor = project / "editor.sh"
    editor.write_text("#!/bin/sh\nsed -i 's/<= merged.*end:/<= merged[-1].end:  # by hand/' \"$1\"\n")
    editor.chmod(0o755)
    with session(project, REPAIR, EDITOR=str(editor)) as person:
        person.type("fix it", ENTER)
        person.sees("Allow this?")
        person.type("e")
        person.sees("Fixed: touching intervals are merged.")
        assert "# by hand" in person.emulator.text()
        assert "# by hand" in (project / SOURCE).read_text()


def test_plan_then_approve_then_work(project: Path) -> None:
    plan = {"name": "exit_plan_mode", "arguments": {"plan": "1. Compare with `<=`\n2. Run the tests"}}
    steps = [{"calls": [READ]}, {"calls": [plan]}, *REPAIR[1:]]
    with session(project, steps, "--approval-mode", "plan") as person:
        person.type("fix it", ENTER)
        person.sees("Carry out this plan?")
        assert "1. Compare with <=" in person.emulator.text()
        person.type("y")
        person.sees("Allow this?")
        person.type("y")
        person.sees("Fixed: touching intervals are merged.")
        person.sees("default ·")
    assert is_fixed(project)


def test_a_refused_plan_goes_back_to_the_model_with_a_sentence(project: Path) -> None:
    plan = {"name": "exit_plan_mode", "arguments": {"plan": "1. Rewrite all of it"}}
    heard = {
        "when": {"last_contains": "not approve the plan and said: one line only"},
        "text": "Smaller, then.",
    }
    told = {"when": {"last_contains": "call exit_plan_mode"}, "calls": [plan]}
    (project / "rules.json").write_text(json.dumps({"rules": [heard, told], "steps": []}))
    model = f"scripted:{project / 'rules.json'}"
    with session(project, [], "-m", model, "--approval-mode", "plan") as person:
        person.type("fix it", ENTER)
        person.sees("Carry out this plan?")
        person.type("n")
        person.sees("what else >")
        person.type("one line only", ENTER)
        person.sees("Smaller, then.")
        person.sees("plan ·")
    assert not is_fixed(project)


def test_always_saves_the_rule_and_asks_no_more(project: Path) -> None:
    run = [{"calls": [shell("npm test")]}]
    with session(project, [*run, *run, {"text": "Both ran."}]) as person:
        person.type("go", ENTER)
        person.sees("Allow this?")
        person.type("a")
        person.sees("rule > Bash(npm test")
        person.type(ENTER)
        person.sees("Both ran.")
        person.rests()
        person.type(CTRL_D)
        person.left()
    settings = Path(os.environ["HOME"]) / ".qwen" / "settings.json"
    assert "Bash(npm test" in settings.read_text()


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
