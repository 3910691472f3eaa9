from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from qwen_code.workspace import file_state
from qwen_code.workspace.content_store import ContentStore
from qwen_code.workspace.tree_watch import Difference, TooLarge, TreeWatch
from tests.unit.workspace.test_git_index import git, repository


class Place:
    """A workspace that commands run in."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "w"
        self.root.mkdir(exist_ok=True)
        self.store = ContentStore(folder / "kept", limit_bytes=10**8)
        self.watch = TreeWatch([self.root], self.store)

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def ran(self, command: str) -> dict[str, Difference]:
        """What `command` changed, by path from the root."""
        tree = self.watch.before()
        subprocess.run(["sh", "-ec", command], cwd=self.root, check=True)
        return {d.path.removeprefix(f"{self.root}/"): d for d in self.watch.after(tree)}

    def old(self, difference: Difference) -> bytes | None:
        return self.store.get(difference.before.sha256)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_every_kind_of_change_is_found_with_what_was_there_before(place: Place) -> None:
    place.write("changed", "old\n").chmod(0o640)
    place.write("gone", b"\0binary")
    place.write("mode", "x").chmod(0o644)
    place.write("same", "x")
    (place.root / "link").symlink_to("changed")
    found = place.ran(
        "echo new > changed; rm gone; chmod +x mode; ln -sf same link; mkdir d; echo y > d/new; touch same"
    )
    kinds = {name: (d.before.kind, d.after.kind) for name, d in found.items()}
    assert kinds == {
        "changed": ("file", "file"),
        "gone": ("file", "absent"),
        "mode": ("file", "file"),
        "link": ("link", "link"),
        "d": ("absent", "directory"),
        "d/new": ("absent", "file"),
    }
    assert (place.old(found["changed"]), found["changed"].before.mode) == (b"old\n", 0o640)
    assert place.old(found["gone"]) == b"\0binary"
    assert (found["mode"].before.mode, found["mode"].after.mode) == (0o644, 0o755)
    assert (found["link"].before.target, found["link"].after.target) == ("changed", "same")


def test_a_rewrite_of_equal_size_and_time_is_found(place: Place) -> None:
    place.write("f", "aaaa")
    found = place.ran("cp -p f /tmp/stamp.$$; printf bbbb > f; touch -r /tmp/stamp.$$ f; rm /tmp/stamp.$$")
    assert place.old(found["f"]) == b"aaaa"


def test_what_a_person_would_not_miss_is_left_out(place: Place) -> None:
    place.write(".gitignore", "build/\n*.o\n")
    place.write("src.c", "int x;")
    found = place.ran(
        "mkdir -p build node_modules/m .git __pycache__; touch build/a x.o node_modules/m/i.js .git/config "
        "__pycache__/a.pyc; echo >> src.c"
    )
    assert set(found) == {"src.c"}


def test_what_git_holds_is_not_copied_and_yet_comes_back(tmp_path: Path) -> None:
    root = repository(tmp_path / "w")
    place = Place(tmp_path)
    (root / "untracked").write_text("u" * 50)
    place.watch.before()
    assert place.store.path.stat().st_size < 300
    found = place.ran("echo changed > a.txt; rm -r sub; git add -A; git commit -qm second")
    assert place.old(found["a.txt"]) == b"one\n"
    assert place.old(found["sub/dir/b.py"]) == b"two\n"
    assert found["sub/dir"].before.kind == "directory"


def test_content_that_git_converts_is_not_taken_for_what_was_there(tmp_path: Path) -> None:
    root = repository(tmp_path / "w")
    git(root, "config", "core.autocrlf", "true")
    (root / "crlf.txt").write_bytes(b"a\r\nb\r\n")
    tree_watch_place = Place(tmp_path)
    subprocess.run(["touch", "-d", "2020-01-01", "crlf.txt"], cwd=root, check=True)
    git(root, "add", "crlf.txt")
    found = tree_watch_place.ran("echo x > crlf.txt")
    assert not found["crlf.txt"].before.kept
    assert found["crlf.txt"].before.sha256 == ""


def test_large_files_are_not_kept_and_named(place: Place) -> None:
    place.write("big.txt", b"x" * (file_state.MAX_FILE_BYTES + 1))
    place.write("big.bin", b"\0" * (file_state.MAX_BINARY_BYTES + 1))
    place.write("fine.txt", b"x" * (file_state.MAX_BINARY_BYTES + 1))
    found = place.ran("for f in *; do echo >> $f; done")
    assert {name: d.before.kept for name, d in found.items()} == {
        "big.txt": False,
        "big.bin": False,
        "fine.txt": True,
    }
    assert {Path(path).name for path in place.watch.unkept} == {"big.txt", "big.bin"}


def test_a_tree_that_is_too_large_is_said(place: Place) -> None:
    for number in range(30):
        place.write(f"d{number % 3}/f{number}", "x")
    with pytest.raises(TooLarge, match="more than 20 files"):
        TreeWatch([place.root], place.store, max_entries=20).before()


def test_only_what_was_written_is_copied_again(place: Place) -> None:
    for number in range(50):
        place.write(f"f{number}", f"content {number}")
    place.watch.before()
    size = place.store.path.stat().st_size
    place.write("f7", "another")
    place.watch.before()
    assert 0 < place.store.path.stat().st_size - size < 200
