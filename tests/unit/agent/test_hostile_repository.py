"""A repository that came with settings of its own, where nothing confines commands."""

from __future__ import annotations

import asyncio
import json
import subprocess
from pathlib import Path

import pytest

from qwen_code.api import open_app
from qwen_code.events import ToolFinished


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    subprocess.run(["git", "init", "-q", root], check=True)
    (root / "a").write_text("a")
    evil = root / "evil"
    evil.write_text(f"#!/bin/sh\ntouch {tmp_path / 'ran'}\n")
    evil.chmod(0o755)
    return root


def status(root: Path, *, trust: bool = False) -> ToolFinished:
    script = root / "script.json"
    call = {"name": "run_shell_command", "arguments": {"command": "git status --short"}}
    script.write_text(json.dumps([{"calls": [call]}, {"text": "Done."}]))

    async def turn() -> ToolFinished:
        flags = {"sandbox.enabled": False}
        async with open_app(
            root, model=f"scripted:{script}", mode="default", flags=flags, trust=trust
        ) as app:
            events = [event async for event in app.run("look")]
        return next(event for event in events if isinstance(event, ToolFinished))

    return asyncio.run(turn())


def test_git_that_would_run_the_repository_s_program_is_asked_for(repository: Path) -> None:
    subprocess.run(["git", "config", "core.fsmonitor", "./evil"], cwd=repository, check=True)
    finished = status(repository)
    assert finished.denial is not None
    assert "core.fsmonitor" in finished.denial.reason
    assert not (repository.parent / "ran").exists()
    assert status(repository, trust=True).ok


def test_a_hook_of_the_repository_does_not_run_for_a_look_at_it(repository: Path) -> None:
    hook = repository / ".git" / "hooks" / "post-index-change"
    hook.parent.mkdir(exist_ok=True)
    (repository / "evil").rename(hook)
    subprocess.run(["git", "add", "a"], cwd=repository, check=True)
    (repository.parent / "ran").unlink(missing_ok=True)
    (repository / "a").touch()
    assert status(repository).ok
    assert not (repository.parent / "ran").exists()
