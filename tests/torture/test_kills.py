"""`kill -9` at random times of the real program at work: what it had acknowledged is there, and goes on."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from qwen_code.sessions.lines import decode_lines
from qwen_code.sessions.restore import restore
from tests.support.program import Program
from tests.torture.rounds import rounds


def script(project: Path) -> Path:
    """Twenty steps, each of which changes a file or runs a command."""
    steps: list[Any] = []
    for number in range(10):
        write = {"file_path": f"f{number % 3}.txt", "content": f"{number}\n" * 50}
        read = {"file_path": f"f{number % 3}.txt"}
        if number >= 3:
            steps.append({"calls": [{"name": "read_file", "arguments": read}]})
        steps.append({"calls": [{"name": "write_file", "arguments": write}]})
        steps.append(
            {"calls": [{"name": "run_shell_command", "arguments": {"command": f"echo {number} >> log"}}]}
        )
    path = project.parent / "script.json"
    path.write_text(json.dumps({"steps": [*steps, "Done."], "continues": True, "at_end": "repeat"}))
    return path


def killed_run(program: Program, flags: list[str], after_s: float) -> list[dict[str, Any]]:
    """The events that were on its output, whole lines only, when it was killed."""
    process = program.start(*flags, "-o", "stream-json", "-p", "go on")
    assert process.stdout is not None
    time.sleep(after_s)
    process.send_signal(signal.SIGKILL)
    out, _ = process.communicate(timeout=30)
    return [json.loads(line) for line in out.splitlines(keepends=True) if line.endswith("\n")]


@pytest.mark.slow
def test_no_acknowledged_event_is_lost_by_a_kill_and_the_session_goes_on(tmp_path: Path) -> None:
    rng = random.Random(11)
    shown_results, cut = 0, 0
    for number in range(rounds(4, 200)):
        project = tmp_path / f"p{number}"
        (project / "w").mkdir(parents=True)
        program = Program(project / "w", environment={"QWEN_HOME": str(project / "home")})
        flags = ["-m", f"scripted:{script(project / 'w')}", "--yolo", "--no-sandbox"]
        events = killed_run(program, flags, rng.uniform(0.5, 3.0))
        logs = list((project / "home").glob("projects/*/sessions/*.jsonl"))
        acknowledged = [
            block["tool_use_id"]
            for event in events
            if event["type"] == "user"
            for block in event["message"]["content"]
            if block["type"] == "tool_result"
        ]
        shown_results += len(acknowledged)
        if not logs:
            assert not acknowledged
            continue
        lines = decode_lines(logs[0].read_bytes())
        assert lines.damaged == []
        cut += lines.torn
        kept = {r["call"]["id"] for r in lines.records if r["type"] == "ToolFinished"}
        assert set(acknowledged) <= kept
        restore(lines.records)
        leftovers = [p.name for p in (project / "w").iterdir() if p.name.startswith(".qwen-")]
        assert len(leftovers) <= 1  # the one write that was under way
        done = program.run(*flags, "-c", "-p", "and on")
        assert done.code == 0, done.err
    assert shown_results > 3


@pytest.mark.slow
def test_a_rewind_that_is_killed_can_be_repeated(tmp_path: Path) -> None:
    rng = random.Random(5)
    program = Program(tmp_path / "w", environment={"QWEN_HOME": str(tmp_path / "home")})
    program.directory.mkdir()
    for number in range(300):
        (program.directory / f"f{number}").write_text(f"old {number}\n")
    command = "for f in f*; do echo new > $f; done"
    steps = [{"calls": [{"name": "run_shell_command", "arguments": {"command": command}}]}, "Done."]
    (tmp_path / "script.json").write_text(json.dumps(steps))
    made = program.run(
        "-m", f"scripted:{tmp_path / 'script.json'}", "--yolo", "--no-sandbox", "-p", "change all"
    )
    assert made.code == 0, made.err
    back = ["sessions", "rewind", "--to", "1", "--commands"]
    for _ in range(rounds(1, 20)):
        process = subprocess.Popen(
            program.command(*back), cwd=program.directory, env=program.env(),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(rng.uniform(0.4, 1.2))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        texts = {(program.directory / f"f{number}").read_text() for number in range(300)}
        assert texts <= {"new\n", *(f"old {number}\n" for number in range(300))}
    program.run(*back)
    assert all((program.directory / f"f{n}").read_text() == f"old {n}\n" for n in range(300))
