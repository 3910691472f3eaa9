from __future__ import annotations

import json
import os
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from qwen_code.errors import SessionError
from qwen_code.events import TurnStarted
from qwen_code.sessions import LATEST
from qwen_code.sessions.lines import decode_lines
from qwen_code.sessions.log import SessionRecorder
from qwen_code.sessions.store import SessionStore, new_session_id
from tests.unit.sessions.told import header, short_session, write


@pytest.fixture
def store(tmp_path: Path) -> SessionStore:
    return SessionStore(tmp_path / "sessions")


def put(store: SessionStore, session_id: str, age_s: float = 0) -> Path:
    path = store.directory / f"{session_id}.jsonl"
    write(path, short_session(), session_id)
    when = time.time() - age_s
    os.utime(path, (when, when))
    return path


def test_a_list_shows_the_latest_first_with_what_tells_them_apart(store: SessionStore) -> None:
    put(store, "20261103-100000-aaaa", 500)
    put(store, "20261104-100000-bbbb")
    store.rename("aaaa", "The \x1b[31mold\none")
    os.utime(store.find("aaaa"), (1, 1))
    latest, old = store.list()
    assert (latest.id, latest.turns, latest.model, latest.git_branch) == (
        "20261104-100000-bbbb", 2, "qwen3-coder", "main",
    )  # fmt: skip
    assert (latest.first_prompt, latest.title) == ("fix it", "")
    assert f"{latest.started:%H:%M} {latest.modified:%Y}" != ""
    assert old.title == "The \\u001b[31mold one"


def test_a_store_without_a_folder_is_empty(store: SessionStore) -> None:
    assert store.list() == []
    with pytest.raises(SessionError, match="no session in this project yet"):
        store.open()


def test_what_is_no_session_is_passed_over_and_never_stops_the_list(store: SessionStore) -> None:
    put(store, "good")
    bad = {
        "empty": b"",
        "torn": b'{"type":"head',
        "binary": b"\x00\xff" * 5000,
        "list": b"[1]\n",
        "deep": b"[" * 10**6,
        "header": b'{"type":"header","id":5}\n',
        "newline": b"\n\n\n",
        "event": b'{"type":"TurnStarted"}\n',
    }
    for name, content in bad.items():
        (store.directory / f"{name}.jsonl").write_bytes(content)
    (store.directory / "dir.jsonl").mkdir()
    os.mkfifo(store.directory / "fifo.jsonl")
    (store.directory / "link.jsonl").symlink_to("/nowhere")
    (store.directory / "other.txt").write_text("x")
    assert [summary.id for summary in store.list()] == ["good"]
    assert store.find() == store.directory / "good.jsonl"
    for name in (*bad, "dir", "fifo", "link"):
        with pytest.raises(SessionError):
            store.open(name)


def test_a_list_reads_the_ends_of_files_and_not_all_of_them(store: SessionStore) -> None:
    counter = Path("/proc/self/io")
    if not counter.exists():
        pytest.skip("needs /proc")
    for number in range(30):
        path = put(store, f"s{number}")
        data = path.read_bytes()
        first, _, rest = data.partition(b'{"type":"AnswerEnded"')
        padding = b'{"type":"ToolFinished","for_model":"' + b"x" * 1_000_000 + b'"}\n'
        path.write_bytes(first + padding + b'{"type":"AnswerEnded"' + rest)
    before = int(counter.read_text().split()[1])
    summaries = store.list()
    read = int(counter.read_text().split()[1]) - before
    assert [s.turns for s in summaries] == [2] * 30
    assert {s.first_prompt for s in summaries} == {"fix it"}
    assert read < 30 * 200_000


def test_a_last_turn_longer_than_any_block_is_still_counted(store: SessionStore) -> None:
    path = put(store, "long")
    with path.open("ab") as file:
        file.write(b'{"type":"TurnStarted","prompt":"","turn":3,"title":"t"}\n')
        for _ in range(40):
            file.write(b'{"type":"ToolOutput","text":"' + b"y" * 10_000 + b'"}\n')
    (summary,) = store.list()
    assert (summary.turns, summary.title) == (3, "t")


