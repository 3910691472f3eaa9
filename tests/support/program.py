"""Runs `qwen-code` as a user would: a process in a project directory, talking to a server on loopback."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "fix_failing_test"
BUG, FIX = "interval.start < merged[-1].end", "interval.start <= merged[-1].end"
SOURCE = "opening_hours/intervals.py"


@dataclass(frozen=True, slots=True)
class Finished:
    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)

    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass
class Program:
    """The program in one project; `run` waits for its end, `start` does not."""

    directory: Path
    url: str = ""
    environment: Mapping[str, str] = field(default_factory=dict[str, str])

    def env(self) -> dict[str, str]:
        found = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        if self.url:
            found |= {"OPENAI_BASE_URL": self.url, "OPENAI_API_KEY": "k", "OPENAI_MODEL": "test-model"}
        return {**found, **self.environment}

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "qwen_code", *arguments]

    def run(self, *arguments: str, stdin: str | None = None, timeout: float = 60) -> Finished:
        done = subprocess.run(
            self.command(*arguments),
            cwd=self.directory,
            env=self.env(),
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Finished(done.returncode, done.stdout, done.stderr)

    def ask(self, *arguments: str, prompt: str = "fix the failing tests", **more: Any) -> Finished:
        """A one-shot run in which everything is permitted."""
        return self.run("--yolo", *arguments, "-p", prompt, **more)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.directory,
            env=self.env(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def sessions(self) -> list[Path]:
        return sorted((Path(os.environ["HOME"]) / ".qwen" / "projects").glob("*/sessions/*.jsonl"))


def copy_example(directory: Path) -> Path:
    """A copy of the example with the bug, under `directory`."""
    project = directory / "opening_hours_project"
    shutil.copytree(EXAMPLE, project, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    return project


def is_fixed(project: Path) -> bool:
    return FIX in (project / SOURCE).read_text()


def edit_call(old: str = BUG, new: str = FIX) -> tuple[str, dict[str, Any]]:
    return "edit", {"file_path": SOURCE, "old_string": old, "new_string": new}


READ: tuple[str, dict[str, Any]] = ("read_file", {"file_path": SOURCE})
TEST_COMMAND = "python -m pytest -q -p no:cacheprovider"
TEST: tuple[str, dict[str, Any]] = ("run_shell_command", {"command": TEST_COMMAND})


def texts(messages: Sequence[Mapping[str, Any]], role: str) -> list[str]:
    return [message["content"] for message in messages if message["role"] == role]
