from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from qwen_code.workspace.content_store import ContentStore


def store(path: Path) -> ContentStore:
    return ContentStore(path / "a" / "contents.pack", limit_bytes=10_000)


def test_what_was_kept_is_found_again_also_by_a_later_process(tmp_path: Path) -> None:
    first = store(tmp_path)
    digests = [first.put(data) for data in (b"", b"one", b"\0two\n" * 100)]
    first.sync()
    assert digests[1] == hashlib.sha256(b"one").hexdigest()
    assert [first.get(digest) for digest in digests] == [b"", b"one", b"\0two\n" * 100]
    first.close()
    again = store(tmp_path)
    assert [again.get(digest) for digest in digests] == [b"", b"one", b"\0two\n" * 100]
    assert again.get(hashlib.sha256(b"three").hexdigest()) is None


def test_the_same_content_takes_room_once_and_is_private(tmp_path: Path) -> None:
    kept = store(tmp_path)
    kept.put(b"x" * 1000)
    room, size = kept.room, kept.path.stat().st_size
    kept.put(b"x" * 1000)
    assert (kept.room, kept.path.stat().st_size) == (room, size)
    assert kept.path.stat().st_mode & 0o777 == 0o600
    assert kept.path.parent.stat().st_mode & 0o777 == 0o700


def test_a_crash_at_any_byte_of_the_last_entry_loses_only_that(tmp_path: Path) -> None:
    kept = store(tmp_path)
    one = kept.put(b"one")
    before = kept.path.stat().st_size
    two = kept.put(b"two" * 20)
    kept.close()
    whole = kept.path.read_bytes()
    for cut in range(before, len(whole)):
        kept.path.write_bytes(whole[:cut])
        again = store(tmp_path)
        assert (again.get(one), again.get(two)) == (b"one", None)
        three = again.put(b"three")
        again.close()
        assert store(tmp_path).get(three) == b"three"


@pytest.mark.parametrize("at", [0, 10, 70, 90])
def test_what_was_damaged_on_disk_is_never_given_out(tmp_path: Path, at: int) -> None:
    kept = store(tmp_path)
    digest = kept.put(b"precious content")
    kept.close()
    with kept.path.open("r+b") as file:
        file.seek(at)
        file.write(b"\xff")
    assert store(tmp_path).get(digest) is None


def test_a_full_disk_leaves_what_is_there(tiny_disk: Path) -> None:
    kept = ContentStore(tiny_disk / "contents.pack", limit_bytes=10**9)
    one = kept.put(b"one")
    with pytest.raises(OSError, match="No space left"):
        kept.put(os.urandom(10 * 2**20))
    assert kept.get(one) == b"one"
    two = kept.put(b"two")
    kept.close()
    again = ContentStore(kept.path, limit_bytes=0)
    assert (again.get(one), again.get(two)) == (b"one", b"two")
