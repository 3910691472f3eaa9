from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from qwen_code.errors import SessionError
from qwen_code.events import Event, TurnStarted, encode
from qwen_code.sessions.search import search
from qwen_code.sessions.session_file import open_file
from qwen_code.sessions.store import SessionStore
from qwen_code.sessions.upkeep import expire
from tests.unit.sessions.told import header, short_session


@pytest.fixture
def store(tmp_path: Path) -> SessionStore:
    return SessionStore(tmp_path / "sessions")


def stored(store: SessionStore, name: str, *events: Event, title: str = "") -> Path:
    log = store.create(header(name))
    for event in events or short_session().events:
        log.append(encode(event))
    if title:
        log.append({"type": "title", "title": title})
    log.close()
    return log.path


def test_words_are_found_in_prompts_answers_and_results_in_any_order(store: SessionStore) -> None:
    stored(store, "s1", TurnStarted("Repair the PARSER of opening hours"))
    stored(store, "s2", TurnStarted("write documentation"))
    (hit,) = search(store.list(), "hours parser")
    assert (hit.session.id, hit.turn, hit.said_by, hit.text) == (
        "s1",
        1,
        "you",
        "Repair the PARSER of opening hours",
    )
    assert list(search(store.list(), "parser documentation")) == []
    assert list(search(store.list(), "  ")) == []
    stored(store, "s3")
    assert {h.said_by for h in search(store.list(), "edited")} == {"edit"}


def test_what_was_rewound_is_not_found_and_text_can_not_steer_a_terminal(store: SessionStore) -> None:
    log = store.create(header("s1"))
    log.append(encode(TurnStarted("keep \x1b[31mthis")))
    log.append(encode(TurnStarted("drop this")))
    log.append({"type": "rewound", "turn": 2, "conversation": True, "files": []})
    log.close()
    assert [hit.text for hit in search(store.list(), "this")] == ["keep \\u001b[31mthis"]


def test_sessions_are_named_by_their_title_too(store: SessionStore) -> None:
    stored(store, "20260101-000000-aaaa", title="The parser")
    newest = stored(store, "20260102-000000-bbbb", title="The parser's docs")
    assert store.find("the parser").stem == "20260101-000000-aaaa"
    assert store.find("The parser'").stem == newest.stem
    with pytest.raises(SessionError, match="There is no session 'parser'"):
        store.find("parser")


def test_sessions_not_used_for_long_are_deleted_with_all_that_is_theirs(store: SessionStore) -> None:
    old, young = stored(store, "old"), stored(store, "young")
    (store.directory / "old" / "outputs").mkdir(parents=True)
    then = time.time() - 31 * 86_400
    os.utime(old, (then, then))
    assert expire(store, 32) == []
    assert expire(store, 30) == ["old"]
    assert list(store.directory.iterdir()) == [young]


def test_an_old_session_that_is_open_stays(store: SessionStore) -> None:
    old = stored(store, "old")
    os.utime(old, (1, 1))
    opened = open_file(old)
    assert opened.fd is not None
    assert expire(store, 1) == []
    os.close(opened.fd)
    assert expire(store, 1) == ["old"]


def test_a_session_of_a_newer_version_is_left_as_it_is(store: SessionStore) -> None:
    log = store.create(header("s1"))
    log.append({"type": "version", "v": 99})
    log.append(encode(TurnStarted("hello")))
    log.close()
    before = log.path.read_bytes()
    log, restored = store.open("s1")
    log.append(encode(TurnStarted("more")))
    log.close()
    assert restored.warnings[0].startswith(
        "Session s1 was written by a newer version of qwen-code, so this goes on"
    )
    assert log.path.read_bytes() != before
    assert (store.directory / "s1.jsonl").read_bytes() == before
    with pytest.raises(SessionError, match="newer version"):
        store.open("s1", alone=True)


def test_a_session_of_an_older_version_is_one_of_this_version_from_then_on(store: SessionStore) -> None:
    path = stored(store, "s1")
    path.write_bytes(path.read_bytes().replace(b'"v":2', b'"v":1', 1))
    log, restored = store.open("s1")
    log.close()
    assert (restored.version, restored.warnings) == (1, ())
    assert store.open_to_read("s1")[1].version == 2
