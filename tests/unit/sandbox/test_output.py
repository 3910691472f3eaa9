from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_code.sandbox.output import HEAD_BYTES, LIVE_BYTES, TAIL_BYTES, Capture, LiveText, plain
from qwen_code.tool import OutputLimits
from qwen_code.workspace.outputs import OutputFiles

LIMITS = OutputLimits(lines=20, bytes=2000)


@pytest.fixture
def files(tmp_path: Path) -> OutputFiles:
    return OutputFiles(tmp_path / "outputs")


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain\ttext\n", "plain\ttext\n"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]0;a title\x07text", "text"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bPdcs\x1b\\after", "after"),
        ("\x1b]0;never closed\nnext line", "\nnext line"),
        ("\x1b[", ""),
        ("bell\x07 nul\x00 del\x7f c1\x85", "bell nul del c1"),
        ("10%\r20%\r100%\n", "100%\n"),
        ("10%\r20%\r", "20%"),
        ("dos line\r\nnext\r\n", "dos line\nnext\n"),
        ("\r\x1b[Kdone", "done"),
        ("abc\b\bX", "aX"),
        ("N\bNA\bAM\bME\bE", "NAME"),
        ("\b\b", ""),
        ("漢字 émoji 🙂", "漢字 émoji 🙂"),
    ],
)
def test_text_is_shown_as_a_terminal_would_leave_it(raw: str, shown: str) -> None:
    assert plain(raw) == shown


@given(st.text(alphabet=st.sampled_from("ab\x1b[]0;m\x07\x9b\\\r\n\b\x00P?é")))
def test_nothing_shown_can_steer_a_terminal(raw: str) -> None:
    shown = plain(raw)
    assert not any((ord(c) < 0x20 and c not in "\n\t") or 0x7F <= ord(c) < 0xA0 for c in shown)


@pytest.mark.parametrize(
    ("raw", "left"),
    [
        ("\x1b]" * 150_000, ""),
        ("\x1b[" + "0;" * 150_000, ""),
        ("x" * 300_000 + "\r", "x" * 300_000),
        ("\r" * 300_000, ""),
        (("y" * 100_000 + "\n") * 3 + "a\rb", ("y" * 100_000 + "\n") * 3 + "b"),
        ("ab\b" * 100_000, "a" * 100_000),
    ],
)
def test_text_that_is_made_to_be_slow_comes_through(raw: str, left: str) -> None:
    assert plain(raw) == left


def test_a_short_output_is_shown_whole_and_makes_no_file(files: OutputFiles) -> None:
    capture = Capture(files, "true")
    capture.feed(b"a\n")
    capture.feed(b"b\n")
    assert capture.text(LIMITS) == "a\nb\n"
    assert capture.saved_to is None
    assert not files.directory.exists()


def test_an_output_that_has_to_be_cut_is_saved_whole(files: OutputFiles) -> None:
    capture = Capture(files, "many")
    data = b"".join(b"line %d\n" % n for n in range(100))
    capture.feed(data)
    text = capture.text(LIMITS)
    assert text.startswith("line 0\n")
    assert text.endswith("line 99\n")
    assert "80 lines" in text
    assert capture.saved_to is not None
    assert capture.saved_to.read_bytes() == data
    assert f"{capture.saved_to}, go on with read_file offset=8]" in text


@pytest.mark.parametrize("size", [1, 7, 1000, 65_536, 300_000])
def test_a_flood_keeps_both_ends_and_the_file_keeps_everything(files: OutputFiles, size: int) -> None:
    lines = (HEAD_BYTES + TAIL_BYTES) // 8 * (2 if size > 1 else 1) + 5000
    data = b"".join(b"%07d\n" % n for n in range(lines))
    capture = Capture(files, "flood")
    for start in range(0, len(data), size):
        capture.feed(data[start : start + size])
    text = capture.text(LIMITS)
    capture.close()
    assert text.startswith("0000000\n")
    assert text.endswith(f"{lines - 1:07d}\n")
    assert f"{lines - 20:,} lines" in text
    assert len(text.encode()) <= LIMITS.bytes
    assert capture.saved_to is not None
    assert capture.saved_to.read_bytes() == data
    assert capture.total_bytes == len(data)


def test_one_endless_line_is_cut_inside(files: OutputFiles) -> None:
    capture = Capture(files, "line")
    for _ in range(40):
        capture.feed("é".encode() * 10_000)
    text = capture.text(LIMITS)
    assert len(text.encode()) <= LIMITS.bytes
    assert text.startswith("ééé")
    assert text.endswith("ééé")
    assert "left out" in text


def test_a_directory_that_can_t_be_written_costs_the_file_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "outputs").write_text("a file is in the way")
    capture = Capture(OutputFiles(tmp_path / "outputs"), "flood")
    for _ in range(100):
        capture.feed(b"0123456789\n" * 1000)
    text = capture.text(LIMITS)
    assert capture.saved_to is None
    assert "left out]" in text


def test_a_file_at_its_limit_says_what_it_holds(tmp_path: Path) -> None:
    capture = Capture(OutputFiles(tmp_path / "outputs", max_file_bytes=100_000), "flood")
    for _ in range(100):
        capture.feed(b"0123456789\n" * 1000)
    text = capture.text(LIMITS)
    assert capture.saved_to is not None
    assert capture.saved_to.stat().st_size == 100_000
    assert f"the first 100.0 KB are in {capture.saved_to}" in text


def test_each_look_shows_what_came_since_the_last(files: OutputFiles) -> None:
    capture = Capture(files, "server", save_always=True)
    capture.feed(b"one\n")
    assert capture.take(LIMITS) == "one\n"
    assert capture.take(LIMITS) == ""
    capture.feed(b"two\n")
    assert capture.take(LIMITS) == "two\n"
    capture.close()
    assert capture.saved_to is not None
    assert capture.saved_to.read_bytes() == b"one\ntwo\n"


def test_a_screen_gets_whole_lines_and_the_rest_when_asked() -> None:
    seen: list[str] = []
    live = LiveText(seen.append)
    live.feed(b"whole\npar")
    live.flush(partial=False)
    assert seen == ["whole\n"]
    live.feed(b"tial \xc3")
    live.flush(partial=True)
    live.feed(b"\xa9\x1b[3")
    live.flush(partial=True)
    live.feed(b"1mred\n")
    live.flush(partial=False)
    assert "".join(seen) == "whole\npartial éred\n"


def test_a_screen_is_spared_a_flood() -> None:
    seen: list[str] = []
    live = LiveText(seen.append)
    for n in range(100_000):
        live.feed(b"%06d\n" % n)
    live.flush(partial=False)
    assert sum(map(len, seen)) < LIVE_BYTES + 100
    assert seen[0].startswith("[... ")
    assert seen[0].endswith("099999\n")
