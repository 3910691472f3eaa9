from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_code.tool import OutputLimits
from qwen_code.workspace.outputs import (
    GAP_BYTES,
    OutputFiles,
    cap,
    cut_line,
    first_part,
    last_part,
    readable_size,
)

LIMITS = OutputLimits(lines=10, bytes=1000)


def test_what_fits_stays_as_it_is() -> None:
    text = "".join(f"{n}\n" for n in range(10))
    assert cap(text, LIMITS) == text


def test_the_middle_goes_and_is_counted() -> None:
    text = "".join(f"line {n}\n" for n in range(100))
    capped = cap(text, LIMITS).splitlines()
    assert capped[:4] == ["line 0", "line 1", "line 2", "line 3"]
    assert capped[4].startswith("[... 90 lines, ")
    assert capped[5:] == [f"line {n}" for n in range(94, 100)]


def test_the_file_and_the_line_to_go_on_from_are_named() -> None:
    text = "".join(f"line {n}\n" for n in range(100))
    assert "the whole output is in /tmp/x.txt, go on with read_file offset=4]" in cap(
        text, LIMITS, Path("/tmp/x.txt")
    )


def test_a_text_without_a_final_line_feed_keeps_its_last_line() -> None:
    assert cap("\n".join(f"line {n}" for n in range(100)), LIMITS).endswith("\nline 98\nline 99")


@given(
    st.lists(st.text(alphabet="aé漢🙂 ", max_size=400), max_size=60).map("\n".join),
    st.integers(1, 40),
    st.integers(GAP_BYTES + 50, 3000),
)
def test_a_cut_text_keeps_to_its_limits_and_its_ends(text: str, lines: int, size: int) -> None:
    limits = OutputLimits(lines, size)
    capped = cap(text, limits)
    assert len(capped.encode()) <= size
    assert capped.count("\n") <= lines + 2
    if capped != text:
        head, _, tail = capped.partition("[... ")
        assert text.startswith(head.removesuffix("\n"))
        assert text.endswith(tail.partition("]\n")[2])


@given(st.text(), st.integers(0, 20), st.integers(0, 60))
def test_the_parts_are_parts(text: str, lines: int, size: int) -> None:
    first, last = first_part(text, lines, size), last_part(text, lines, size)
    assert text.startswith(first)
    assert text.endswith(last)
    assert len(first.encode("utf-8", "replace")) <= size
    assert len(last.encode("utf-8", "replace")) <= size
    assert first.count("\n") <= lines
    assert last.count("\n") <= lines


def test_a_long_line_says_how_much_is_missing() -> None:
    assert cut_line("x" * 50, 20) == "x" * 20 + "[... 30 more characters]"
    assert cut_line("short", 20) == "short"


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1500, "1.5 KB"),
        (50_000_000, "50.0 MB"),
        (2_000_000_000, "2.0 GB"),
    ],
)
def test_sizes_are_readable(size: int, text: str) -> None:
    assert readable_size(size) == text


def test_files_appear_when_needed_and_belong_to_their_owner_alone(tmp_path: Path) -> None:
    files = OutputFiles(tmp_path / "a" / "outputs")
    assert not files.directory.exists()
    path = files.save("pytest -q && echo 'é'", "text é")
    assert path.name == "0001-pytest-q-echo.txt"
    assert path.read_text("utf-8") == "text é"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(files.directory.stat().st_mode) == 0o700


@pytest.mark.parametrize("label", ["", "../../etc/passwd", "..", "/", "\x00\n", "x" * 500])
def test_no_label_leads_out_of_the_directory(tmp_path: Path, label: str) -> None:
    path = OutputFiles(tmp_path / "outputs").save(label, b"x")
    assert path.parent == tmp_path / "outputs"
    assert len(path.name) < 60


def test_numbers_go_on_in_a_resumed_session(tmp_path: Path) -> None:
    OutputFiles(tmp_path).save("a", "1")
    OutputFiles(tmp_path).save("b", "2")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["0001-a.txt", "0002-b.txt"]


def test_the_oldest_files_make_room(tmp_path: Path) -> None:
    files = OutputFiles(tmp_path, max_file_bytes=1000, max_total_bytes=3000)
    for n in range(6):
        files.save(str(n), b"x" * 1000)
    assert [p.name[:4] for p in sorted(tmp_path.iterdir())] == ["0004", "0005", "0006"]


def test_a_file_takes_no_more_than_its_limit(tmp_path: Path) -> None:
    file = OutputFiles(tmp_path, max_file_bytes=10).open("x")
    file.write(b"12345678")
    file.write(b"12345678")
    file.write(b"12345678")
    file.close()
    assert (file.path.read_bytes(), file.dropped) == (b"1234567812", 14)
