"""A model in the program's own process, through the whole program: nothing is evaluated twice."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from qwen_code.api import open_app
from qwen_code.events import AnswerEnded, Compacted
from tests.support.chat_server import ChatServer, Reply
from tests.support.embedded import (
    MOST_TOKENS,
    Request,
    assert_nothing_twice,
    embedded,
    one_shot,
    requests_of,
)
from tests.support.program import Program, copy_example
from tests.support.pty_driver import on_a_terminal
from tests.support.tiny_models import Architecture, TinyModel, caller, needs_llama_cpp

pytestmark = needs_llama_cpp

ALL: tuple[Architecture, ...] = ("qwen3", "qwen3moe", "qwen3next")
DENSE_AND_HYBRID: tuple[Architecture, ...] = ("qwen3moe", "qwen3next")


def states(home: Path) -> list[dict[str, object]]:
    """What is kept on disk of evaluated conversations."""
    return [json.loads(path.read_text()) for path in (home / ".qwen" / "kv").glob("*/*.json")]


@pytest.mark.parametrize("architecture", ALL)
def test_the_example_is_worked_on_with_calls_that_are_all_valid(
    architecture: Architecture, tmp_path: Path
) -> None:
    program = embedded(copy_example(tmp_path), caller(architecture).build())
    ran = program.ask(
        *("--no-sandbox", "--max-session-turns", "4", "--verify", "python -m pytest -q", "-o", "json"),
        timeout=300,
    )
    assert ran.code in (1, 53, 56), ran.err  # the weights are random: it can't know what to repair
    events = ran.json()
    blocks = [b for e in events if e["type"] == "assistant" for b in e["message"]["content"]]
    calls = [block for block in blocks if block["type"] == "tool_use"]
    assert calls
    offered = set(events[0]["tools"])
    results = {
        block["tool_use_id"]: block
        for event in events
        if event["type"] == "user"
        for block in event["message"]["content"]
        if block["type"] == "tool_result"
    }
    for call in calls:
        assert call["name"] in offered
        assert "Invalid call" not in results[call["id"]]["content"], call
    assert_nothing_twice(requests_of(ran))


@pytest.mark.parametrize("architecture", DENSE_AND_HYBRID)
def test_ten_turns_evaluate_only_what_is_new(
    architecture: Architecture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QWEN_CODE_LOCAL_THREADS", "1")
    requests: list[Request] = []

    async def talk() -> None:
        sampling = "model.generationConfig.samplingParams.max_tokens"
        flags = {sampling: MOST_TOKENS, "model.maxSessionTurns": 2, "agent.profile": "lean"}
        model = str(caller(architecture).build())
        async with open_app(tmp_path, model=model, mode="plan", flags=flags) as app:
            for turn in range(10):
                async for event in app.run(f"Look at file {turn}."):
                    if isinstance(event, AnswerEnded):
                        usage = event.usage
                        requests.append(
                            Request(usage.prompt_tokens, usage.cached_tokens, usage.completion_tokens)
                        )

    asyncio.run(talk())
    assert len(requests) >= 10
    assert_nothing_twice(requests)


@pytest.mark.parametrize("architecture", DENSE_AND_HYBRID)
def test_a_summary_is_asked_for_beside_the_conversation_which_loses_nothing(
    architecture: Architecture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QWEN_CODE_LOCAL_THREADS", "1")
    requests: list[Request] = []

    async def talk() -> bool:
        sampling = "model.generationConfig.samplingParams.max_tokens"
        flags = {sampling: MOST_TOKENS, "model.maxSessionTurns": 1, "agent.profile": "lean"}
        model = str(TinyModel(architecture).build())
        async with open_app(tmp_path, model=model, mode="plan", flags=flags) as app:
            shortened = False
            for turn in range(4):
                if turn == 3:
                    shortened = any([isinstance(event, Compacted) async for event in app.compress()])
                async for event in app.run("Tell me a long story of many things. " * 10):
                    if isinstance(event, AnswerEnded):
                        usage = event.usage
                        requests.append(
                            Request(usage.prompt_tokens, usage.cached_tokens, usage.completion_tokens)
                        )
            return shortened

    if asyncio.run(talk()):  # what a model of random weights wrote passed for a summary
        assert requests.pop().cached > 1000
    assert_nothing_twice(requests)


@pytest.mark.parametrize("architecture", DENSE_AND_HYBRID)
def test_a_resumed_session_evaluates_only_what_is_new_and_so_does_a_rewound_one(
    architecture: Architecture, tmp_path: Path
) -> None:
    program = embedded(tmp_path, TinyModel(architecture).build())
    first = requests_of(one_shot(program, "Say something.", requests=1))
    second = requests_of(one_shot(program, "Go on.", "-c", requests=1))
    third = requests_of(one_shot(program, "And on.", "-c", requests=1))
    assert_nothing_twice([*first, *second, *third])
    rewound = program.run("sessions", "rewind", "--to", "3", "--only", "conversation")
    assert rewound.code == 0, rewound.err
    again = requests_of(one_shot(program, "But on.", "-c", requests=1))
    assert again[0].prompt == third[0].prompt  # as many tokens, in place of those that were taken back
    assert again[0].cached >= second[-1].held
    assert again[0].evaluated < 120


@pytest.mark.parametrize("architecture", DENSE_AND_HYBRID)
def test_a_new_session_in_another_project_begins_with_the_system_prompt_evaluated(
    architecture: Architecture, tmp_path: Path
) -> None:
    model = TinyModel(architecture).build()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    (cold, *_) = requests_of(one_shot(embedded(tmp_path / "one", model), "Hello.", requests=1))
    (warm, *_) = requests_of(one_shot(embedded(tmp_path / "two", model), "Hello.", requests=1))
    assert cold.cached == 0
    assert warm.cached > 1000
    assert warm.evaluated < 400


def test_deleting_a_session_deletes_what_was_kept_of_it_and_not_the_system_prompt(
    isolated: Path, tmp_path: Path
) -> None:
    program = embedded(tmp_path, TinyModel("qwen3moe").build())
    one_shot(program, "Hello.", requests=1)
    (session,) = (path.stem for path in program.sessions())
    assert sorted(str(state["label"]) for state in states(isolated)) == ["", session]
    assert program.run("sessions", "delete", session).code == 0
    assert [state["label"] for state in states(isolated)] == [""]
    files = [path for path in (isolated / ".qwen" / "kv").glob("*/*") if path.suffix != ".json"]
    assert len(files) == 1


def test_a_session_that_two_processes_go_on_with_is_whole_afterwards(tmp_path: Path) -> None:
    program = embedded(tmp_path, TinyModel("qwen3moe").build())
    first = requests_of(one_shot(program, "Hello.", requests=1))
    arguments = ("--yolo", "--no-sandbox", "--max-session-turns", "1", "-c", "-p", "Go on.")
    running = [program.start(*arguments) for _ in range(2)]
    for process in running:
        _, said = process.communicate(timeout=180)
        assert process.returncode in (0, 1, 53), said
        assert "Traceback" not in said
    resumed = requests_of(one_shot(program, "And on.", "-c", requests=1))
    assert resumed[0].cached >= first[-1].held


def test_a_small_dense_model_whose_layers_share_the_embedding_works(tmp_path: Path) -> None:
    model = TinyModel("qwen3", layers=3, width=256, vocabulary=4096, head_size=64, tied=True)
    program = embedded(tmp_path, model.build())
    assert requests_of(one_shot(program, "Hello.", requests=1))[0].drawn
    described = json.loads(program.run("models", "info", str(model.build()), "--json").out)
    assert (described["architecture"], described["layers"]) == ("qwen3", 3)


def test_what_llama_cpp_says_goes_to_the_debug_file_and_nowhere_else(isolated: Path, tmp_path: Path) -> None:
    program = embedded(tmp_path, caller().build())
    ran = one_shot(program, "Hello.", "--debug", requests=1)
    (log,) = (isolated / ".qwen" / "debug").iterdir()
    assert "llama" in log.read_text()
    assert log.stat().st_mode & 0o077 == 0
    assert "llama" not in ran.err


def test_the_model_is_changed_in_mid_session_and_the_conversation_goes_on(tmp_path: Path) -> None:
    model = TinyModel("qwen3moe").build()
    few = {
        "QWEN_CODE_MODEL_GENERATION_CONFIG_SAMPLING_PARAMS_MAX_TOKENS": "12",
        "QWEN_CODE_MODEL_MAX_SESSION_TURNS": "1",
        "QWEN_CODE_LOCAL_THREADS": "1",
        "QWEN_CODE_AGENT_PROFILE": "lean",
        "TERM": "xterm-256color",
    }
    with ChatServer([Reply("From afar."), Reply("From afar again.")]) as server:
        program = Program(tmp_path, server.base_url, few)
        with on_a_terminal(program.command(), cwd=tmp_path, env=program.env(), columns=100) as person:
            person.sees("default · test-model")
            person.type("first question", "\r")
            person.sees("From afar.")
            person.type(f"/model {model}", "\r")
            person.sees(f"From now on {model.stem} answers.")
            person.type("second question", "\r")
            person.sees("> second question")
            person.rests()
            # The prompt can be on the screen before the rest of the same frame is.
            person.until(lambda: "· local" in person.emulator.screen()[-1], "the runtime in the status line")
            person.type("/model test-model", "\r")
            person.sees("From now on test-model answers.")
            person.type("third question", "\r")
            person.sees("From afar again.")
        said = [str(message["content"]) for message in server.requests[-1].messages]
        assert [any(f"{n} question" in text for text in said) for n in ("first", "second", "third")] == [
            True
        ] * 3
