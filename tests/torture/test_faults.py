"""The kernel fails the Nth write, fsync, rename or open of an operation, for every N until none is left to
fail (strace injects the faults). Afterwards the old content or the new is there, whole, and nothing else."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from qwen_code.sessions.lines import decode_lines
from qwen_code.workspace.content_store import ContentStore
from tests.torture.rounds import LONG

OLD, NEW = "old content\n" * 40, "new content\n" * 50
PRELUDE = """
import os, sys
from pathlib import Path
from qwen_code.workspace.content_store import ContentStore
from qwen_code.workspace.paths import Workspace
from qwen_code.workspace.text_files import TextFiles
from qwen_code.settings.atomic_file import replace_file
from qwen_code.sessions.log import SessionLog
from tests.unit.sessions.told import header
place, said = Path(sys.argv[1]), []
"""
WRITE = """
files, path = TextFiles(), Workspace(place).resolve("file")
try:
    files.write(path, NEW, replaces=files.read(path))
except Exception as error:
    said.append(str(error))
"""
SETTINGS = """
try:
    replace_file(place / "file", NEW.encode())
except OSError as error:
    said.append(str(error))
"""
LOG = """
log = SessionLog.create(place / "file.jsonl", header(), said.append)
for number in range(6):
    log.append({"type": "TurnStarted", "prompt": f"{number}" * 200})
log.close()
"""
CONTENTS = """
for text in (OLD, NEW):
    store = ContentStore(place / "kept", limit_bytes=10**6)
    try:
        store.put(text.encode())
        store.sync()
    except OSError as error:
        said.append(str(error))
    store.close()
"""
_RENAME = "rename,renameat,renameat2"
_SHORT = [("write", "ENOSPC"), ("fsync", "EIO"), (_RENAME, "EDQUOT"), ("pwrite64", "ENOSPC")]
_MORE = [("write", "EIO"), ("fsync", "ENOSPC"), ("ftruncate", "EIO"), (_RENAME, "EROFS")]
OPEN_FAULTS = ["ENOSPC", "EMFILE", "EACCES"] if LONG else ["EMFILE"]
FAULTS = _SHORT + _MORE if LONG else _SHORT


def can_trace() -> bool:
    strace = shutil.which("strace")
    return strace is not None and subprocess.run([strace, "-qq", "true"], capture_output=True).returncode == 0


pytestmark = pytest.mark.skipif(not can_trace(), reason="needs strace and the right to trace")


@dataclass(frozen=True, slots=True)
class Operation:
    code: str
    check: Callable[[Path, bool], None]
    """Looks at the place afterwards; told whether something was said to have failed."""


def one_whole_file(place: Path, failed: bool) -> None:
    assert (place / "file").read_text() in ((OLD, NEW) if failed else (NEW,))
    assert [path.name for path in place.iterdir()] == ["file"]


def a_readable_log(place: Path, failed: bool) -> None:
    path = place / "file.jsonl"
    lines = decode_lines(path.read_bytes() if path.exists() else b"")
    prompts = [record["prompt"][0] for record in lines.records if record["type"] == "TurnStarted"]
    assert prompts == [str(number) for number in range(len(prompts))]
    assert failed or len(prompts) == 6


def whole_contents(place: Path, failed: bool) -> None:
    store = ContentStore(place / "kept", limit_bytes=0)
    kept = [store.get(digest) for digest in store.digests()]
    assert set(kept) <= {OLD.encode(), NEW.encode()}
    assert failed or len(kept) == 2


OPERATIONS = {
    "a tool writes": Operation(WRITE, one_whole_file),
    "settings are saved": Operation(SETTINGS, one_whole_file),
    "a session is logged": Operation(LOG, a_readable_log),
    "contents are kept": Operation(CONTENTS, whole_contents),
}


def run(operation: Operation, place: Path, calls: str, error: str, nth: int) -> tuple[bool, list[str]]:
    """Whether the fault was met, and what the operation said."""
    place.mkdir()
    if operation.check is one_whole_file:
        (place / "file").write_text(OLD)
    trace = place.with_suffix(".trace")
    code = (
        f"{PRELUDE}\nOLD, NEW = {OLD!r}, {NEW!r}\n{operation.code}\nimport json; Path(sys.argv[2]).touch()\n"
    )
    code += "sys.stderr.close(); sys.__stdout__ and os.write(1, json.dumps(said).encode())\n"
    inject = f"inject={calls}:error={error}:when={nth}"
    command = [
        "strace",
        "-qq",
        "-y",
        "-o",
        str(trace),
        "-e",
        f"trace={calls}",
        "-e",
        inject,
        sys.executable,
        "-c",
        code,
    ]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONDONTWRITEBYTECODE": "1"}
    environment["PYTHONHASHSEED"] = "0"  # the same calls each time
    done = subprocess.run(
        [*command, str(place), str(place.with_suffix(".done"))],
        env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert place.with_suffix(".done").exists(), done.stderr
    return "INJECTED" in trace.read_text(), json.loads(done.stdout) if done.stdout else [
        "(its own output failed)"
    ]


@pytest.mark.slow
@pytest.mark.parametrize("calls", FAULTS, ids=lambda fault: f"{fault[0].split(',')[0]}-{fault[1]}")
@pytest.mark.parametrize("name", OPERATIONS)
def test_a_disk_that_fails_at_any_step_leaves_old_or_new_and_says_so(
    name: str, calls: tuple[str, str], tmp_path: Path
) -> None:
    operation = OPERATIONS[name]
    for nth in range(1, 40 if LONG else 4):
        place = tmp_path / str(nth)
        met, said = run(operation, place, *calls, nth)
        operation.check(place, bool(said))
        if not met:
            assert said == []
            return


@pytest.mark.slow
@pytest.mark.parametrize("error", OPEN_FAULTS)
@pytest.mark.parametrize("name", OPERATIONS)
def test_a_file_that_can_not_be_opened_leaves_old_or_new_and_says_so(
    name: str, error: str, tmp_path: Path
) -> None:
    operation = OPERATIONS[name]
    run(operation, tmp_path / "whole", "openat", error, 60_000)
    calls = (tmp_path / "whole.trace").read_text().splitlines()
    concerned = [nth for nth, call in enumerate(calls, 1) if re.search(r'/whole[/>"]', call)]
    assert concerned
    for nth in concerned:
        place = tmp_path / f"{nth}"
        _, said = run(operation, place, "openat", error, nth)
        (failed,) = [
            line for line in place.with_suffix(".trace").read_text().splitlines() if "INJECTED" in line
        ]
        assert str(place) in failed
        operation.check(place, bool(said))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a tool writes", "settings are saved"])
def test_content_is_on_disk_before_it_gets_its_name_and_the_name_before_anybody_hears(
    name: str, tmp_path: Path
) -> None:
    """What a power cut can lose is what was written after the last fsync, in any order."""
    place = tmp_path / "p"
    run(OPERATIONS[name], place, f"write,fsync,{_RENAME}", "EIO", 10_000)
    calls = [line.partition("(")[0] for line in place.with_suffix(".trace").read_text().splitlines()]
    at = next(number for number, call in enumerate(calls) if call.startswith("rename"))
    assert calls[at - 2 : at] == ["write", "fsync"]
    assert calls[at + 1] == "fsync"
