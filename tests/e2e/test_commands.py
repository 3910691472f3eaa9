"""The commands beside the agent itself, as a user would run them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from qwen_code.agent.registry import tool_names
from tests.support.chat_server import ChatServer, Reply
from tests.support.program import READ, SOURCE, Finished, Program, copy_example, edit_call, is_fixed

OUTSIDE = {"file_path": "../out.txt", "content": "x"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return copy_example(tmp_path)


def settings_file() -> Path:
    path = Path(os.environ["HOME"]) / ".qwen" / "settings.json"
    path.parent.mkdir(exist_ok=True)
    return path


def lines(*values: dict[str, Any]) -> str:
    return "".join(json.dumps(value) + "\n" for value in values)


def test_tools_list_shows_each_tool(project: Path) -> None:
    program = Program(project)
    text = program.run("tools", "list").out
    assert "edit(file_path, old_string, new_string, [replace_all])" in text
    offered = json.loads(program.run("tools", "list", "--json").out)
    assert [tool["function"]["name"] for tool in offered] == tool_names()


def test_a_tool_can_be_run_by_hand(project: Path) -> None:
    done = Program(project).run("tools", "run", "read_file", stdin=json.dumps(READ[1]))
    answer = done.json()
    assert (done.code, answer["ok"], answer["decision"]) == (0, True, "allow")
    assert "def merge" in answer["for_model"]


@pytest.mark.parametrize(
    ("tool", "arguments", "more", "code", "decision", "kind"),
    [
        ("read_file", {"file_path": "nothing.py"}, [], 1, "allow", "not_found"),
        ("read_file", {}, [], 1, "allow", "schema"),
        ("edit", edit_call()[1], [], 54, "ask", "stale"),
        ("edit", edit_call()[1], ["--assume-read"], 54, "ask", "not_permitted"),
        ("edit", edit_call()[1], ["--mode", "plan"], 54, "deny", "not_permitted"),
        ("edit", edit_call()[1], ["--mode", "auto-edit"], 1, "allow", "stale"),
        ("edit", edit_call()[1], ["--mode", "auto-edit", "--assume-read"], 0, "allow", None),
        ("no_such_tool", {}, [], 1, "allow", "unknown_tool"),
        ("write_file", OUTSIDE, ["--mode", "auto-edit"], 54, "ask", "not_permitted"),
    ],
)
def test_running_a_tool_says_what_came_of_it(
    project: Path,
    tool: str,
    arguments: dict[str, Any],
    more: list[str],
    code: int,
    decision: str,
    kind: str | None,
) -> None:
    done = Program(project).run("tools", "run", tool, *more, stdin=json.dumps(arguments))
    answer = done.json()
    assert (done.code, answer["decision"]) == (code, decision)
    assert (answer["error"]["kind"] if answer["error"] else None) == kind
    assert is_fixed(project) == (answer["ok"] and tool == "edit")


def test_lines_of_one_workspace_share_what_was_read(project: Path) -> None:
    edit = {"tool": "edit", "args": edit_call()[1], "mode": "auto-edit", "workspace": str(project)}
    done = Program(project).run(
        "tools",
        "run",
        "--jsonl",
        stdin=lines({"id": 1, **edit}, {"id": 2, **edit, "read_first": [SOURCE]}) + "no json\n[1]\n",
    )
    first, second, bad, worse = done.lines()
    assert (first["id"], first["error"]["kind"]) == (1, "stale")
    assert (second["id"], second["ok"], second["error"]) == (2, True, None)
    assert second["files_changed"] == [str(project / SOURCE)]
    assert second["for_user"]["type"] == "DiffBlock"
    assert [bad["error"]["kind"], worse["error"]["kind"]] == ["bad_line"] * 2
    assert is_fixed(project)


def test_a_line_that_asks_for_nothing_costs_no_other_its_answer(project: Path) -> None:
    read = {"tool": READ[0], "args": READ[1]}
    wrong = [{"tool": 5}, {**read, "args": [1]}, {**read, "workspace": 5}, {**read, "read_first": 5}]
    given = lines(*wrong, {**read, "mode": "brave"}, read)
    *bad, last = Program(project).run("tools", "run", "--jsonl", stdin="[" * 9_999 + "\n" + given).lines()
    assert [answer["error"]["kind"] for answer in bad] == ["bad_line"] * 6
    assert "There is no mode 'brave'" in bad[-1]["error"]["message"]
    assert last["ok"]


def test_decode_reads_calls_from_text(project: Path) -> None:
    text = "Look.\n<function=read_file>\n<parameter=file_path>\na.py\n</parameter>\n</function>\n</tool_call>"
    program = Program(project)
    answer = program.run("tools", "decode", stdin=text).json()
    assert answer["content"].strip() == "Look."
    assert answer["calls"] == [{"name": "read_file", "arguments": {"file_path": "a.py"}}]
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}}
    tools = [{"type": "function", "function": {"name": "f", "parameters": schema}}]
    cut = "<tool_call>\n<function=f>\n<parameter=n>\n1"
    given = lines({"id": "a", "tools": tools, "text": cut, "finish_reason": "length"}) + "{}\nnot json\n"
    first, *rest = program.run("tools", "decode", "--jsonl", stdin=given).lines()
    assert (first["id"], first["calls"], first["error"]) == ("a", [], "truncated")
    assert len(rest) == 2


@pytest.mark.parametrize(
    ("command", "more", "decision", "code"),
    [
        ("git status", [], "allow", 0),
        ("rm -rf x", [], "ask", 1),
        ("rm -rf x", ["--mode", "plan"], "deny", 54),
        ("ls; rm x", [], "ask", 1),
    ],
)
def test_permissions_check_judges_a_command(
    project: Path, command: str, more: list[str], decision: str, code: int
) -> None:
    done = Program(project).run("permissions", "check", *more, command)
    assert (done.code, done.json()["decision"]) == (code, decision)


def test_permissions_check_takes_rules_and_lines(project: Path) -> None:
    rules = project / "rules.json"
    rules.write_text(json.dumps({"deny": ["Bash(git push:*)"]}))
    program = Program(project)
    answer = program.run("permissions", "check", "--rules", str(rules), "git push").json()
    assert (answer["decision"], answer["rule"]) == ("deny", "Bash(git push:*)")
    allowed = {"allow": ["Bash(npm test)"], "deny": [], "ask": []}
    line = {"id": "x", "cmd": "npm test", "rules": allowed, "mode": "default"}
    (answer,) = program.run("permissions", "check", "--jsonl", stdin=lines(line)).lines()
    assert (answer["id"], answer["decision"], answer["commands"]) == ("x", "allow", ["npm test"])


def test_permissions_explain_says_why(project: Path) -> None:
    text = Program(project).run("permissions", "explain", "curl https://example.com | sh").out
    assert "curl" in text
    assert "ask" in text


def test_a_saved_rule_is_obeyed(project: Path) -> None:
    settings_file().write_text(json.dumps({"permissions": {"allow": ["Bash(touch *)"]}}))
    call = ("run_shell_command", {"command": "touch made"})
    with ChatServer([Reply("", [call]), Reply("Made.")]) as server:
        done = Program(project, server.base_url).run("--approval-mode", "default", "-p", "make it")
    assert done.code == 0, done.err
    assert (project / "made").exists()


def test_config_show_says_where_values_come_from(project: Path) -> None:
    settings_file().write_text('{\n  "model": {"name": "qwen-x", "apiKey": "sk-secret-1234567890"}\n}\n')
    program = Program(project, environment={"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"})
    text = program.run("config", "show", "--origin").out
    assert "qwen-x" in text
    assert "settings.json:2" in text
    assert "OPENAI_BASE_URL" in text
    assert "sk-secret-1234567890" not in text
    values = json.loads(program.run("config", "show", "--json").out)
    assert values["model.name"] == "qwen-x"


def test_sessions_are_listed_shown_exported_and_deleted(project: Path) -> None:
    program = Program(project)
    assert "no sessions" in program.run("sessions", "list").out
    with ChatServer([Reply("", [READ]), Reply("It merges intervals.")]) as server:
        Program(project, server.base_url).ask(prompt="what does merge do?")
    (summary,) = json.loads(program.run("sessions", "list", "--json").out)
    assert summary["first_prompt"] == "what does merge do?"
    shown = program.run("sessions", "show", summary["id"][:12]).out
    assert "It merges intervals." in shown
    json.loads(program.run("sessions", "export", "--format", "json").out)
    assert program.run("sessions", "delete", summary["id"]).code == 0
    assert not program.sessions()
    gone = program.run("sessions", "show", summary["id"])
    assert gone.code == 42
    assert summary["id"] in gone.err


def doctor(project: Path, url: str = "", *arguments: str) -> Finished:
    return Program(project, url).run("doctor", *arguments)


def test_doctor_names_what_is_wrong(project: Path) -> None:
    none = doctor(project)
    assert none.code == 52
    assert "OPENAI_BASE_URL" in none.out
    dead = doctor(project, "http://127.0.0.1:9/v1")
    assert dead.code == 75
    assert "127.0.0.1:9" in dead.out
    settings_file().write_text('{"modle": {"name": "x"}}')
    with ChatServer() as server:
        good = doctor(project, server.base_url)
    assert good.code == 0, good.out
    assert "test-model" in good.out
    assert "modle" in good.out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_are_made_of_the_commands(project: Path, shell: str) -> None:
    script = Program(project).run("completion", shell).out
    for word in ("sessions", "max-session-turns", "auto-edit"):
        assert word in script
    if path := shutil.which(shell):
        subprocess.run([path, "-n", "/dev/stdin"], input=script, text=True, check=True)


def test_bash_completes_commands_and_values(project: Path) -> None:
    script = Program(project).run("completion", "bash").out
    ask = """
_q() { COMP_WORDS=(qwen-code "$@"); COMP_CWORD=$#; COMPREPLY=(); _qwen_code; echo "${COMPREPLY[*]}"; }
_q ses; _q --approval-mode au; _q sessions li; _q --verif
"""
    done = subprocess.run(["bash", "-c", script + ask], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["sessions", "auto-edit auto", "list", "--verify"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["tools", "run"], "NAME"),
        (["tools", "nope"], "nope"),
        (["permissions", "check", "--mode", "brave", "ls"], "brave"),
        (["tools", "run", "read_file", "--mode", "brave"], "brave"),
        (["completion", "csh"], "csh"),
        (["sessions", "export", "--format", "pdf"], "pdf"),
    ],
)
def test_a_wrong_command_line_is_one_sentence(project: Path, arguments: list[str], words: str) -> None:
    done = Program(project).run(*arguments)
    assert done.code == 2
    assert words in done.err
    assert len(done.err.splitlines()) == 1
