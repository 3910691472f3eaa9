from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from qwen_code.errors import SessionError
from qwen_code.events import ToolFinished, TurnStarted
from qwen_code.messages import ToolCall
from qwen_code.sessions.lines import decode_lines
from qwen_code.sessions.log import SessionLog, SessionRecorder, now
from qwen_code.sessions.session_file import open_file, try_lock
from qwen_code.sessions.store import SessionStore
from tests.torture.rounds import rounds
from tests.unit.sessions.told import header, short_session, write


def records(path: Path) -> list[object]:
    lines = decode_lines(path.read_bytes())
    assert (lines.damaged, lines.torn) == ([], False)
    return [record.get("prompt", record["type"]) for record in lines.records]


def ignore(sentence: str) -> None:
    pass


def test_every_record_is_on_disk_when_append_returns(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    log = SessionLog.create(path, header(), ignore)
    assert records(path) == ["header"]
    SessionRecorder(log).record(TurnStarted("one\n\u2028 two \udc80"))
    assert records(path) == ["header", "one\n\u2028 two \udc80"]


def test_folders_and_files_are_private_whatever_the_umask(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        SessionLog.create(tmp_path / "a/b/s.jsonl", header(), ignore).close()
    finally:
        os.umask(old)
    modes = [(tmp_path / name).stat().st_mode & 0o777 for name in ("a", "a/b", "a/b/s.jsonl")]
    assert modes == [0o700, 0o700, 0o600]


def test_a_record_that_is_no_json_is_told_and_left_out(tmp_path: Path) -> None:
    told: list[str] = []
    log = SessionLog.create(tmp_path / "s.jsonl", header(), told.append)
    deep: Any = {}
    for _ in range(100_000):
        deep = {"a": deep}
    SessionRecorder(log).record(ToolFinished(ToolCall("1", "x", {"a": {1, 2}}), True, ""))
    log.append({"type": "x", "deep": deep})
    log.append({"type": "TurnStarted", "prompt": "after"})
    assert records(tmp_path / "s.jsonl") == ["header", "after"]
    assert len(told) == 1


def test_kill_9_at_any_moment_loses_at_most_the_record_being_written(tmp_path: Path) -> None:
    """Real processes write and acknowledge records until they are killed."""
    for number in range(rounds(20, 200)):
        path = tmp_path / f"{number}.jsonl"
        ours, theirs = os.pipe()

        def write_on(path: Path = path, pipe: int = theirs) -> None:
            log = SessionLog.create(path, header(), ignore)
            for count in range(100_000):
                log.append({"type": "TurnStarted", "prompt": f"{count} " + "x" * (count % 700)})
                os.write(pipe, b".")

        pid = child(write_on)
        os.close(theirs)
        acknowledged = len(os.read(ours, 1))
        time.sleep(random.Random(number).uniform(0, 0.05))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        while data := os.read(ours, 65536):
            acknowledged += len(data)
        os.close(ours)
        log, restored = SessionStore(tmp_path).open(str(number))
        texts = [message.text.rpartition("\n\n")[2].partition(" ")[0] for message in restored.messages]
        assert texts == [str(count) for count in range(len(texts))]
        assert acknowledged <= len(texts) <= acknowledged + 1
        log.append({"type": "TurnStarted", "prompt": "after"})
        log.close()
        assert records(path)[-1] == "after"


def test_a_log_cut_at_every_byte_of_its_last_events_is_repaired_and_said(tmp_path: Path) -> None:
    path = tmp_path / "s1.jsonl"
    write(path, short_session())
    whole = path.read_bytes()
    ends = [at + 1 for at, byte in enumerate(whole) if byte == 10]
    for cut in range(ends[-4], len(whole) + 1):
        path.write_bytes(whole[:cut])
        log, restored = SessionStore(tmp_path).open("s1")
        at_an_end = cut in ends or cut + 1 in ends  # the last character may be the line's end alone
        assert bool(restored.warnings) == (not at_an_end)
        if restored.warnings:
            assert "cut off" in restored.warnings[0]
        log.append({"type": "TurnStarted", "prompt": "go on"})
        log.close()
        again = decode_lines(path.read_bytes())
        assert (again.damaged, again.torn, again.unended) == ([], False, False)
        assert again.records[-1]["prompt"] == "go on"
        kept = sum(end <= cut + 1 for end in ends)
        assert len(again.records) == kept + 1


def test_zeros_at_the_end_after_a_power_loss_are_a_torn_record(tmp_path: Path) -> None:
    path = tmp_path / "s1.jsonl"
    write(path, short_session())
    size = path.stat().st_size
    os.truncate(path, size + 4096)
    log, restored = SessionStore(tmp_path).open("s1")
    log.close()
    assert "cut off" in restored.warnings[0]
    assert path.stat().st_size == size


def test_a_damaged_line_inside_is_left_out_and_said(tmp_path: Path) -> None:
    path = tmp_path / "s1.jsonl"
    write(path, short_session())
    lines = path.read_bytes().split(b"\n")
    lines[4] = lines[4][:20] + b"\xff\x00" + lines[4][22:]
    path.write_bytes(b"\n".join(lines))
    log, restored = SessionStore(tmp_path).open("s1")
    log.close()
    assert restored.warnings[0].startswith("Damaged lines of the session are left out: 5 of ")
    assert [m.role for m in restored.messages] == [
        "user", "assistant", "tool", "tool", "assistant", "user", "assistant",
    ]  # fmt: skip


def child(work: Callable[[], None]) -> int:
    """The pid of a process that does `work` and ends with 0 if nothing goes wrong."""
    pid = os.fork()
    if pid == 0:
        with suppress(BaseException):
            work()
            os._exit(0)
        os._exit(1)
    return pid


def limited_child(path: Path, limit: int) -> list[str]:
    """Write records of 300 bytes in a process whose files may have `limit` bytes; what it was told."""
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        told: list[str] = []
        log = SessionLog.create(path, header(), told.append)
        for count in range(30):
            log.append({"type": "TurnStarted", "prompt": f"{count:<300}"})
        full = path.stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        os.write(theirs, "\0".join([*told, f"{full}"]).encode())
        log.close()
        os._exit(0)
    os.close(theirs)
    with os.fdopen(ours, "rb") as pipe:
        said = pipe.read().decode().split("\0")
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    return said


@pytest.mark.parametrize("limit", [1, 100, 1500, 3000, 5005])
def test_a_disk_that_is_full_is_told_once_and_nothing_half_written_stays(tmp_path: Path, limit: int) -> None:
    path = tmp_path / "s.jsonl"
    *told, full = limited_child(path, limit)
    assert len(told) == 1
    assert told[0].startswith(f"The session can't be saved in {path}: file too large.")
    assert int(full) <= limit
    assert records(path) == ["header", *(f"{count:<300}" for count in range(30))]


def test_when_a_full_disk_has_room_again_nothing_is_lost(tiny_disk: Path) -> None:
    path = tiny_disk / "s.jsonl"
    told: list[str] = []
    log = SessionLog.create(path, header(), told.append)
    ballast = tiny_disk / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 1024)
    for count in range(30):
        log.append({"type": "TurnStarted", "prompt": f"{count:<300}"})
    assert [t.partition(": ")[2].partition(".")[0] for t in told] == ["no space left on device"]
    assert len(records(path)) < 31
    ballast.unlink()
    log.append({"type": "TurnStarted", "prompt": "room"})
    log.close()
    assert records(path) == ["header", *(f"{count:<300}" for count in range(30)), "room"]


def test_a_disk_without_room_for_a_new_session_does_not_stop_the_run(tiny_disk: Path) -> None:
    with suppress(OSError), (tiny_disk / "ballast").open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)
    told: list[str] = []
    log = SessionLog.create(tiny_disk / "a/s.jsonl", header(), told.append)
    log.append({"type": "TurnStarted", "prompt": "x"})
    log.close()
    assert len(told) == 1