def test_a_prompt_that_looks_like_a_record_is_not_counted_as_one(store: SessionStore) -> None:
    log = store.create(header("s"))
    SessionRecorder(log).record(TurnStarted('\n{"type":"TurnStarted","turn":99}\n'))
    log.close()
    (summary,) = store.list()
    assert summary.turns == 1


def test_sessions_are_named_by_a_beginning_of_either_end(store: SessionStore) -> None:
    a, b = put(store, "20261103-100000-k7f2"), put(store, "20261104-110000-k9x1")
    assert store.find("20261103") == a
    assert store.find("k9") == b
    assert store.find("20261104-110000-k9x1") == b
    with pytest.raises(SessionError, match="2 sessions begin with 'k': 20261103-100000-k7f2, 20261104"):
        store.find("k")
    with pytest.raises(SessionError, match="2 sessions begin with '2026110'"):
        store.find("2026110")
    for name in ("zz", "", "../x", "x\0y"):
        with pytest.raises(SessionError, match="no session"):
            store.find(name)


def test_the_latest_is_the_one_written_last_and_of_this_directory(store: SessionStore) -> None:
    put(store, "b", 100)
    put(store, "a")
    other = replace(header("z"), cwd="/srv-app")
    store.create(other).close()
    assert store.find(None) == store.directory / "z.jsonl"
    here = SessionStore(store.directory, cwd=Path("/srv/app"))
    assert here.find(None) == store.directory / "a.jsonl"
    assert here.find(LATEST) == here.find(None), "by its name too, in every command that takes a session"
    assert [summary.id for summary in here.list()] == ["a", "b"]


def test_going_on_adds_to_the_same_file_and_counts_on(store: SessionStore) -> None:
    put(store, "s")
    log, restored = store.open()
    assert (log.id, restored.turns, restored.warnings) == ("s", 2, ())
    SessionRecorder(log).record(TurnStarted("third"))
    SessionRecorder(log).title("named")
    log.close()
    (summary,) = store.list()
    assert (summary.turns, summary.title) == (3, "named")
    log, restored = store.open("s")
    log.close()
    assert restored.messages[-1].text == "third"
    assert restored.title == "named"


def test_a_session_that_is_open_elsewhere_goes_on_as_a_copy(store: SessionStore) -> None:
    put(store, "s")
    first, _ = store.open("s")
    second, restored = store.open("s")
    assert second.id != "s"
    assert restored.header == replace(header(second.id), created=restored.header.created, forked_from="s")
    assert restored.warnings == (
        f"Session s is open in another process, so this goes on as its copy {second.id}.",
    )
    SessionRecorder(first).record(TurnStarted("for the first"))
    SessionRecorder(second).record(TurnStarted("for the second"))
    first.close()
    second.close()
    texts = {s.id: store.open(s.id)[1].messages[-1].text for s in store.list()}
    assert texts == {"s": "for the first", second.id: "for the second"}


def test_what_is_open_is_neither_renamed_nor_deleted(store: SessionStore) -> None:
    put(store, "s")
    log, _ = store.open("s")
    with pytest.raises(SessionError, match="can't be deleted: another process has it open"):
        store.delete("s")
    with pytest.raises(SessionError, match="can't be renamed: another process has it open"):
        store.rename("s", "t")
    log.close()
    assert store.rename("s", "t") == "s"


def test_deleting_takes_all_that_belongs_to_a_session(store: SessionStore) -> None:
    put(store, "s.1")
    put(store, "s.2")
    (store.directory / "s.1/outputs").mkdir(parents=True)
    (store.directory / "s.1/outputs/x.txt").write_text("x")
    assert store.delete("s.1") == "s.1"
    assert [path.name for path in store.directory.iterdir()] == ["s.2.jsonl"]


