"""`qwen-code -p`: what goes to stdout, what the exit code says, and that nothing is asked."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.support.chat_server import ChatServer, Reply, Request
from tests.support.program import (
    FIX,
    READ,
    SOURCE,
    TEST,
    TEST_COMMAND,
    Program,
    copy_example,
    edit_call,
    is_fixed,
    texts,
)

REPAIR: tuple[Reply, ...] = (
    Reply("", [TEST]),
    Reply("", [READ]),
    Reply("Here it is.", [edit_call()]),
    Reply("", [TEST]),
    Reply("Fixed: touching intervals are merged.", usage={"prompt_tokens": 900, "completion_tokens": 9}),
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return copy_example(tmp_path)


def test_red_goes_green_and_only_the_result_is_on_stdout(project: Path) -> None:
    with ChatServer(REPAIR) as server:
        done = Program(project, server.base_url).ask()
    assert (done.code, done.out, done.err) == (0, "Fixed: touching intervals are merged.\n", "")
    assert is_fixed(project)
    assert subprocess.run([sys.executable, "-m", "pytest", "-q"], cwd=project, check=False).returncode == 0
    results = texts(server.requests[-1].messages, "tool")
    assert "2 failed" in results[0]
    assert "13 passed" in results[3]


def test_every_request_extends_the_one_before_byte_for_byte(project: Path) -> None:
    with ChatServer(REPAIR) as server:
        Program(project, server.base_url).ask()
    for before, after in zip(server.requests, server.requests[1:], strict=False):
        head, _, _ = before.raw.rpartition(b"]")
        assert before.body["tools"] == after.body["tools"]
        assert after.body["messages"][: len(before.messages)] == before.messages
        assert head.count(b"{") > 1


def test_a_resumed_session_sends_what_it_sent_before(project: Path) -> None:
    with ChatServer([*REPAIR, Reply("You are welcome.")]) as server:
        program = Program(project, server.base_url)
        program.ask()
        (project / "AGENTS.md").write_text("New instructions, which came too late for this session.\n")
        done = program.ask("--continue", prompt="thanks")
    assert done.out == "You are welcome.\n"
    first, resumed = server.requests[4].body, server.requests[5].body
    assert resumed["tools"] == first["tools"]
    assert resumed["messages"][: len(first["messages"])] == first["messages"]
    assert [m["role"] for m in resumed["messages"][len(first["messages"]) :]] == ["assistant", "user"]


def test_a_resumed_session_knows_which_files_were_read(project: Path) -> None:
    with ChatServer(
        [Reply("", [READ]), Reply("Read."), Reply("", [edit_call()]), Reply("Edited.")]
    ) as server:
        program = Program(project, server.base_url)
        program.ask()
        assert program.ask("-c").code == 0
    assert is_fixed(project)


def test_json_is_one_array_that_ends_with_the_result(project: Path) -> None:
    with ChatServer(REPAIR) as server:
        done = Program(project, server.base_url).ask("-o", "json", "--verify", TEST_COMMAND)
    messages = done.json()
    init, *_, result = messages
    assert (init["type"], init["subtype"], init["permission_mode"]) == ("system", "init", "yolo")
    assert "edit" in init["tools"]
    assert [m["type"] for m in messages[1:5]] == ["assistant", "user", "assistant", "user"]
    assert (result["type"], result["subtype"], result["exit_code"]) == ("result", "success", 0)
    assert result["files_changed"] == [str(project / SOURCE)]
    assert result["verification"] == {"command": TEST_COMMAND, "passed": True}
    assert result["num_turns"] == 5
    assert result["usage"]["input_tokens"] == 900


def test_stream_json_comes_line_by_line_with_partial_messages(project: Path) -> None:
    with ChatServer([Reply("One two three four five six.")]) as server:
        lines = (
            Program(project, server.base_url).ask("-o", "stream-json", "--include-partial-messages").lines()
        )
    kinds = [line["event"]["type"] if line["type"] == "stream_event" else line["type"] for line in lines]
    assert kinds[:3] == ["system", "message_start", "content_block_start"]
    assert kinds[-4:] == ["content_block_stop", "assistant", "message_stop", "result"]
    deltas = [line["event"]["delta"]["text"] for line in lines if line.get("event", {}).get("delta")]
    assert "".join(deltas) == "One two three four five six."


def test_the_verification_is_run_by_the_harness_and_its_failure_goes_back(project: Path) -> None:
    replies = [Reply("All done!"), Reply("", [READ]), Reply("", [edit_call()]), Reply("Now it is.")]
    with ChatServer(replies) as server:
        done = Program(project, server.base_url).ask("--verify", TEST_COMMAND)
    assert done.code == 0
    assert done.out == "Now it is.\n"
    assert "2 failed" in server.requests[1].messages[-1]["content"]


def test_a_verification_that_keeps_failing_is_not_success(project: Path) -> None:
    with ChatServer(lambda request, number: Reply("All done!")) as server:
        done = Program(project, server.base_url).ask("--verify", TEST_COMMAND, "--max-session-turns", "2")
    assert done.code == 56
    assert "still fails" in done.err


def test_without_a_sandbox_and_a_mode_nothing_is_started(project: Path) -> None:
    with ChatServer() as server:
        done = Program(project, server.base_url).run("-p", "fix the failing tests")
    assert done.code in (0, 44)
    if done.code == 44:
        assert "--yolo" in done.err
        assert not server.requests


def test_what_would_be_asked_is_refused_and_said(project: Path) -> None:
    calls = [READ, edit_call(), ("run_shell_command", {"command": "mkdir build"})]
    replies = [Reply("", [call]) for call in calls]
    with ChatServer([*replies, Reply("I could not make it.")]) as server:
        done = Program(project, server.base_url).run(
            "--approval-mode", "auto-edit", "-o", "json", "-p", "make it"
        )
    assert done.code == 54
    assert is_fixed(project)
    assert not (project / "build").exists()
    result = done.json()[-1]
    (denial,) = result["permission_denials"]
    assert denial["tool_input"] == {"command": "mkdir build"}
    assert "Bash(mkdir" in denial["rule"]
    assert "Not permitted" in texts(server.requests[-1].messages, "tool")[-1]


def test_plan_mode_changes_nothing(project: Path) -> None:
    before = (project / SOURCE).read_bytes()
    with ChatServer([Reply("", [READ]), Reply("", [edit_call()]), Reply("The plan is this.")]) as server:
        done = Program(project, server.base_url).run("--approval-mode", "plan", "-p", "fix it")
    assert done.code == 54
    assert done.out == "The plan is this.\n"
    assert (project / SOURCE).read_bytes() == before


@pytest.mark.parametrize(
    ("flag", "value", "code"),
    [("--max-session-turns", "3", 53), ("--max-tool-calls", "2", 55), ("--max-tokens", "50", 55)],
)
def test_a_budget_has_its_own_code(project: Path, flag: str, value: str, code: int) -> None:
    def script(request: object, number: int) -> Reply:
        command = ("run_shell_command", {"command": f"echo {number}"})
        return Reply("", [command], usage={"prompt_tokens": 20, "completion_tokens": 5})

    with ChatServer(script) as server:
        done = Program(project, server.base_url).ask(flag, value)
    assert done.code == code
    assert flag in done.err


def test_stdin_is_the_prompt_or_comes_with_it(project: Path) -> None:
    with ChatServer(lambda request, number: Reply("Ok.")) as server:
        program = Program(project, server.base_url)
        program.run("--yolo", stdin="what is this?")
        program.run("--yolo", "-p", "explain", stdin="a log\n")
        program.run("--yolo", "explain", "this", stdin="")
    alone, both, none = (texts(request.messages, "user")[0] for request in server.requests)
    assert alone.endswith("\n\nwhat is this?")
    assert both.endswith("explain\n\n<stdin>\na log\n\n</stdin>")
    assert none.endswith("\n\nexplain this")


@pytest.mark.parametrize(
    ("arguments", "stdin", "code", "words"),
    [
        (["--no-such-flag"], None, 2, "--no-such-flag"),
        (["-o", "yaml", "-p", "x"], None, 2, "stream-json"),
        (["-p", "x", "y"], None, 2, "once"),
        (["-c", "-r", "abc", "-p", "x"], None, 2, "not both"),
        (["--max-session-turns", "0", "-p", "x"], None, 2, "equal to 1"),
        (["--approval-mode", "brave", "-p", "x"], None, 2, "brave"),
        (["--core-tools", "no_such_tool", "-p", "x", "--yolo"], None, 2, "no_such_tool"),
        (["--profile", "huge", "-p", "x", "--yolo"], None, 52, "huge"),
        (["--yolo", "-p", "  "], None, 42, "empty"),
        (["--yolo"], "\n", 42, "empty"),
        (["--yolo", "-r", "nothing-like-it", "-p", "x"], None, 42, "nothing-like-it"),
        (["--yolo", "-c", "-p", "x"], None, 42, "no session"),
        (["--yolo", "--add-dir", "/no/such/place", "-p", "x"], None, 42, "/no/such/place"),
        (["-m", "scripted:/no/such/file", "--yolo", "-p", "x"], None, 52, "/no/such/file"),
    ],
)
def test_bad_input_gets_one_sentence_and_its_code(
    project: Path, arguments: list[str], stdin: str | None, code: int, words: str
) -> None:
    with ChatServer() as server:
        done = Program(project, server.base_url).run(*arguments, stdin=stdin)
    assert done.code == code, done.err
    assert words in done.err
    assert done.out == ""
    assert not server.requests


def test_no_endpoint_is_said_with_the_ways_to_name_one(project: Path) -> None:
    done = Program(project).ask()
    assert done.code == 52
    assert "OPENAI_BASE_URL" in done.err


def test_a_bad_setting_names_file_line_and_remedy(project: Path) -> None:
    settings = Path(os.environ["HOME"]) / ".qwen" / "settings.json"
    settings.parent.mkdir()
    settings.write_text('{\n  "tools": {\n    "approvalMode": "brave"\n  }\n}\n')
    done = Program(project, "http://127.0.0.1:9/v1").run("-p", "x")
    assert done.code == 52
    assert "settings.json" in done.err
    assert "3" in done.err
    assert "auto-edit" in done.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_run_and_the_result_is_still_told(project: Path, number: signal.Signals) -> None:
    sleep = ("run_shell_command", {"command": "echo started > started; sleep 60; echo ended > ended"})
    asked = threading.Event()

    def script(request: object, count: int) -> Reply:
        asked.set()
        return Reply("I will wait.", [sleep])

    with ChatServer(script) as server:
        program = Program(project, server.base_url)
        process = program.start("--yolo", "-o", "json", "-p", "wait")
        assert asked.wait(20)
        for _ in range(400):
            if (project / "started").exists():
                break
            threading.Event().wait(0.02)
        process.send_signal(number)
        out, err = process.communicate(timeout=10)
        assert process.returncode == 130, err
        result = json.loads(out)[-1]
        assert (result["outcome"], result["exit_code"]) == ("interrupted", 130)
        server.close()
    with ChatServer([Reply("Going on.")]) as server:
        done = Program(project, server.base_url).ask("--continue", prompt="go on")
    assert done.code == 0
    assert "interrupted" in texts(server.requests[0].messages, "tool")[0]


def test_killed_half_way_it_can_be_resumed(project: Path) -> None:
    asked = threading.Event()

    def script(request: object, count: int) -> Reply:
        if count < 2:
            return Reply(f"Step {count}.", [READ])
        asked.set()
        return Reply(fault="hang")

    with ChatServer(script) as server:
        process = Program(project, server.base_url).start("--yolo", "-p", "go")
        assert asked.wait(20)
        process.kill()
        process.wait()
    with ChatServer([Reply("Back again.")]) as server:
        done = Program(project, server.base_url).ask("-c", prompt="go on")
    assert done.out == "Back again.\n"
    said = server.requests[0].messages
    assert [m["role"] for m in said[1:]] == ["user", "assistant", "tool", "assistant", "tool", "user"]


def test_a_reader_that_goes_away_is_no_traceback(project: Path) -> None:
    with ChatServer([Reply("line\n" * 20_000)]) as server:
        command = " ".join(Program(project).command("--yolo", "-p", "talk"))
        program = Program(project, server.base_url)
        done = subprocess.run(
            ["bash", "-c", f"{command} | head -1"],
            cwd=project,
            env=program.env(),
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
    assert done.stdout == "line\n"
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr


def test_tools_can_be_left_out_and_the_lean_profile_is_small(project: Path) -> None:
    with ChatServer(lambda request, number: Reply("Ok.")) as server:
        program = Program(project, server.base_url)
        program.ask("--exclude-tools", "web_fetch,todo_write", prompt="x")
        program.ask("--profile", "lean", prompt="x")
        program.ask("--system-prompt", "Be a cat.", "--append-system-prompt", "Purr.", prompt="x")
    names = [[tool["function"]["name"] for tool in body["tools"]] for body in server.bodies]
    assert "web_fetch" not in names[0]
    assert names[1] == ["edit", "glob", "grep_search", "read_file", "run_shell_command", "write_file"]
    assert server.requests[2].messages[0]["content"] == "Be a cat.\n\nPurr."


def test_the_answer_is_left_alone_and_written_whole(project: Path) -> None:
    text = f"Line one.\n\n```python\nif {FIX}:\n    ...\n```\n\nÜber 你好 🎉"
    with ChatServer([Reply(text)]) as server:
        assert Program(project, server.base_url).ask().out == text + "\n"


def test_what_was_too_long_can_be_read_from_where_it_is_kept(project: Path) -> None:
    def script(request: Request, number: int) -> Reply:
        if number == 0:
            return Reply("", [("run_shell_command", {"command": "seq 20000"})])
        if number == 1:
            (result,) = texts(request.messages, "tool")
            path = next(word.strip("[].,:;") for word in result.split() if word.startswith("/"))
            return Reply("", [("read_file", {"file_path": path, "offset": 9999, "limit": 2})])
        return Reply("Read.")

    with ChatServer(script) as server:
        mode = ["--approval-mode", "auto-edit", "--allowed-tools", "Bash(seq *)"]
        done = Program(project, server.base_url).run(*mode, "-p", "count")
    assert done.code == 0, done.err
    assert "10000\n10001" in texts(server.requests[2].messages, "tool")[1]