def test_a_home_where_nothing_can_be_made_is_told_once() -> None:
    told: list[str] = []
    log = SessionLog.create(Path("/dev/null/.qwen/s.jsonl"), header(), told.append)
    log.append({"type": "TurnStarted", "prompt": "x"})
    log.close()
    assert len(told) == 1
    assert "not a directory" in told[0]


def test_only_one_process_at_a_time_writes_a_session(tmp_path: Path) -> None:
    path = tmp_path / "s1.jsonl"
    write(path, short_session())
    opened = open_file(path)
    assert opened.fd is not None
    code = (
        "import sys\nfrom pathlib import Path\nfrom qwen_code.sessions.session_file import open_file\n"
        "opened = open_file(Path(sys.argv[1]))\nprint(opened.busy, len(opened.lines.records))"
    )

    def other() -> str:
        run = [sys.executable, "-c", code, str(path)]
        return subprocess.run(run, capture_output=True, text=True, check=True).stdout.strip()

    count = len(opened.lines.records)
    assert other() == f"True {count}"
    os.close(opened.fd)
    assert other() == f"False {count}"


def test_a_file_system_without_locks_lets_us_in() -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    os.close(theirs)
    assert try_lock(theirs)


def test_eight_sessions_in_one_project_do_not_disturb_each_other(tmp_path: Path) -> None:
    def session() -> None:
        store = SessionStore(tmp_path)
        log = store.create(header(store.new_id()))
        for count in range(200):
            log.append({"type": "TurnStarted", "prompt": f"{count}"})
            if count % 50 == 0:
                store.list()

    running = {child(session) for _ in range(8)}
    while running:
        ended = {pid: status for pid, status in (os.waitpid(p, os.WNOHANG) for p in running) if pid}
        running -= set(ended)
        assert not any(ended.values())
        assert all(not decode_lines(path.read_bytes()).damaged for path in tmp_path.iterdir())
    files = list(tmp_path.iterdir())
    assert len(files) == 8
    assert all(records(path) == ["header", *map(str, range(200))] for path in files)
    assert [summary.turns for summary in SessionStore(tmp_path).list()] == [200] * 8


def test_a_session_that_is_already_there_is_not_written_over(tmp_path: Path) -> None:
    store = SessionStore(tmp_path)
    store.create(header("mine")).close()
    before = (tmp_path / "mine.jsonl").read_bytes()
    with pytest.raises(SessionError, match="go on with it by -r mine"):
        store.create(header("mine"))
    assert (tmp_path / "mine.jsonl").read_bytes() == before


def test_the_time_has_its_offset() -> None:
    assert now()[:2] == "20"
    assert now()[-3] == ":"
