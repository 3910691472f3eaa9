"""Plays traces through the real program: the teacher's answers as a script, real tools, real pytest.

    python -m mini_model.oracle --count 20

What the tools answer there must be what the trace says they answer, or the model is trained on fiction.
"""

from __future__ import annotations

import argparse
import difflib
import json
import os
import random
import re
import subprocess
import sys
import tempfile
from copy import deepcopy
from pathlib import Path

from mini_model.files import write_to
from mini_model.project import Project, make_project
from mini_model.repair import Repair
from mini_model.tasks.base import all_tasks
from mini_model.trace import Trace

_RESPONSE = re.compile(r"<tool_response>\n(.*?)\n</tool_response>", re.DOTALL)
_ANSWER = re.compile(r"<\|im_start\|>assistant\n(.*?)<\|im_end\|>", re.DOTALL)
_VARIES = re.compile(r"0x[0-9a-f]+|in \d+\.\d+s|from '[^']*'")
"""Addresses, durations and absolute paths."""


def draw(number: int, *, wrong_attempts: int = 1, bugs: int = 1) -> tuple[Project, Trace]:
    """A project as it was before the repair, and the trace of the repair."""
    rng = random.Random(f"oracle/{number}")
    while True:
        project = make_project(rng, all_tasks(), bugs=bugs)
        if project is None:
            continue
        before = deepcopy(project)
        repair = Repair(project, rng)
        repair.trace.interruptions = None
        trace = repair.tell(wrong_attempts)
        if trace is not None:
            return before, trace


def played(project: Project, trace: Trace, folder: Path) -> list[str]:
    """What the real tools answer when the teacher of `trace` works in `folder`."""
    write_to(project, folder)
    answers = _ANSWER.findall("".join(text for text, _ in trace.pieces))
    script = folder.parent / f"{folder.name}.json"
    script.write_text(json.dumps([{"raw": answer} for answer in answers]), "utf-8")
    with tempfile.TemporaryDirectory() as home:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        command = [
            sys.executable,
            "-m",
            "qwen_code",
            "-m",
            f"scripted:{script}",
            "--profile",
            "mini",
            "--yolo",
        ]
        done = subprocess.run(
            [*command, "--no-sandbox", "-o", "json", "-p", "fix the failing test"],
            cwd=folder,
            env=_environment() | {"HOME": home, "PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
    blocks = [
        block for e in json.loads(done.stdout) if e["type"] == "user" for block in e["message"]["content"]
    ]
    return [block["content"] for block in blocks if block["type"] == "tool_result"]


def _environment() -> dict[str, str]:
    """Without what makes pytest print whole lines at the end, however long."""
    return {name: value for name, value in os.environ.items() if name not in ("CI", "BUILD_NUMBER")}


def told(trace: Trace) -> list[str]:
    """What the trace says that tools answer."""
    return _RESPONSE.findall("".join(text for text, _ in trace.pieces))


def differences(one: list[str], other: list[str]) -> str:
    """A diff of both, without what varies from run to run; empty when they agree."""
    before, after = (_VARIES.sub("", "\n--\n".join(texts)).split("\n") for texts in (one, other))
    return "\n".join(difflib.unified_diff(before, after, "trace", "program", lineterm=""))


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare traces with the real program.")
    parser.add_argument("--count", type=int, default=20)
    given = parser.parse_args()
    same = 0
    for number in range(given.count):
        project, trace = draw(number, wrong_attempts=number % 4)
        with tempfile.TemporaryDirectory() as folder:
            difference = differences(told(trace), played(project, trace, Path(folder) / "project"))
        same += not difference
        if difference:
            print(difference)
    print(f"{same} of {given.count} agree")


if __name__ == "__main__":
    main()
