from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from qwen_code.tool import DiffBlock
from qwen_code.tools.edit import Edit
from tests.unit.tools.desk import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(Edit(), tmp_path / "project")


def test_an_edit_is_made_and_its_result_shown_with_line_numbers(desk: Desk) -> None:
    path = desk.known("a.py", "".join(f"line {n}\n" for n in range(1, 10)))
    result = desk.call(file_path="a.py", old_string="line 5\n", new_string="five\nfive and a half\n")
    assert path.read_text().splitlines()[4:6] == ["five", "five and a half"]
    assert result.for_model == (
        "Edited a.py. Now:\n3| line 3\n4| line 4\n5| five\n6| five and a half\n7| line 6\n8| line 7"
    )
    assert isinstance(result.for_user, DiffBlock)
    assert (result.for_user.added, result.for_user.removed) == (2, 1)
    assert result.for_user.diff.startswith("@@ -2,7 +2,8 @@\n line 2\n")
    assert result.files_changed == (str(path),)


def test_edits_follow_each_other_without_reading_again(desk: Desk) -> None:
    path = desk.known("a", "1\n2\n")
    desk.call(file_path="a", old_string="1", new_string="one")
    desk.call(file_path="a", old_string="2", new_string="two")
    assert path.read_text() == "one\ntwo\n"


def test_a_long_result_is_shown_in_part(desk: Desk) -> None:
    desk.known("a", "x\n")
    result = desk.call(file_path="a", old_string="x\n", new_string="".join(f"{n}\n" for n in range(100)))
    assert result.for_model.count("\n") < 20
    assert "\n...\n" in result.for_model


def test_all_places_are_replaced_when_asked(desk: Desk) -> None:
    path = desk.known("a", "x = x + x\n")
    result = desk.call(file_path="a", old_string="x", new_string="y", replace_all=True)
    assert path.read_text() == "y = y + y\n"
    assert result.for_model.startswith("Edited a, 3 places.")


def test_the_model_is_told_what_was_disregarded(desk: Desk) -> None:
    path = desk.known("a", "if x:\n\ty()\n")
    result = desk.call(file_path="a", old_string="    y()", new_string="    z()")
    assert path.read_text() == "if x:\n\tz()\n"
    assert "differed in indentation" in result.for_model


@pytest.mark.parametrize(
    "raw", [b"\xef\xbb\xbfa\r\nb", b"\xff\xfea\0\r\0\n\0b\0", b"a\r\nb\xe9\r\n", b"\na\r\nb\n"]
)
def test_every_byte_that_was_not_edited_stays(desk: Desk, raw: bytes) -> None:
    path = desk.known("a", raw)
    path.chmod(0o755)
    desk.call(file_path="a", old_string="a\n", new_string="A\n")
    assert path.read_bytes() == raw.replace(b"a", b"A", 1)
    assert path.stat().st_mode & 0o777 == 0o755


def test_an_empty_old_string_creates_a_file(desk: Desk) -> None:
    result = desk.call(file_path="d/a", old_string="", new_string="x\n")
    assert (desk.root / "d" / "a").read_text() == "x\n"
    assert result.for_model == "Created d/a."
    assert isinstance(result.for_user, DiffBlock)
    assert result.for_user.created


def test_an_empty_file_can_be_created(desk: Desk) -> None:
    desk.call(file_path="a", old_string="", new_string="")
    assert (desk.root / "a").read_bytes() == b""


@pytest.mark.parametrize(
    ("old", "new", "kind", "sentence"),
    [
        ("", "x", "exists", "use write_file"),
        ("one", "one", "no_change", "are the same"),
        ("absent text", "x", "not_found", "Nothing in it comes close"),
        ("t", "x", "ambiguous", "more than once, at lines 2, 3"),
        ("    two (2)\n", "x\n", "not_found", "Closest: line 2 (- yours"),
        ("not there", "three (3)\n", "not_found", "new_string already is, at line 3"),
    ],
)
def test_what_can_not_be_done_is_said_with_the_way_out(
    desk: Desk, old: str, new: str, kind: str, sentence: str
) -> None:
    path = desk.known("a", "one\ntwo (two)\nthree (3)\n")
    failure = desk.refused(file_path="a", old_string=old, new_string=new)
    assert failure.kind == kind
    assert sentence in str(failure)
    assert path.read_text() == "one\ntwo (two)\nthree (3)\n"


def test_lenient_places_are_named_as_such(desk: Desk) -> None:
    desk.known("a", "  x\n  y\n    x\n    y\n")
    failure = desk.refused(file_path="a", old_string="x\ny\n", new_string="z\n")
    assert str(failure) == (
        "old_string is not in a as it is; indentation aside it fits at lines 1, 3. "
        "Copy one of these places exactly."
    )


def test_a_missing_file_is_answered_with_names_like_it(desk: Desk) -> None:
    desk.write("config.py", "x")
    failure = desk.refused(file_path="confg.py", old_string="x", new_string="y")
    assert failure.kind == "file_not_found"
    assert "Did you mean config.py?" in str(failure)


@pytest.mark.parametrize("seen", [True, False])
def test_nothing_of_a_file_that_the_model_does_not_know_is_told(desk: Desk, seen: bool) -> None:
    path = desk.known("a", "old\n") if seen else desk.root / "a"
    path.write_text("key = secret\n")
    for outcome in (
        desk.refused(file_path="a", old_string="key = x", new_string="y"),
        desk.refused(file_path="a", old_string="key", new_string="y"),
    ):
        assert outcome.kind == "stale"
        assert "secret" not in str(outcome)
    assert path.read_text() == "key = secret\n"


def test_the_preview_shows_the_change_and_makes_none(desk: Desk) -> None:
    path = desk.known("a", "1\n2\n")
    block = desk.preview(file_path="a", old_string="2", new_string="two")
    assert block == DiffBlock("a", "@@ -1,2 +1,2 @@\n 1\n-2\n+two", 1, 1)
    assert path.read_text() == "1\n2\n"


def test_python_runs_the_edited_module_however_fast_the_edit_came(desk: Desk) -> None:
    path = desk.known("m.py", "value = 1\n")
    command = [sys.executable, "-c", "import m; print(m.value)"]

    def value() -> str:
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
        return subprocess.check_output(command, cwd=desk.root, env=environment, text=True)

    assert value() == "1\n"
    for old, new in (("1", "2"), ("2", "3"), ("3", "1"), ("1", "4")):
        desk.call(file_path="m.py", old_string=old, new_string=new)
        assert path.stat().st_size == 10
    assert value() == "4\n"
