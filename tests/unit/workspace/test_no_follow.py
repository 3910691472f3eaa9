from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from qwen_code.workspace.no_follow import NotRegular, directory, listing, regular_file


def test_a_file_is_opened_below_its_root(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "f").write_text("text")
    for root in (tmp_path, None):
        with regular_file(tmp_path / "a" / "b" / "f", root) as descriptor:
            assert os.read(descriptor, 10) == b"text"


def test_a_link_on_the_way_is_refused_wherever_it_stands(tmp_path: Path) -> None:
    (tmp_path / "real" / "deep").mkdir(parents=True)
    (tmp_path / "real" / "deep" / "f").write_text("text")
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "real" / "short").symlink_to("deep")
    (tmp_path / "real" / "deep" / "alias").symlink_to("f")
    for name in ("link/deep/f", "real/short/f"):
        with pytest.raises(NotADirectoryError), regular_file(tmp_path / name, tmp_path):
            pass
    with pytest.raises(NotRegular), regular_file(tmp_path / "real/deep/alias", tmp_path):
        pass


@pytest.mark.parametrize("what", ["a directory", "a named pipe", "a socket", "a device"])
def test_what_is_no_regular_file_is_named_without_waiting(tmp_path: Path, what: str) -> None:
    path = tmp_path / "x"
    with socket.socket(socket.AF_UNIX) as server:
        match what:
            case "a directory":
                path.mkdir()
            case "a named pipe":
                os.mkfifo(path)
            case "a socket":
                server.bind(str(path))
            case _:
                path = Path("/dev/null")
        root = tmp_path if path.parent == tmp_path else None
        with pytest.raises(NotRegular) as refused, regular_file(path, root):
            pass
    assert refused.value.what == what


def test_the_root_itself_is_a_directory(tmp_path: Path) -> None:
    for path, root in ((tmp_path, tmp_path), (Path("/"), None)):
        with pytest.raises(NotRegular), regular_file(path, root):
            pass


def test_missing_directories_are_made_only_when_asked(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), directory(tmp_path / "a" / "b", tmp_path):
        pass
    with directory(tmp_path / "a" / "b", tmp_path, create=True) as descriptor:
        assert os.fstat(descriptor).st_ino == (tmp_path / "a" / "b").stat().st_ino


def test_directories_that_were_made_go_again_when_the_work_in_them_fails(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    with pytest.raises(RuntimeError), directory(tmp_path / "kept" / "a" / "b", tmp_path, create=True):
        raise RuntimeError
    assert list(tmp_path.rglob("*")) == [tmp_path / "kept"]


def test_a_listing_refuses_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "f").touch()
    (tmp_path / "link").symlink_to("real")
    with listing(tmp_path / "real", tmp_path) as descriptor:
        with os.scandir(descriptor) as entries:
            assert [entry.name for entry in entries] == ["f"]
    with pytest.raises(NotADirectoryError), listing(tmp_path / "link", tmp_path):
        pass


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    def opened() -> int:
        return len(list(Path("/dev/fd").iterdir()))

    (tmp_path / "f").touch()
    before = opened()
    for _ in range(20):
        with regular_file(tmp_path / "f", tmp_path):
            pass
        with pytest.raises(NotRegular), regular_file(tmp_path, tmp_path):
            pass
        with pytest.raises(FileNotFoundError), directory(tmp_path / "a" / "b", tmp_path):
            pass
        with listing(tmp_path, tmp_path):
            pass
    assert opened() == before
