"""Going back, as a person does it: in the terminal, and with `qwen-code sessions rewind`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.program import Program
from tests.support.pty_driver import PtyProgram, on_a_terminal

ENTER, DOWN, CTRL_D = "\r", "\x1b[B", "\x04"


def calls(*made: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    return {"calls": [{"name": name, "arguments": arguments} for name, arguments in made]}


def write(name: str, content: str) -> dict[str, Any]:
    return calls(("write_file", {"file_path": name, "content": content}))


SHELL = calls(("run_shell_command", {"command": "echo shell >> notes.txt; mkdir out; echo x > out/y"}))
STEPS = [
    write("a.py", "one\n"),
    "First.",
    calls(("edit", {"file_path": "a.py", "old_string": "one", "new_string": "two"})),
    "Second.",
    SHELL,
    "Third.",
    "Fourth.",
]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine\n")
    (tmp_path / "script.json").write_text(json.dumps({"steps": STEPS, "continues": True}))
    return folder


def model(project: Path) -> list[str]:
    return ["-m", f"scripted:{project.parent / 'script.json'}", "--yolo", "--no-sandbox"]


def three_turns(project: Path) -> Program:
    program = Program(project)
    for flags in ([], ["-c"], ["-c"]):
        assert program.run(*model(project), *flags, "-p", "go on").code == 0
    return program


def content(project: Path) -> dict[str, str]:
    return {p.name: p.read_text() for p in project.rglob("*") if p.is_file()}


def say(person: PtyProgram, prompt: str, answer: str) -> None:
    person.type(prompt, ENTER)
    person.sees(answer)
    person.sees(f"> {prompt}")


def test_files_and_conversation_go_back_and_the_prompt_is_there_to_be_said_differently(project: Path) -> None:
    program = Program(project)
    env = {**program.env(), "TERM": "xterm-256color"}
    with on_a_terminal(program.command(*model(project)), cwd=project, env=env) as person:
        person.sees("yolo ·")
        say(person, "make it", "First.")
        say(person, "change it", "Second.")
        say(person, "use the shell", "Third.")
        person.type("/rewind", ENTER)
        person.sees("Back to before which prompt?")
        person.sees("2. change it")
        person.type(DOWN, ENTER)
        person.sees("What goes back?")
        person.type(ENTER)
        person.sees("changed while commands ran")
        person.type(DOWN, ENTER)
        person.sees("Back to before turn 2: ")
        assert content(project) == {"a.py": "one\n", "notes.txt": "mine\n"}
        person.sees("prompt.\n\n> change it")
        person.type("\x15", "make it three", ENTER)
        person.sees("Fourth.")
        person.rests()
        person.type(CTRL_D)
        assert person.left() == 0
    messages = json.loads(program.run("sessions", "export", "--format", "json").out)["messages"]
    assert [m["content"] for m in messages if m["role"] == "user"][1:] == ["make it three"]
    assert messages[-1]["content"] == "Fourth."


def test_what_a_person_changed_since_is_shown_and_left(project: Path) -> None:
    program = three_turns(project)
    (project / "a.py").write_text("two\nand mine\n")
    refused = program.run("sessions", "rewind", "--to", "1", "--commands")
    assert refused.code == 42
    assert "Changed since by somebody else: a.py. Nothing was brought back." in refused.err
    assert "+and mine" in refused.out
    assert content(project)["notes.txt"] == "mine\nshell\n"
    done = program.run("sessions", "rewind", "--to", "1", "--commands", "--keep-changed")
    assert done.code == 0
    assert content(project) == {"a.py": "two\nand mine\n", "notes.txt": "mine\n"}
    assert not (project / "out").exists()


def test_the_turns_are_listed_and_a_dry_run_changes_nothing(project: Path) -> None:
    program = three_turns(project)
    before = content(project)
    listed = program.run("sessions", "rewind")
    assert [line.split()[0] for line in listed.out.splitlines()] == ["1", "2", "3"]
    dry = program.run("sessions", "rewind", "--to", "2", "--dry-run")
    assert "would be brought back: a.py" in dry.out
    assert "left alone: notes.txt: it changed while a command ran" in dry.out
    assert content(project) == before
    assert program.run("sessions", "rewind", "--to", "9").code == 42
    assert program.run("sessions", "rewind", "--to", "2", "--only", "both").code == 2


def test_a_copy_of_a_session_takes_back_what_the_first_one_changed(project: Path) -> None:
    program = three_turns(project)
    (first,) = program.sessions()
    copied = program.run("sessions", "fork")
    assert program.run("sessions", "delete", first.stem).code == 0
    done = program.run("sessions", "rewind", copied.out.split()[-1], "--to", "1", "--commands")
    assert done.code == 0, done.err
    assert content(project) == {"notes.txt": "mine\n"}


def test_the_difference_of_a_session_and_of_a_turn(project: Path) -> None:
    program = three_turns(project)
    assert "+two" in program.run("sessions", "diff").out
    second = program.run("sessions", "diff", "--turn", "2").out
    assert "-one" in second
    assert "notes.txt" not in second
