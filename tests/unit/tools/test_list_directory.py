from __future__ import annotations

import os
from pathlib import Path

import pytest

from qwen_code.tool import Access, OutputLimits, TextBlock
from qwen_code.tools.list_directory import ListDirectory
from tests.unit.tools.desk import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(ListDirectory(), tmp_path / "project", limits=OutputLimits(lines=10))


def test_directories_come_first_and_files_have_sizes(desk: Desk) -> None:
    desk.write("b.txt", "x" * 999)
    desk.write("a.bin", b"x" * 1536)
    desk.write("big", b"")
    os.truncate(desk.root / "big", 5 * 2**30)
    desk.write("z/f", "")
    desk.write("é/f", "")
    result = desk.call(path=".")
    assert result.for_model == "z/\né/\na.bin 1.5K\nb.txt 999\nbig 5.0G"
    assert result.for_user == TextBlock("2 directories, 3 files")


def test_the_project_directory_is_meant_without_a_path(desk: Desk) -> None:
    desk.write("f", "")
    assert desk.call().for_model == "f 0"


def test_links_and_special_files_are_marked_and_not_followed(desk: Desk) -> None:
    os.mkfifo(desk.root / "pipe")
    (desk.root / "link").symlink_to("/etc")
    (desk.root / "dangling").symlink_to("nowhere")
    assert desk.call().for_model == "dangling -> nowhere\nlink -> /etc\npipe (special file)"


def test_ignored_entries_are_counted(desk: Desk) -> None:
    desk.write(".gitignore", "*.o\nout/\n")
    desk.write("a.o", "")
    desk.write("out/x.o", "")
    desk.write("src/a.c", "")
    assert desk.call().for_model == "src/\n.gitignore 9\n[2 ignored]"


def test_an_ignored_directory_asked_for_by_name_is_listed(desk: Desk) -> None:
    desk.write(".gitignore", "out/\n*.o\n")
    desk.write("out/x.o", "")
    assert desk.call(path="out").for_model == "x.o 0"


def test_a_long_listing_is_cut_and_said_to_be(desk: Desk) -> None:
    for number in range(25):
        desk.write(f"f{number:02}", "")
    lines = desk.call().for_model.split("\n")
    assert lines[-2:] == ["f09 0", "[15 more]"]


def test_an_empty_directory_is_said_to_be_empty(desk: Desk) -> None:
    assert desk.call().for_model == "[the directory is empty]"


def test_names_can_not_steer_the_terminal(desk: Desk) -> None:
    desk.write("a\x1b[2Jb", "")
    Path(os.fsdecode(bytes(desk.root) + b"/\xff")).touch()
    assert desk.call().for_model == "\\xff 0\na\\x1b[2Jb 0"


def test_what_is_no_directory_is_said(desk: Desk) -> None:
    desk.write("f", "")
    assert "Read it with read_file" in str(desk.refused(path="f"))
    assert desk.refused(path="none").kind == "not_found"
    assert desk.refused(path="").kind == "invalid_path"


def test_it_declares_the_read(desk: Desk) -> None:
    assert desk.accesses(path="..") == [Access("read", str(desk.root.parent), str(desk.root.parent))]
    assert ListDirectory.read_only
