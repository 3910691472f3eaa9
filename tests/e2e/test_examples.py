"""Every example does what its README says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.chat_server import ChatServer, Reply
from tests.support.program import READ, ROOT, TEST_COMMAND, Program, copy_example, edit_call, is_fixed, texts

EXAMPLES = ROOT / "examples"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return copy_example(tmp_path)


def test_the_demonstration_goes_from_red_to_green() -> None:
    demo = [sys.executable, ROOT / "scripts" / "demo.py"]
    done = subprocess.run(demo, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    red, green = done.stdout.index("2 failed"), done.stdout.rindex("13 passed")
    assert red < done.stdout.index("+        if merged and interval.start <= merged[-1].end:") < green


@contextmanager
def scripted_model(script: Path) -> Generator[str]:
    server = [sys.executable, EXAMPLES / "scripted_model" / "server.py", script]
    process = subprocess.Popen(server, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait()


def test_the_scripted_model_serves_any_openai_client(project: Path) -> None:
    with scripted_model(EXAMPLES / "scripted_model" / "fix_failing_test.json") as url:
        done = Program(project, url).ask("--verify", TEST_COMMAND)
    assert done.code == 0, done.err
    assert is_fixed(project)


def run_in(project: Path, program: Program, command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=project, env=program.env(), capture_output=True, text=True, check=False, timeout=60
    )


def test_ci_repairs_failing_tests_and_says_so(project: Path, tmp_path: Path) -> None:
    output = tmp_path / "output"
    with ChatServer([Reply("", [READ]), Reply("", [edit_call()]), Reply("Fixed it.")]) as server:
        program = Program(project, server.base_url, {"GITHUB_OUTPUT": str(output)})
        script = ["sh", str(EXAMPLES / "ci_github_action" / "repair.sh"), TEST_COMMAND]
        done = run_in(project, program, script)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Fixed it." in done.stdout
    assert output.read_text() == "changed=true\n"
    assert "repair.sh" in (EXAMPLES / "ci_github_action" / "repair.yml").read_text()


def test_ci_does_nothing_when_the_tests_pass_and_fails_when_they_stay_red(project: Path) -> None:
    script = str(EXAMPLES / "ci_github_action" / "repair.sh")
    with ChatServer(lambda request, number: Reply("I give up.")) as server:
        program = Program(project, server.base_url)

        def code(tests: str) -> int:
            return run_in(project, program, ["sh", script, tests]).returncode

        assert code("true") == 0
        assert not server.requests
        assert code("false") == 56


def test_openrouter_is_asked_with_its_own_key(project: Path) -> None:
    home = Path(os.environ["HOME"]) / ".qwen"
    home.mkdir()
    with ChatServer(["Hello."]) as server:
        text = (EXAMPLES / "openrouter" / "settings.json").read_text()
        assert "https://openrouter.ai/api/v1" in text
        (home / "settings.json").write_text(text.replace("https://openrouter.ai/api/v1", server.base_url))
        done = Program(project, environment={"OPENROUTER_API_KEY": "sk-or-1"}).ask()
    assert done.code == 0, done.err
    assert server.requests[0].headers["authorization"] == "Bearer sk-or-1"
    assert server.requests[0].body["model"] == "qwen/qwen3-coder"


def test_llama_server_is_started_with_the_flags_that_matter(tmp_path: Path) -> None:
    fake = tmp_path / "llama-server"
    fake.write_text('#!/bin/sh\necho "$@"\n')
    fake.chmod(0o755)
    script = EXAMPLES / "llama_server" / "start.sh"
    environment = {**os.environ, "LLAMA_SERVER": str(fake)}
    done = subprocess.run(
        ["sh", script, "m.gguf", "--verbose"], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("-m m.gguf --jinja ")
    assert done.stdout.endswith("--port 8080 --verbose\n")
    missing = subprocess.run(["sh", script], env=environment, capture_output=True, text=True, check=False)
    assert missing.returncode != 0
    assert "MODEL.gguf" in missing.stderr


def run_example(name: str, project: Path, url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run_in(project, Program(project, url), [sys.executable, str(EXAMPLES / name), *arguments])


def test_a_tool_of_ones_own_is_offered_and_run(project: Path) -> None:
    call = ("count_lines", {"pattern": "**/*.py", "at_least": 30})
    with ChatServer([Reply("", [call]), Reply("intervals.py is the longest.")]) as server:
        done = run_example("custom_tool/run.py", project, server.base_url, "which file is the longest?")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "intervals.py is the longest.\n"
    offered = {tool["function"]["name"]: tool["function"] for tool in server.bodies[0]["tools"]}
    described = offered["count_lines"]["parameters"]["properties"]["pattern"]["description"]
    assert described == "Relative to the project, e.g. `**/*.py`."
    assert "opening_hours/intervals.py" in texts(server.bodies[1]["messages"], "tool")[0]


def test_the_python_api_gives_the_events_of_a_turn(project: Path) -> None:
    diff = ("run_shell_command", {"command": "git diff"})
    with ChatServer([Reply("", [diff]), Reply("No defects.")]) as server:
        done = run_example("python_api/review.py", project, server.base_url)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("No defects.")
    assert "[run_shell_command git diff]" in done.stderr


def test_every_example_has_its_readme_and_is_listed() -> None:
    listed = (EXAMPLES / "README.md").read_text()
    folders = [path for path in EXAMPLES.iterdir() if path.is_dir() and path.name != "__pycache__"]
    for folder in folders:
        assert (folder / "README.md").is_file()
        assert f"]({folder.name})" in listed


def test_the_script_of_the_demonstration_is_valid() -> None:
    script = json.loads((EXAMPLES / "scripted_model" / "fix_failing_test.json").read_text())
    names = {call["name"] for answer in script for call in answer.get("calls", [])}
    assert names == {"run_shell_command", "read_file", "edit"}
