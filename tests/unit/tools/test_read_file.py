from __future__ import annotations

from pathlib import Path

import pytest

from qwen_code.tool import Access, OutputLimits, TextBlock
from qwen_code.tools.read_file import ReadFile
from tests.unit.tools.desk import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(ReadFile(), tmp_path / "project", limits=OutputLimits(lines=5, bytes=1000))


def test_a_short_file_is_given_as_it_stands(desk: Desk) -> None:
    desk.write("a.py", "def f():\n\treturn '你'\n")
    result = desk.call(file_path="a.py")
    assert result.for_model == "def f():\n\treturn '你'\n"
    assert result.for_user == TextBlock("2 lines")
    assert result.files_changed == ()


def test_a_long_file_says_how_to_go_on(desk: Desk) -> None:
    desk.write("f", "".join(f"{n}\n" for n in range(12)))
    assert desk.call(file_path="f").for_model == (
        "[lines 1-5 of 12; continue with offset=5]\n0\n1\n2\n3\n4\n"
    )
    assert desk.call(file_path="f", offset=5).for_model.startswith(
        "[lines 6-10 of 12; continue with offset=10]"
    )
    assert desk.call(file_path="f", offset=10).for_model == "[lines 11-12 of 12]\n10\n11\n"


def test_the_parts_of_a_file_are_the_file(desk: Desk) -> None:
    text = "".join(f"line {n} {'x' * (n % 300)}\n" for n in range(100))
    desk.write("f", text)
    parts, offset = "", 0
    while offset < 100:
        header, _, body = desk.call(file_path="f", offset=offset).for_model.partition("\n")
        assert header.startswith(f"[lines {offset + 1}-")
        parts += body
        offset += body.count("\n")
    assert parts == text


def test_more_lines_than_usual_can_be_asked_for_but_not_more_bytes(desk: Desk) -> None:
    desk.write("f", "x\n" * 2000)
    assert desk.call(file_path="f", limit=20).for_model.startswith("[lines 1-20 of 2000;")
    assert desk.call(file_path="f", limit=2000).for_model.startswith("[lines 1-500 of 2000;")


def test_an_empty_file_is_said_to_be_empty(desk: Desk) -> None:
    desk.write("f", "")
    assert desk.call(file_path="f").for_model == "[the file is empty]"


@pytest.mark.parametrize(
    ("offset", "limit", "sentence"),
    [(3, None, "f has 3 lines; offset 3 is past its end"), (-1, None, "0 or more"), (0, 0, "1 or more")],
)
def test_a_range_that_is_none_is_refused(desk: Desk, offset: int, limit: int | None, sentence: str) -> None:
    desk.write("f", "1\n2\n3\n")
    assert sentence in str(desk.refused(file_path="f", offset=offset, limit=limit))


def test_a_picture_is_said_to_be_one(desk: Desk) -> None:
    desk.write("logo.png", b"\x89PNG\r\n\x1a\n\0\0\0")
    failure = desk.refused(file_path="logo.png")
    assert failure.kind == "binary"
    assert "logo.png is a PNG image" in str(failure)


def test_what_was_read_in_part_is_known(desk: Desk) -> None:
    path = desk.write("f", "x\n" * 100)
    desk.call(file_path="f", offset=50, limit=1)
    resolved = desk.context.workspace.resolve("f")
    assert desk.context.files.seen(path) == desk.context.files.read(resolved).sha256


def test_a_range_that_failed_is_not_known(desk: Desk) -> None:
    path = desk.write("f", "x\n")
    desk.refused(file_path="f", offset=9)
    assert desk.context.files.seen(path) is None


def test_it_declares_what_it_reads_before_it_does(desk: Desk) -> None:
    desk.write("real", "x")
    (desk.root / "link").symlink_to("real")
    assert desk.accesses(file_path="link") == [Access("read", f"{desk.root}/link", f"{desk.root}/real")]
    assert ReadFile.read_only


def test_a_file_outside_is_read_when_that_was_granted(desk: Desk) -> None:
    outside = desk.root.parent / "notes.txt"
    outside.write_text("text\n")
    assert desk.call(file_path=str(outside)).for_model == "text\n"
