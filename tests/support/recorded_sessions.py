"""Records the five sessions that `qwen-code replay` must find the same for ever.

    python -m tests.support.recorded_sessions

makes them anew, on purpose only: what the program sends changes with them, and so does the review.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.support.program import BUG, FIX, SOURCE, copy_example

FOLDER = Path(__file__).parents[1] / "golden" / "sessions"
PLACE = Path("/tmp/qwen-code-recorded")
"""A path that is the same wherever they are recorded; it is part of what the model is told."""


def call(name: str, **arguments: Any) -> dict[str, Any]:
    return {"calls": [{"name": name, "arguments": arguments}]}


READ = call("read_file", file_path=SOURCE)
REPAIR = call("edit", file_path=SOURCE, old_string=BUG, new_string=FIX)
TEST = call("run_shell_command", command="python -m pytest -q -p no:cacheprovider | tail -1")
VERIFY = f"grep -qF '{FIX}' {SOURCE}"


class Recording:
    """The program in a fresh copy of the example, with a home of its own."""

    def __init__(self, name: str) -> None:
        shutil.rmtree(PLACE, ignore_errors=True)
        PLACE.mkdir()
        self.name = name
        self.project = copy_example(PLACE)

    def run(self, steps: Sequence[Any], *arguments: str, window: int = 262_144) -> None:
        script = PLACE / "script.json"
        script.write_text(json.dumps({"steps": steps, "context_window": window}))
        command = [sys.executable, "-m", "qwen_code", "-m", f"scripted:{script}", "--yolo", "--no-sandbox"]
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(PLACE / "home"),
            "LANG": "C.UTF-8",
            "TZ": "UTC",
        }
        subprocess.run([*command, *arguments], cwd=self.project, env=environment, check=False)

    def sessions(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "qwen_code", "sessions", *arguments]
        subprocess.run(command, cwd=self.project, env={**os.environ, "HOME": str(PLACE / "home")}, check=True)

    @property
    def log(self) -> Path:
        (path,) = (PLACE / "home").glob(".qwen/projects/*/sessions/*.jsonl")
        return path

    def keep(self) -> None:
        shutil.copyfile(self.log, FOLDER / f"{self.name}.jsonl")


def repaired(recording: Recording) -> None:
    both = {"calls": [*READ["calls"], *call("list_directory", path=".")["calls"]]}
    wrong = call("edit", file_path=SOURCE, old_string="interval.begin < x", new_string="y")
    steps = [
        both,
        wrong,
        TEST,
        "It is repaired.",
        REPAIR,
        TEST,
        {"text": "Now it is.", "reasoning": "The grep."},
    ]
    recording.run(steps, "--verify", VERIFY, "-p", "fix the failing tests")
    recording.run(["Touching intervals are merged."], "-c", "-p", "what was wrong?")


def corrected(recording: Recording) -> None:
    cut = {"raw": f"<tool_call>\n<function=read_file>\n<parameter=file_path>\n{SOURCE}", "finish": "length"}
    unknown = call("open_file", path=SOURCE)
    missing = call("edit", file_path=SOURCE)
    recording.run([cut, unknown, missing, "", READ, "Read."], "-p", "read it")


def stuck(recording: Recording) -> None:
    recording.run([READ, *[TEST] * 8], "-p", "run the tests until they pass")
    recording.run([TEST, REPAIR, "Repaired."], "-c", "-p", "repair it instead")


def killed(recording: Recording) -> None:
    recording.run([READ, REPAIR, TEST, "Done."], "-p", "fix it")
    lines = recording.log.read_bytes().splitlines(keepends=True)
    asked = [b'"AnswerEnded"' in line and b'"name":"run_shell_command"' in line for line in lines]
    shell = asked.index(True)
    recording.log.write_bytes(b"".join(lines[: shell + 1]) + lines[shell + 1][:40])
    recording.run([TEST, "Done now."], "-c", "-p", "go on")


def shortened(recording: Recording) -> None:
    long = call("run_shell_command", command="seq 1 2000")
    summary = "Task: fix the tests. The comparison in merge is wrong. Next: edit it."
    recording.run(
        [READ, long, long, READ, long, summary, REPAIR, summary, "Done."] * 3, "-p", "fix it", window=5000
    )
    recording.run(["Nothing else."], "-c", "-p", "what else?")
    recording.sessions("rewind", "--to", "2")
    recording.run(["All is well."], "-c", "-p", "is all well?")


RECORDINGS: tuple[Callable[[Recording], None], ...] = (repaired, corrected, stuck, killed, shortened)


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for record in RECORDINGS:
        recording = Recording(record.__name__)
        record(recording)
        recording.keep()
    shutil.rmtree(PLACE)


if __name__ == "__main__":
    main()
