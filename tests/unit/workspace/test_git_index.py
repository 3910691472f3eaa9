from __future__ import annotations

import os
import random
import subprocess
import time
from pathlib import Path

import pytest

from qwen_code.workspace.git_blobs import read_blobs
from qwen_code.workspace.git_index import GitIndex, read_index


def git(directory: Path, *arguments: str) -> str:
    run = ["git", "-c", "user.name=T", "-c", "user.email=t@example.invalid", *arguments]
    return subprocess.run(run, cwd=directory, check=True, capture_output=True, text=True).stdout


def aged(path: Path, seconds: int = 100) -> None:
    """As if it had been written a while ago, so that git is sure of it."""
    then = time.time() - seconds
    os.utime(path, (then, then))


def repository(root: Path, *options: str) -> Path:
    root.mkdir()
    git(root, "init", "-q", *options)
    for name, text in {
        "a.txt": "one\n",
        "sub/dir/b.py": "two\n",
        "sub/dir/bb.py": "three\n",
        "ü x.md": "4",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
        aged(root / name)
    git(root, "add", ".")
    git(root, "commit", "-qm", "first")
    return root


def clean(index: GitIndex | None) -> dict[str, bytes]:
    """Contents by name, of all files that are as git has them."""
    assert index is not None
    named = {name: e.oid for name, e in index.entries.items() if e.matches((index.top / name).lstat())}
    blobs = read_blobs(index.git_directory, list(named.values()))
    return {name: blobs[oid] for name, oid in named.items()}


@pytest.mark.parametrize("version", ["2", "3", "4"])
def test_every_clean_file_is_known_with_its_content(tmp_path: Path, version: str) -> None:
    root = repository(tmp_path / "r")
    if version == "3":  # git writes it when an entry needs it
        (root / "later.txt").write_text("x")
        git(root, "add", "-N", "later.txt")
    git(root, "update-index", "--index-version", version, "--force-write-index")
    found = clean(read_index(root / "sub"))
    assert found == {"a.txt": b"one\n", "sub/dir/b.py": b"two\n", "sub/dir/bb.py": b"three\n", "ü x.md": b"4"}


def test_a_file_that_was_written_since_is_not_clean(tmp_path: Path) -> None:
    root = repository(tmp_path / "r")
    (root / "a.txt").write_text("two\n")
    aged(root / "a.txt")  # same size, same time, another inode change time
    assert "a.txt" not in clean(read_index(root))
    assert "sub/dir/b.py" in clean(read_index(root))


def test_a_file_written_in_the_moment_of_the_index_is_not_trusted(tmp_path: Path) -> None:
    root = repository(tmp_path / "r")
    (root / "racy.txt").write_text("x")
    git(root, "add", "racy.txt")
    written = (root / "racy.txt").stat().st_mtime_ns
    os.utime(root / ".git" / "index", ns=(written, written))
    index = read_index(root)
    assert index is not None
    assert "racy.txt" not in index.entries


def test_worktrees_have_an_index_of_their_own(tmp_path: Path) -> None:
    root = repository(tmp_path / "r")
    git(root, "worktree", "add", "-q", str(tmp_path / "w"))
    for name in ("a.txt", "sub/dir/b.py"):
        aged(tmp_path / "w" / name)
    git(tmp_path / "w", "update-index", "-q", "--refresh")
    assert clean(read_index(tmp_path / "w"))["a.txt"] == b"one\n"


def test_what_is_not_understood_counts_as_not_held_by_git(tmp_path: Path) -> None:
    assert read_index(tmp_path) is None
    assert read_index(repository(tmp_path / "r", "--object-format=sha256")) is None
    root = repository(tmp_path / "s")
    whole = (root / ".git" / "index").read_bytes()
    rng = random.Random(7)
    oids: set[str] = set()
    for _ in range(300):
        data = bytearray(whole)
        for _ in range(rng.randrange(1, 6)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        (root / ".git" / "index").write_bytes(bytes(data[: rng.randrange(len(data) + 1)]))
        index = read_index(root)
        oids |= {entry.oid for entry in index.entries.values()} if index is not None else set()
    assert len(oids) > 4
    assert set(read_blobs(root / ".git", list(oids)).values()) <= {b"one\n", b"two\n", b"three\n", b"4"}


def test_a_blob_that_is_missing_is_left_out(tmp_path: Path) -> None:
    root = repository(tmp_path / "r")
    oid = git(root, "rev-parse", "HEAD:a.txt").strip()
    found = read_blobs(root / ".git", ["0" * 40, oid, git(root, "rev-parse", "HEAD").strip()])
    assert found == {oid: b"one\n"}
    assert read_blobs(tmp_path / "nowhere", [oid]) == {}
