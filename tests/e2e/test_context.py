"""Work in small windows, through the whole program: the server refuses what does not fit."""

from __future__ import annotations

import json
import os
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.support.chat_server import ChatServer, Reply, Request
from tests.support.program import Program

SUMMARY = "## Task\nCount.\n## Decisions\nOne by one.\n## Open problems\nNone.\n## Next step\nCount on."
NO_SANDBOX = {"QWEN_CODE_SANDBOX_ENABLED": "false"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    project.mkdir()
    return project


def asks_for_summary(request: Request) -> bool:
    last = request.messages[-1]
    return last["role"] == "user" and last["content"].startswith("Stop here and sum up.")


class Counting:
    """Answers with commands until `steps` are done; a new prompt makes it count on."""

    def __init__(self, steps: int) -> None:
        self.steps, self.done = steps, 0

    def __call__(self, request: Request, number: int) -> Reply:
        if asks_for_summary(request):
            return Reply(SUMMARY)
        self.done += 1
        if self.done > self.steps:
            return Reply("Counted.")
        return Reply(
            "I count on. " * 20, [("run_shell_command", {"command": f"seq {self.done} {self.done + 150}"})]
        )


def compacted(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [message["data"] for message in messages if message.get("subtype") == "compacted"]


def test_a_refusal_as_too_long_leads_to_a_compaction_and_the_work_goes_on(project: Path) -> None:
    with ChatServer(Counting(25), window=12_000, tells_window=False) as server:
        claim = {"QWEN_CODE_MODEL_GENERATION_CONFIG_CONTEXT_WINDOW_SIZE": "131072"}
        done = Program(project, server.base_url, {**NO_SANDBOX, **claim}).ask("-o", "json")
    assert done.code == 0
    assert done.json()[-1]["result"] == "Counted."
    assert len(server.refused) == 1
    assert len(compacted(done.json())) >= 1


def test_a_small_window_gets_the_lean_profile_unless_another_was_chosen(project: Path) -> None:
    def first(window: int, *arguments: str) -> tuple[int, int]:
        with ChatServer(["Done."], window=window) as server:
            assert Program(project, server.base_url, NO_SANDBOX).ask(*arguments).code == 0
        (request,) = server.requests
        return len(request.body["tools"]), request.prompt_tokens

    tools, tokens = first(12_000)
    assert (tools, tokens <= 1_200) == (6, True)
    assert first(12_000, "--profile", "system")[0] > 6
    assert first(16_384)[0] > 6


def test_the_window_is_asked_of_a_server_nearby_once_and_nothing_else_is(project: Path) -> None:
    with ChatServer(Counting(3), window=12_000) as server:
        Program(project, server.base_url, NO_SANDBOX).ask()
    assert server.other == ["GET /v1/models"]


def test_a_resumed_session_goes_on_behind_a_compaction_with_the_very_same_request(project: Path) -> None:
    counting = Counting(30)
    with ChatServer(counting, window=12_000) as server:
        program = Program(project, server.base_url, NO_SANDBOX)
        first = program.ask("-o", "json")
        before = server.requests[-1]
        counting.steps = counting.done + 5
        program.ask("--continue", prompt="count on")
    assert compacted(first.json())
    after = server.requests[server.requests.index(before) + 1]
    assert after.messages[: len(before.messages)] == before.messages
    assert after.body["tools"] == before.body["tools"]
    assert not server.refused


def test_a_run_that_is_killed_while_it_sums_up_loses_nothing(project: Path) -> None:
    summing_up = threading.Event()

    def script(request: Request, number: int) -> Reply:
        if asks_for_summary(request) and not summing_up.is_set():
            summing_up.set()
            return Reply(fault="hang")
        return counting(request, number)

    counting = Counting(30)
    with ChatServer(script, window=12_000) as server:
        program = Program(project, server.base_url, NO_SANDBOX)
        process = program.start("--yolo", "-p", "count")
        assert summing_up.wait(60)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        asked = next(request for request in server.requests if asks_for_summary(request))
        counting.steps = counting.done + 3
        done = program.ask("--continue", "-o", "json", prompt="count on")
    after = server.requests[server.requests.index(asked) + 1]
    assert after.messages[: len(asked.messages) - 1] == asked.messages[:-1]
    assert done.code == 0
    assert compacted(done.json())


def test_rules_come_once_with_the_first_file_that_they_are_about(project: Path) -> None:
    (project / ".qwen" / "rules").mkdir(parents=True)
    (project / ".qwen" / "rules" / "api.md").write_text("---\npaths: api/*.py\n---\nNo globals here.")
    (project / "api").mkdir()
    (project / "api" / "AGENTS.md").write_text("Ask before you add a route.")
    for name in ("a.py", "b.py"):
        (project / "api" / name).write_text("x = 1\n")
    replies = [Reply("", [("read_file", {"file_path": f"api/{name}"})]) for name in ("a.py", "b.py")]
    for trust, told in (("--trust", 1), ("--no-sandbox", 0)):
        with ChatServer([*replies, Reply("Done.")]) as server:
            Program(project, server.base_url, NO_SANDBOX).ask(trust)
        said = [message["content"] for message in server.requests[-1].messages if message["role"] == "user"]
        assert sum("No globals here." in text for text in said) == told
        assert sum("Ask before you add a route." in text for text in said) == told
        assert "No globals" not in json.dumps(server.requests[0].messages)


def test_a_structured_answer_is_on_stdout_and_in_the_result(project: Path) -> None:
    schema = project / "schema.json"
    schema.write_text('{"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}')
    replies = ["There are three.", 'So: {"n": 3}']
    with ChatServer(replies) as server:
        program = Program(project, server.base_url, NO_SANDBOX)
        done = program.ask("--json-schema", f"@{schema}", prompt="how many")
    assert (done.code, json.loads(done.out)) == (0, {"n": 3})
    with ChatServer(replies) as server:
        program = Program(project, server.base_url, NO_SANDBOX)
        done = program.ask("--json-schema", schema.read_text(), "-o", "json", prompt="how many")
    assert done.json()[-1]["structured_result"] == {"n": 3}
    with ChatServer(["no"] * 3) as server:
        done = Program(project, server.base_url, NO_SANDBOX).ask("--json-schema", schema.read_text())
    assert (done.code, "does not fit --json-schema" in done.err) == (1, True)
