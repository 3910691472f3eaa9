from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_code.workspace.encodings import NotText
from qwen_code.workspace.line_ranges import LONGEST_LINE, LineRange, LineSelector


def select(
    raw: bytes, offset: int = 0, count: int = 100, max_bytes: int = 10_000, chunk: int = 4
) -> LineRange:
    selector = LineSelector(offset, count, max_bytes)
    for start in range(0, len(raw), chunk):
        selector.feed(raw[start : start + chunk])
    return selector.finish("")


def test_a_whole_file_is_given_as_it_is() -> None:
    part = select(b"one\ntwo\n")
    assert (part.text, part.count, part.total, part.complete) == ("one\ntwo\n", 2, 2, True)


def test_a_missing_final_line_break_stays_missing() -> None:
    part = select(b"one\ntwo")
    assert (part.text, part.total, part.complete) == ("one\ntwo", 2, True)


def test_an_empty_file_has_no_lines() -> None:
    part = select(b"")
    assert (part.text, part.count, part.total) == ("", 0, 0)


def test_lines_are_counted_from_zero() -> None:
    part = select(b"0\n1\n2\n3\n4\n", offset=1, count=2)
    assert (part.text, part.first, part.count, part.total) == ("1\n2\n", 1, 2, 5)


def test_an_offset_past_the_end_gives_nothing_and_the_total() -> None:
    part = select(b"0\n1", offset=5)
    assert (part.text, part.count, part.total) == ("", 0, 2)


def test_the_bytes_are_limited_by_whole_lines() -> None:
    part = select(b"12345\n" * 10, max_bytes=13)
    assert (part.text, part.count, part.total) == ("12345\n12345\n", 2, 10)


def test_one_line_is_given_even_when_it_is_larger_than_the_limit() -> None:
    part = select(b"123456789\nx\n", max_bytes=5)
    assert part.text == "123456789\n"


def test_an_over_long_line_is_cut_and_its_length_told() -> None:
    part = select(b"a\n" + b"x" * 50_000 + b"\nb\n", chunk=1000)
    assert part.text == f"a\n{'x' * LONGEST_LINE}… [line cut; it has 50,000 bytes]\nb\n"


def test_a_character_is_never_cut_in_two() -> None:
    part = select("你".encode() * 20_000, chunk=1000)
    assert part.text.startswith("你" * LONGEST_LINE + "…")


def test_line_endings_are_shown_alike() -> None:
    assert select(b"a\r\nb\r\n").text == "a\nb\n"


def test_a_byte_order_mark_is_not_shown() -> None:
    assert select(b"\xef\xbb\xbfa\n").text == "a\n"


def test_old_encodings_are_shown_as_text() -> None:
    assert select(b"caf\xe9\n").text == "café\n"


def test_control_characters_without_end_are_no_text() -> None:
    with pytest.raises(NotText):
        select(b"\x01\x02\x03\xff\n")


@given(
    st.lists(st.text(alphabet="aé你", max_size=4), max_size=12),
    st.booleans(),
    st.integers(0, 14),
    st.integers(1, 14),
    st.integers(1, 9),
)
def test_any_chunks_give_what_splitting_the_whole_gives(
    lines: list[str], closed: bool, offset: int, count: int, chunk: int
) -> None:
    text = "\n".join(lines) + ("\n" if closed else "")
    whole = text.split("\n")
    if whole[-1] == "":
        whole.pop()
    part = select(text.encode(), offset, count, chunk=chunk)
    assert part.total == len(whole)
    assert part.text.removesuffix("\n").split("\n") == (whole[offset : offset + count] or [""])
