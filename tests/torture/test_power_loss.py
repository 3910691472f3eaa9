"""The power goes between any two system calls: nothing acknowledged is lost, and no file is half old."""

from __future__ import annotations

import json
import os
import random
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from qwen_code.errors import SessionError
from qwen_code.events import TurnStarted, encode
from qwen_code.sessions.lines import decode_lines
from qwen_code.sessions.store import SessionStore
from qwen_code.settings.atomic_file import make_private, replace_file
from qwen_code.workspace.content_store import ContentStore
from qwen_code.workspace.paths import Workspace
from qwen_code.workspace.text_files import TextFiles
from tests.support.power_loss import Call, Disk, record
from tests.torture.rounds import rounds
from tests.torture.test_faults import can_trace

pytestmark = pytest.mark.skipif(not can_trace(), reason="needs strace and the right to trace")

VERSIONS = 4
WORK = """
import json, os, sys
from pathlib import Path
from qwen_code.messages import ToolCall
from qwen_code.sessions.log import SessionRecorder
from qwen_code.sessions.store import SessionStore
from qwen_code.settings.atomic_file import replace_file
from qwen_code.workspace.content_store import ContentStore
from qwen_code.workspace.paths import Workspace
from qwen_code.workspace.text_files import TextFiles
from tests.unit.sessions.told import header, told
from tests.torture.test_power_loss import VERSIONS, content, settings

FAULT
place = Path(sys.argv[1])
def acknowledge(what):
    os.write(1, what.encode())

sessions = place / "home" / "projects" / "p" / "sessions"
log = SessionStore(sessions).create(header())
acknowledge("record")
session, recorder, files = told(header().preamble), SessionRecorder(log), TextFiles()
store = ContentStore(sessions / "s1" / "contents.pack", limit_bytes=10**7)
def keep():
    for event in session.events:
        recorder.record(event)
        acknowledge("record")
    session.events.clear()

for number in range(VERSIONS):
    session.user(f"prompt {number}")
    calls = session.answer("", ToolCall("0", "write_file", {"file_path": "file"}))
    keep()
    for name in ("file", f"made{number}/deep/file"):
        path = Workspace(place / "work").resolve(name)
        old = files.read_if_exists(path)
        if old:
            kept = store.put(old.raw)
            store.sync()
            acknowledge(f"kept {kept}")
        files.write(path, content(number), replaces=old)
        acknowledge(f"{name} {number}")
    replace_file(place / "home" / "settings.json", settings(number))
    acknowledge(f"settings {number}")
    session.results([(calls[0], "written")])
    session.answer("Done.")
    session.end()
    keep()
"""


def content(number: int) -> str:
    return f"version {number}\n" * (40 + number)


def settings(number: int) -> bytes:
    return json.dumps({"model": {"name": f"m{number}" * 30}}).encode()


def recorded(place: Path, fault: str = "") -> list[Call]:
    (place / "work").mkdir(parents=True)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", WORK.replace("FAULT", fault), str(place)]
    calls = record(command, place.with_suffix(".trace"), env=environment)
    return [call for call in calls if _said(call) or str(place) in _all_of(call)]


def _said(call: Call) -> str:
    at_stdout = call.name == "write" and call.arguments[0][0] == "1"
    return call.arguments[1][1].decode() if at_stdout else ""


def _all_of(call: Call) -> str:
    return call.opened + "".join(data.decode(errors="replace") for _, data in call.arguments)


@dataclass
class Acknowledged:
    records: int = 0
    versions: dict[str, int] = field(default_factory=dict[str, int])
    kept: set[str] = field(default_factory=set[str])

    def hear(self, said: str) -> None:
        what, _, value = said.partition(" ")
        match what:
            case "record":
                self.records += 1
            case "kept":
                self.kept.add(value)
            case _:
                self.versions[what] = int(value)


