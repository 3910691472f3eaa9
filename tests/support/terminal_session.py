"""The program on a pseudo-terminal in a project, with a model that plays prepared steps."""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.program import SOURCE, Program
from tests.support.pty_driver import PtyProgram, on_a_terminal

ENTER, ESC, CTRL_C, CTRL_D, CTRL_Z = "\r", "\x1b", "\x03", "\x04", "\x1a"
EDIT = {
    "name": "edit",
    "arguments": {
        "file_path": SOURCE,
        "old_string": "interval.start < merged[-1].end",
        "new_string": "interval.start <= merged[-1].end",
    },
}
READ = {"name": "read_file", "arguments": {"file_path": SOURCE}}


def shell(command: str) -> dict[str, Any]:
    return {"name": "run_shell_command", "arguments": {"command": command, "description": "x"}}


REPAIR = [
    {"text": "I look at `merge`.", "calls": [READ]},
    {"text": "The comparison is wrong.", "calls": [EDIT]},
    {"text": "Fixed: touching intervals are **merged**."},
]
SLOW = [{"text": "word " * 2000, "rate": 50}, {"text": "Second answer."}]


@contextmanager
def session(
    project: Path,
    steps: Sequence[dict[str, Any]],
    *arguments: str,
    columns: int = 80,
    rows: int = 24,
    **env: str,
) -> Generator[PtyProgram, None, None]:
    """The program in `project` with a model that plays `steps`, ready for a prompt."""
    script = project / "script.json"
    continues = bool({"--resume", "-c"} & set(arguments))
    script.write_text(json.dumps({"steps": list(steps), "continues": continues}))
    program = Program(project)
    command = program.command("-m", f"scripted:{script}", *arguments)
    environment = {**program.env(), "TERM": "xterm-256color", **env}
    with on_a_terminal(command, cwd=project, env=environment, columns=columns, rows=rows) as person:
        if environment["TERM"] != "dumb":
            mode = next((mode for mode in ("plan", "yolo") if mode in arguments), "default")
            person.sees(f"{mode} ·")
        yield person
