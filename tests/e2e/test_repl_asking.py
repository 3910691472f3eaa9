"""Calls and plans that a person is asked about: the real program on a real pseudo-terminal."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.support.program import SOURCE, copy_example, is_fixed
from tests.support.terminal_session import CTRL_D, ENTER, READ, REPAIR, session, shell


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return copy_example(tmp_path)


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