def after_a_cut(calls: list[Call], seed: int, root: Path, place: Path) -> list[str]:
    """What went wrong when the power was cut at a random call of `calls`, which worked in `root`."""
    rng = random.Random(seed)
    disk, heard = Disk(str(root)), Acknowledged()
    disk.existing("work")
    for call in calls[: rng.randrange(len(calls) + 1)]:
        if said := _said(call):
            heard.hear(said)
        else:
            disk.play(call)
    disk.cut(rng, place)
    return [*wrong_in_the_session(place, heard), *wrong_in_the_files(place, heard)]


def wrong_in_the_session(place: Path, heard: Acknowledged) -> list[str]:
    sessions = place / "home" / "projects" / "p" / "sessions"
    store = ContentStore(sessions / "s1" / "contents.pack", limit_bytes=0)
    wrong = [f"content {digest} is lost" for digest in heard.kept if store.get(digest) is None]
    try:
        log, restored = SessionStore(sessions).open("s1")
    except SessionError as error:
        return [*wrong, f"the session is lost: {error}"] if heard.records else wrong
    log.append(encode(TurnStarted("and on")))
    log.close()
    records = decode_lines((sessions / "s1.jsonl").read_bytes()).records
    if len(records) - 1 < heard.records:
        wrong.append(f"{heard.records} records were acknowledged, {len(records) - 1} are there")
    if records[-1].get("prompt") != "and on":
        wrong.append("the session does not go on")
    if len(restored.warnings) > 1:
        wrong.append(f"said too much: {restored.warnings}")
    return wrong


def wrong_in_the_files(place: Path, heard: Acknowledged) -> list[str]:
    wrong: list[str] = []
    made = [f"made{number}/deep/file" for number in range(VERSIONS)]
    for name in ("file", *made, "settings"):
        path = place / "home" / "settings.json" if name == "settings" else place / "work" / name
        texts = [settings(n) if name == "settings" else content(n).encode() for n in range(VERSIONS)]
        safe = heard.versions.get(name, -1)
        following = range(max(safe, 0), VERSIONS) if name in made else range(max(safe, 0), safe + 2)
        found = path.read_bytes() if path.exists() else None
        if found is None and safe >= 0:
            wrong.append(f"{name}: version {safe} was acknowledged and is lost")
        if found is not None and found not in [texts[n] for n in following if n < VERSIONS]:
            wrong.append(f"{name}: neither version {safe} nor the next")
    for directory in (place / "home", place / "work"):
        if len(left := list(directory.glob(".*.tmp"))) > 1:
            wrong.append(f"left behind: {left}")
    TextFiles(assume_read=True).write(Workspace(place / "work").resolve("another"), "x\n", replaces=None)
    make_private(place / "home")
    replace_file(place / "home" / "settings.json", settings(9))
    return wrong


@pytest.mark.slow
def test_a_power_cut_at_any_moment_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    calls = recorded(tmp_path / "run")
    wrong: dict[int, list[str]] = {}
    for seed in range(rounds(60, 500)):
        place = tmp_path / str(seed)
        place.mkdir()
        if found := after_a_cut(calls, seed, tmp_path / "run", place):
            wrong[seed] = found
    assert not wrong


@pytest.mark.slow
@pytest.mark.parametrize("broken", ["file", "directory"])
def test_the_simulated_cut_finds_a_program_that_does_not_sync(broken: str, tmp_path: Path) -> None:
    """Otherwise the test above would hold for any program."""
    only = "stat.S_ISDIR" if broken == "directory" else "stat.S_ISREG"
    fault = "import stat; fsync = os.fsync\n"
    fault += f"os.fsync = lambda fd: None if {only}(os.fstat(fd).st_mode) else fsync(fd)\n"
    calls = recorded(tmp_path / "run", fault)
    places = [tmp_path / str(seed) for seed in range(40)]
    for place in places:
        place.mkdir()
    assert any(after_a_cut(calls, seed, tmp_path / "run", place) for seed, place in enumerate(places))
