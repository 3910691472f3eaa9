from __future__ import annotations

from pathlib import Path

import pytest

from qwen_code.permissions.decision import Mode
from qwen_code.permissions.explain import BadLine, check_command, check_line, explain, rules_from
from qwen_code.permissions.rules import RuleSet


def line(**fields: object) -> dict[str, object]:
    return check_line(fields, "/w", "/home/ada")


def test_a_line_is_judged() -> None:
    answer = line(id="a", cmd="npm test; ls", rules={"allow": ["Bash(npm test)"]}, mode="default")
    assert answer == {
        "id": "a",
        "decision": "allow",
        "reason": "allowed by the rule Bash(npm test)",
        "rule": "Bash(npm test)",
        "commands": ["npm test", "ls"],
        "suggestions": [],
    }


def test_rules_and_mode_may_be_left_out() -> None:
    assert line(cmd="ls")["decision"] == "allow"
    assert line(id=7, cmd="rm x")["id"] == 7
    assert check_line({"cmd": "rm x"}, "/w", "/home/ada", mode=Mode.YOLO)["decision"] == "allow"


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"cmd": 1},
        {"cmd": "ls", "mode": "wild"},
        {"cmd": "ls", "mode": None},
        {"cmd": "ls", "rules": "x"},
        {"cmd": "ls", "rules": {"allow": "Bash"}},
        {"cmd": "ls", "rules": {"deny": [1]}},
    ],
)
def test_a_bad_line_gets_an_error_and_no_decision(fields: dict[str, object]) -> None:
    answer = line(id="x", **fields)
    assert set(answer) == {"id", "error"}
    assert answer["id"] == "x"


@pytest.mark.parametrize("value", [None, 1, "ls", ["ls"]])
def test_a_line_that_is_no_object_gets_an_error(value: object) -> None:
    assert "error" in check_line(value, "/w", "/home/ada")


def test_faulty_rules_widen_nothing_and_are_named() -> None:
    answer = line(cmd="npm test", rules={"allow": ["Bash(npm test"]})
    assert answer["decision"] == "ask"
    assert answer["problems"] == [
        "permissions.allow: the rule `Bash(npm test` is not understood: its closing parenthesis is missing."
    ]


def test_rules_are_read_from_a_settings_file_too() -> None:
    rules = rules_from({"permissions": {"deny": ["Bash(rm:*)"]}, "x": 1})
    assert [rule.text for rule in rules.deny] == ["Bash(rm:*)"]
    with pytest.raises(BadLine):
        rules_from("allow")


def test_links_on_the_disk_are_followed(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "secret").write_text("x")
    (tmp_path / "work" / "notes").symlink_to("../secret")
    answer = check_command("cat notes", RuleSet(), Mode.DEFAULT, str(tmp_path / "work"), "/home/ada")
    assert answer["decision"] == "ask"


def test_an_explanation_names_the_reason_the_commands_and_the_rules() -> None:
    text = "\n".join(explain("ls; npm test", RuleSet(), Mode.DEFAULT, "/w", "/home/ada"))
    assert text == (
        "You are asked: `npm test` is not a read-only command.\n"
        "Commands found in it:\n  ls\n  npm test\n"
        "It would run unasked with:\n  Bash(npm test *)"
    )
    assert "No rule is offered" in "\n".join(explain("sudo x", RuleSet(), Mode.DEFAULT, "/w", "/home/ada"))
    assert explain("ls", RuleSet(), Mode.YOLO, "/w", "/h")[0] == "It runs: yolo mode asks no questions."
