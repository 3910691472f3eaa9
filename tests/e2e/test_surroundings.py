"""Odd surroundings that a run may find: streams, locales, directories and projects."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.program import Program

ANSWER = "Grüße, 世界"


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "script.json"
    path.write_text(json.dumps({"steps": [{"text": ANSWER}]}), "utf-8")
    return path


@pytest.fixture
def project(tmp_path: Path) -> Path:
    directory = tmp_path / "project"
    directory.mkdir()
    return directory


def shell(
    project: Path, command: str, script: Path, **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """Run a line of shell in which `$ASK` begins a one-shot run."""
    ask = f"qwen-code --yolo -m scripted:{script}"
    environ = {**Program(project).env(), "ASK": ask, **environment}
    return subprocess.run(["bash", "-c", command], cwd=project, env=environ, capture_output=True, check=False)


@pytest.mark.parametrize("output", ["text", "json", "stream-json"])
def test_a_result_that_can_not_be_written_is_a_failure_that_says_so(
    project: Path, script: Path, output: str
) -> None:
    done = shell(project, f"$ASK -p hi -o {output} > /dev/full", script)
    expected = b"qwen-code: The result can't be written to stdout: no space left on device.\n"
    assert (done.returncode, done.stderr) == (1, expected)


@pytest.mark.parametrize("command", ["tools list", "--version", "--help"])
def test_output_that_gets_lost_is_no_success(project: Path, script: Path, command: str) -> None:
    done = shell(project, f"qwen-code {command} > /dev/full", script)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("command", "code", "out", "err"),
    [
        ("$ASK -p hi <&-", 0, ANSWER, ""),
        ("$ASK <&-", 42, "", "The prompt is empty"),
        ("$ASK -p hi >&-", 0, "", ""),
        ("$ASK -p hi 2>&-", 0, ANSWER, ""),
        ("$ASK -p hi <&- >&- 2>&-", 0, "", ""),
        ("qwen-code -p hi 2>&-", 52, "", ""),
        ("qwen-code -p hi 2>/dev/full", 52, "", ""),
    ],
)
def test_a_standard_stream_may_be_missing(
    project: Path, script: Path, command: str, code: int, out: str, err: str
) -> None:
    done = shell(project, command, script)
    assert (done.returncode, done.stdout.decode().strip()) == (code, out)
    assert err in done.stderr.decode()
    assert len(done.stderr.splitlines()) == bool(err)


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
)
def test_a_stream_that_takes_ascii_alone_costs_no_answer(
    project: Path, script: Path, environment: dict[str, str]
) -> None:
    done = shell(project, "$ASK -p hi", script, **environment)
    assert (done.returncode, done.stdout) == (0, rb"Gr\xfc\xdfe, \u4e16\u754c" + b"\n")
    done = shell(project, "$ASK -p hi -o json", script, **environment)
    assert json.loads(done.stdout)[-1]["result"] == ANSWER


@pytest.mark.skipif(sys.platform == "darwin", reason="file names are UTF-8 there")
def test_a_directory_whose_name_is_no_text_leaves_the_json_text(tmp_path: Path, script: Path) -> None:
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/a\xffb"))
    odd.mkdir()
    done = shell(odd, "$ASK -p hi -o stream-json", script)
    first = json.loads(done.stdout.decode("utf-8").splitlines()[0])
    assert os.fsencode(first["cwd"]) == os.fsencode(odd)


def test_nothing_in_a_project_is_run_for_having_the_name_of_a_module(project: Path, script: Path) -> None:
    names = ["json", "typing", "httpx", "asyncio", "select", "sitecustomize", "usercustomize", "conftest"]
    files = [f"{name}.py" for name in names] + ["tools/__init__.py", "tools/edit.py", "prompts/__init__.py"]
    for name in files:
        path = project / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("open('run.txt', 'w').close()\n")
    for start in ("$ASK", "${ASK/qwen-code/python -m qwen_code}"):
        done = shell(project, f"{start} -p hi", script)
        assert (done.returncode, done.stdout.decode().strip()) == (0, ANSWER)
    assert not (project / "run.txt").exists()


def test_a_directory_that_is_gone_is_said_to_be(project: Path, script: Path) -> None:
    done = shell(project, "mkdir d; cd d; rmdir ../d; $ASK -p hi", script)
    assert done.returncode == 42
    assert b"no longer exists" in done.stderr


@pytest.mark.parametrize("home", ["/dev/null", "/proc"])
def test_a_home_that_keeps_nothing_costs_no_answer(project: Path, script: Path, home: str) -> None:
    done = shell(project, "$ASK -p hi", script, HOME=home)
    assert (done.returncode, done.stdout.decode().strip()) == (0, ANSWER)
    assert b"can't be saved" in done.stderr