def test_a_copy_has_the_same_conversation_and_its_own_file(store: SessionStore) -> None:
    put(store, "s")
    with (store.directory / "s.jsonl").open("ab") as file:
        file.write(b'{"type":"TurnSta')
    copy = store.fork("s")
    log, restored = store.open(copy)
    log.close()
    _, original = store.open("s")
    assert restored.messages == original.messages
    assert (store.directory / f"{copy}.jsonl").stat().st_mode & 0o777 == 0o600
    lines = decode_lines((store.directory / f"{copy}.jsonl").read_bytes())
    assert not lines.torn


def test_a_session_on_a_read_only_disk_goes_on_unsaved(tiny_disk: Path) -> None:
    store = SessionStore(tiny_disk)
    before = put(store, "s").read_bytes()
    subprocess.run(["mount", "-o", "remount,ro", str(tiny_disk)], check=True)
    log, restored = store.open("s")
    log.append({"type": "TurnStarted", "prompt": "x"})
    log.close()
    assert restored.warnings == ("The session can be read but not saved (read-only file system).",)
    assert (tiny_disk / "s.jsonl").read_bytes() == before
    with pytest.raises(SessionError, match="can't be renamed: read-only file system"):
        store.rename("s", "t")
    with pytest.raises(SessionError, match="can't be copied: read-only file system"):
        store.fork("s")


def test_an_id_that_could_be_a_path_is_refused(store: SessionStore) -> None:
    for name in ("../x", "", ".hidden", "a/b", "a\0", "x" * 101, "\u00e9"):
        with pytest.raises(SessionError, match="can't be a session's id"):
            store.create(header(name))


def test_ids_sort_by_time_and_differ(store: SessionStore) -> None:
    ids = [new_session_id() for _ in range(200)]
    assert len(set(ids)) == 200
    assert sorted(i[:15] for i in ids) == [i[:15] for i in ids]


def test_markdown_can_be_read_in_a_terminal(store: SessionStore) -> None:
    log = store.create(header("s"))
    recorder = SessionRecorder(log)
    session = short_session()
    session.user("see \x1b]0;evil\x07 \u202e and\r\n```\nfence")
    for event in session.events:
        recorder.record(event)
    log.close()
    text = store.export("s")
    assert text.startswith(
        "# fix it\n\nSession s of 2026-11-04T15:30:12+01:00 with qwen3-coder in `/srv/app`"
    )
    assert "## Prompt\n\nfix it\n" in text
    assert '`edit`\n\n```json\n{\n  "é": [' in text
    assert "Result:\n\n```\n1\tx\n2\ty" in text
    assert "\x1b" not in text
    assert "\\u001b]0;evil\\u0007 \\u202e" in text
    assert "environment" not in text


def test_a_result_can_not_close_its_code_block(store: SessionStore) -> None:
    session = short_session()
    (call,) = session.answer("", session.conversation.messages[1].tool_calls[0])
    session.results([(call, "````\n" + "line\n" * 100)])
    write(store.directory / "s.jsonl", session)
    text = store.export("s")
    assert "`````\n````\nline" in text
    assert "... 61 more lines\n`````" in text


def test_json_is_a_chat_that_others_can_read(store: SessionStore) -> None:
    put(store, "s")
    document = json.loads(store.export("s", "json"))
    system, user, answer, first, second, *_ = document["messages"]
    assert system == {"role": "system", "content": header().system}
    assert user["content"].endswith("fix it")
    assert json.loads(answer["tool_calls"][1]["function"]["arguments"]) == {"é": [1, {"x": None}]}
    assert [first["tool_call_id"], second["tool_call_id"]] == [c["id"] for c in answer["tool_calls"]]
    assert document["tools"][0]["function"]["name"] == "edit"
    assert document["turns"] == 2


def test_an_unknown_form_is_refused(store: SessionStore) -> None:
    put(store, "s")
    with pytest.raises(SessionError, match="as md, json, html, not as 'pdf'"):
        store.export("s", "pdf")
