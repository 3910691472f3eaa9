from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from qwen_code.tool import Access, DiffBlock, ToolFailure
from qwen_code.tools.write_file import WriteFile, WriteFileParams
from tests.unit.tools.desk import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(WriteFile(), tmp_path / "project")


def test_a_new_file_is_made_with_its_directories(desk: Desk) -> None:
    result = desk.call(file_path="src/new/a.py", content="x = 1\ny = 2\n")
    assert (desk.root / "src/new/a.py").read_text() == "x = 1\ny = 2\n"
    assert result.for_model == "Created src/new/a.py (2 lines)."
    assert result.for_user == DiffBlock("src/new/a.py", "@@ -0,0 +1,2 @@\n+x = 1\n+y = 2", 2, 0, created=True)
    assert result.files_changed == (str(desk.root / "src/new/a.py"),)


def test_a_file_that_was_read_is_replaced(desk: Desk) -> None:
    path = desk.known("a.py", "x = 1\n")
    result = desk.call(file_path="a.py", content="x = 2\n")
    assert path.read_text() == "x = 2\n"
    assert result.for_model == "Wrote a.py (1 line, +1 -1)."
    assert result.for_user == DiffBlock("a.py", "@@ -1 +1 @@\n-x = 1\n+x = 2", 1, 1)


def test_a_file_can_be_written_again_without_reading_it(desk: Desk) -> None:
    desk.call(file_path="a.py", content="x = 1\n")
    desk.call(file_path="a.py", content="x = 2\n")
    assert (desk.root / "a.py").read_text() == "x = 2\n"


@pytest.mark.parametrize("seen", [True, False])
def test_a_file_whose_content_the_model_does_not_know_is_left_alone(desk: Desk, seen: bool) -> None:
    path = desk.known("a.py", "x = 0\n") if seen else desk.root / "a.py"
    path.write_text("x = 1\n")
    failure = desk.refused(file_path="a.py", content="x = 2\n")
    assert failure.kind == "stale"
    assert "read_file" in str(failure)
    assert path.read_text() == "x = 1\n"


def test_the_same_content_is_not_written_again(desk: Desk) -> None:
    path = desk.known("a.py", "x = 1\n")
    before = path.stat()
    result = desk.call(file_path="a.py", content="x = 1\n")
    assert result.for_model == "a.py already holds exactly this content."
    assert result.files_changed == ()
    assert path.stat().st_ino == before.st_ino


def test_crlf_line_endings_are_kept(desk: Desk) -> None:
    path = desk.known("a.bat", "a\r\nb\r\n")
    result = desk.call(file_path="a.bat", content="a\nc\n")
    assert path.read_bytes() == b"a\r\nc\r\n"
    assert result.for_model.endswith("; CRLF line endings kept.")


def test_the_encoding_is_kept(desk: Desk) -> None:
    path = desk.known("a.txt", b"\xff\xfea\0\n\0")
    assert "stored as utf-16-le" in desk.call(file_path="a.txt", content="b\n").for_model
    assert path.read_bytes() == b"\xff\xfeb\0\n\0"


def test_a_byte_order_mark_is_not_doubled(desk: Desk) -> None:
    path = desk.known("a.txt", b"\xef\xbb\xbfa\n")
    desk.call(file_path="a.txt", content="\ufeffb\n")
    assert path.read_bytes() == b"\xef\xbb\xbfb\n"


def test_content_that_the_old_encoding_lacks_is_stored_as_utf_8(desk: Desk) -> None:
    path = desk.known("a.txt", b"caf\xe9\n")
    assert "stored as utf-8 now" in desk.call(file_path="a.txt", content="你\n").for_model
    assert path.read_text() == "你\n"


def test_what_is_no_text_file_is_not_overwritten(desk: Desk) -> None:
    desk.write("a.png", b"\x89PNG\r\n\x1a\n")
    (desk.root / "d").mkdir()
    assert desk.refused(file_path="a.png", content="x").kind == "binary"
    assert desk.refused(file_path="d", content="x").kind == "not_regular_file"
    assert desk.refused(file_path="new/", content="x").kind == "not_regular_file"


def test_an_empty_file_can_be_made(desk: Desk) -> None:
    assert desk.call(file_path="__init__.py", content="").for_model == "Created __init__.py (0 lines)."
    assert (desk.root / "__init__.py").read_bytes() == b""


def test_the_preview_shows_the_change_and_makes_none(desk: Desk) -> None:
    path = desk.known("a.py", "x = 1\n")
    block = desk.preview(file_path="a.py", content="x = 2\n")
    assert block == DiffBlock("a.py", "@@ -1 +1 @@\n-x = 1\n+x = 2", 1, 1)
    assert path.read_text() == "x = 1\n"


def test_it_declares_the_write_before_it_does_it(desk: Desk) -> None:
    (desk.root / "link").symlink_to(desk.root.parent / "elsewhere")
    accesses = desk.accesses(file_path="link/a", content="")
    assert accesses == [Access("write", f"{desk.root}/link/a", f"{desk.root.parent}/elsewhere/a")]


def test_a_write_through_a_link_swapped_in_after_the_decision_is_refused(desk: Desk) -> None:
    (desk.root / "d").mkdir()
    (desk.root.parent / "outside").mkdir()
    desk.context.granted = desk.accesses(file_path="d/a", content="x")
    (desk.root / "d").rmdir()
    (desk.root / "d").symlink_to(desk.root.parent / "outside")
    with pytest.raises(ToolFailure) as failure:
        asyncio.run(WriteFile().run(WriteFileParams("d/a", "x"), desk.context, lambda text: None))
    assert failure.value.kind == "not_permitted"
    assert list((desk.root.parent / "outside").iterdir()) == []
