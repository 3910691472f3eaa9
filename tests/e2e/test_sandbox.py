"""`qwen-code sandbox`, and what a one-shot run does with and without a sandbox."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.program import Finished, Program

BWRAP = shutil.which("bwrap")


def works() -> bool:
    if BWRAP is None:
        return False
    tried = [BWRAP, "--unshare-user", "--unshare-net", "--ro-bind", "/", "/", "--proc", "/proc", "true"]
    return subprocess.run(tried, capture_output=True, check=False).returncode == 0


needs_sandbox = pytest.mark.skipif(not works(), reason="bubblewrap is missing, or refused here")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    project.mkdir()
    return project


@pytest.fixture
def bare(project: Path, tmp_path: Path) -> Program:
    """Where root's ways to a sandbox are closed: the workspace holds the home directory."""
    home = project / "home"
    home.mkdir()
    return Program(project, environment={"HOME": str(home)})


def one_shot(program: Program, *arguments: str, command: str = "echo hi > made; cat made") -> Finished:
    script = program.directory / "script.json"
    calls = [{"name": "run_shell_command", "arguments": {"command": command}}]
    script.write_text(json.dumps([{"calls": calls}, {"text": "Done."}]))
    return program.run("-m", f"scripted:{script}", *arguments, "-p", "do it", "-o", "json")


def result_of_call(finished: Finished) -> str:
    messages: list[Any] = finished.json()
    (content,) = next(m for m in messages if m["type"] == "user")["message"]["content"]
    return content["content"]


@needs_sandbox
def test_a_command_runs_confined_with_its_own_streams_and_exit_code(project: Path) -> None:
    command = "cat; echo err >&2; echo x > made; echo x > ../outside; exit 3"
    done = Program(project).run("sandbox", "--", "sh", "-c", command, stdin="in")
    assert (done.code, done.out) == (3, "in")
    assert done.err.startswith("err\n")
    assert (project / "made").exists()
    assert not (project.parent / "outside").exists()


@needs_sandbox
def test_it_says_what_it_confines(project: Path) -> None:
    done = Program(project).run("sandbox", "--explain")
    assert done.code == 0
    assert done.out.startswith("sandbox: bubblewrap\n")
    assert f"writes only in {project}" in done.out
    assert "network: off" in done.out


@needs_sandbox
def test_a_file_that_a_rule_denies_is_denied_by_the_kernel_too(project: Path) -> None:
    (project / ".env").write_text("SECRET=1")
    program = Program(project, environment={"QWEN_CODE_PERMISSIONS_DENY": '["Read(.env)"]'})
    assert "SECRET" not in program.run("sandbox", "--", "cat", ".env").out
    assert "SECRET" in Program(project).run("sandbox", "--", "cat", ".env").out


@pytest.mark.parametrize("network", ["allow:", "some", "allow:http://x", "ON"])
def test_a_network_that_can_t_be_read_runs_nothing(project: Path, network: str) -> None:
    done = Program(project).run("sandbox", "--network", network, "--", "touch", "made")
    assert done.code == 2
    assert "--network" in done.err
    assert not (project / "made").exists()


def test_without_a_command_the_usage_is_said(project: Path) -> None:
    done = Program(project).run("sandbox")
    assert (done.code, done.out) == (2, "")
    assert "--explain" in done.err


def test_where_no_sandbox_works_nothing_is_run_and_the_remedy_is_said(bare: Program) -> None:
    done = bare.run("sandbox", "--", "touch", "made")
    assert done.code == 44
    assert "Start in the directory of a project" in done.err
    assert not (bare.directory / "made").exists()
    assert "sandbox: none" in bare.run("sandbox", "--explain").out


@needs_sandbox
def test_a_one_shot_run_needs_no_permission_for_what_is_confined(project: Path) -> None:
    done = one_shot(Program(project))
    assert done.code == 0
    assert done.json()[0]["permission_mode"] == "auto"
    assert result_of_call(done) == "hi"


def test_a_one_shot_run_without_a_sandbox_ends_before_the_first_request(bare: Program) -> None:
    done = one_shot(bare)
    assert (done.code, done.out) == (44, "")
    assert "--yolo" in done.err
    assert not (bare.directory / "made").exists()


def test_switching_the_sandbox_off_is_no_permission(project: Path) -> None:
    done = one_shot(Program(project), "--no-sandbox")
    assert done.code == 44
    assert not (project / "made").exists()


@pytest.mark.parametrize("flags", [["--yolo"], ["--yolo", "--no-sandbox"]])
def test_yolo_works_where_no_sandbox_does_and_says_nothing_to_a_pipe(bare: Program, flags: list[str]) -> None:
    done = one_shot(bare, *flags)
    assert (done.code, done.err) == (0, "")
    assert result_of_call(done) == "hi"


@needs_sandbox
def test_yolo_keeps_the_sandbox_and_tells_the_model_why_something_failed(project: Path) -> None:
    outside = project.parent / "outside"
    one_shot(Program(project), "--yolo", command=f"echo x > {outside}")
    assert not outside.exists()
    kept = result_of_call(one_shot(Program(project), "--yolo", command="echo x > /usr/x"))
    assert "[the sandbox: only the workspace" in kept


@needs_sandbox
def test_yolo_without_the_sandbox_confines_nothing(project: Path) -> None:
    outside = project.parent / "outside"
    one_shot(Program(project), "--yolo", "--no-sandbox", command=f"echo x > {outside}")
    assert outside.exists()


@needs_sandbox
def test_nothing_is_left_behind(project: Path) -> None:
    def temporary() -> set[str]:
        return {name for name in os.listdir("/tmp") if name.startswith("qwen-code-")}  # noqa: PTH208

    before = temporary()
    one_shot(Program(project))
    assert temporary() <= before
    assert sorted(path.name for path in project.iterdir()) == ["made", "script.json"]
