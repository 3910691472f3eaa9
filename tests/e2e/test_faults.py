"""What goes wrong between us and a model, and how each run survives it or ends."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.chat_server import ChatServer, Reply
from tests.support.program import READ, TEST, Finished, Program, copy_example, edit_call, is_fixed

REPAIR: tuple[Reply, ...] = (
    Reply("Reading.", [READ]),
    Reply("Editing.", [edit_call()]),
    Reply("Testing.", [TEST]),
    Reply("Fixed."),
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return copy_example(tmp_path)


def faults_at(number: int, faults: Sequence[Reply], after: Sequence[Reply] = REPAIR) -> list[Reply]:
    return [*after[:number], *faults, *after[number:]]


def repair(project: Path, replies: Sequence[Reply], *arguments: str) -> tuple[Finished, ChatServer]:
    with ChatServer(replies) as server:
        done = Program(project, server.base_url).ask(*arguments)
    return done, server


SURVIVED = {
    "429 with Retry-After": [Reply(status=429, headers={"Retry-After": "1"})],
    "500 three times": [Reply(status=500)] * 3,
    "reset before the answer": [Reply(fault="reset_before")],
    "reset in mid-stream": [Reply("I will now look at it.", fault="reset")],
    "closed in mid-stream": [Reply("I will now look at it.", fault="close_mid")],
    "empty body": [Reply(fault="empty")],
    "HTML page": [Reply(fault="html")],
    "empty turn": [Reply("")],
    "cut JSON": [Reply("", [("edit", '{"file_path": "opening_hours/intervals.py", "old_str')])],
    "cut by the limit": [Reply("", [("edit", '{"file_path": "a.py", "old_string": "x')], finish="length")],
    "wrong schema": [Reply("", [("edit", {"path": "a.py", "old": "x"})])],
    "unknown tool": [Reply("", [("str_replace_editor", {"path": "a.py"})])],
    "text not found": [Reply("", [edit_call(old="this is nowhere")])],
}


@pytest.mark.parametrize("number", [0, 1], ids=["at once", "later"])
@pytest.mark.parametrize("fault", SURVIVED)
def test_a_passing_fault_is_survived(project: Path, fault: str, number: int) -> None:
    done, server = repair(project, faults_at(number, SURVIVED[fault]))
    assert done.code == 0, done.err
    assert is_fixed(project)
    assert done.out == "Fixed.\n"
    assert len(server.requests) == len(REPAIR) + len(SURVIVED[fault])


def test_retry_after_is_waited_for(project: Path) -> None:
    _, server = repair(project, faults_at(0, [Reply(status=429, headers={"Retry-After": "1"})]))
    assert server.requests[1].arrived - server.requests[0].arrived >= 1.0


def test_an_endless_503_ends_soon_and_asks_to_try_later(project: Path) -> None:
    settings = {"QWEN_CODE_MODEL_GENERATION_CONFIG_RETRY_TOTAL_SECONDS": "3"}
    with ChatServer(lambda request, number: Reply(status=503)) as server:
        done = Program(project, server.base_url, settings).ask()
    assert done.code == 75
    assert "503" in done.err
    assert len(server.requests) <= 4


def test_a_bad_key_is_a_matter_of_configuration(project: Path) -> None:
    done, server = repair(project, [Reply(status=401, body='{"error": {"message": "bad key"}}')])
    assert done.code == 52
    assert "OPENAI_API_KEY" in done.err
    assert len(server.requests) == 1


OVERFLOW = (
    '{"error": {"message": "maximum context length is 4096 tokens", "code": "context_length_exceeded"}}'
)


def test_a_conversation_that_does_not_fit_ends_at_once(project: Path) -> None:
    with ChatServer(lambda request, number: Reply(status=400, body=OVERFLOW)) as server:
        done = Program(project, server.base_url).ask()
    assert done.code == 1
    assert "4096" in done.err
    assert len(server.requests) <= 3


def test_a_server_that_never_answers_is_left_and_asked_again(project: Path) -> None:
    limit = {"QWEN_CODE_MODEL_GENERATION_CONFIG_TIMEOUT": "1000"}
    with ChatServer(faults_at(0, [Reply(fault="hang")])) as server:
        done = Program(project, server.base_url, limit).ask()
    assert done.code == 0, done.err
    assert is_fixed(project)
    assert server.requests[0].disconnected.is_set()


def test_a_stream_that_stalls_is_left_and_asked_again(project: Path) -> None:
    limit = {"QWEN_CODE_MODEL_GENERATION_CONFIG_STREAM_IDLE_TIMEOUT_MS": "1000"}
    with ChatServer(faults_at(1, [Reply("I will now think about it.", fault="stall")])) as server:
        done = Program(project, server.base_url, limit).ask()
    assert done.code == 0, done.err
    assert is_fixed(project)


def test_endless_identical_calls_are_ended(project: Path) -> None:
    with ChatServer(lambda request, number: Reply("", [READ])) as server:
        done = Program(project, server.base_url).ask()
    assert done.code == 1
    assert "read_file" in done.err
    assert len(server.requests) == 5


def test_a_model_that_says_nothing_is_no_success(project: Path) -> None:
    with ChatServer(lambda request, number: Reply("")) as server:
        done = Program(project, server.base_url).ask()
    assert done.code == 1
    assert "without finishing" in done.err
    assert len(server.requests) == 2


def test_a_call_left_in_the_text_is_run(project: Path) -> None:
    path = READ[1]["file_path"]
    text = f"I'll read it.\n<function=read_file>\n<parameter=file_path>\n{path}\n</parameter>\n</function>"
    done, _ = repair(project, [Reply(text), *REPAIR[1:]])
    assert done.code == 0, done.err
    assert is_fixed(project)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://127.0.0.1:9/v1", "127.0.0.1:9"),
        ("http://no-such-host.invalid/v1", "no-such-host.invalid"),
        ("ftp://example.invalid", "http"),
    ],
)
def test_an_endpoint_that_is_not_there_is_named(project: Path, url: str, words: str) -> None:
    quick = {"QWEN_CODE_MODEL_GENERATION_CONFIG_MAX_RETRIES": "1"}
    done = Program(project, url, quick).ask()
    assert done.code in (52, 75)
    assert words in done.err


def test_a_page_at_the_wrong_address_is_no_endpoint(project: Path) -> None:
    with ChatServer(prefix="/api") as server:
        done = Program(project, f"{server.url}/wrong").ask()
    assert done.code == 52
    assert "OpenAI-compatible" in done.err


def test_waiting_is_ended_by_the_wall_time(project: Path) -> None:
    started = time.monotonic()
    with ChatServer(lambda request, number: Reply(fault="hang")) as server:
        done = Program(project, server.base_url).ask("--max-wall-time", "1")
    assert done.code == 55
    assert "--max-wall-time" in done.err
    assert time.monotonic() - started < 30
    assert server.requests[0].disconnected.wait(5)
