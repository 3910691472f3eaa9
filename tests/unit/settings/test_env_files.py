from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_code.settings.env_files import parse_env


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=b", "b"),
        ("export A = b c ", "b c"),
        ("A=b # note", "b"),
        ("A=b#c", "b#c"),
        ("A=", ""),
        ("A=# note", ""),
        ("A='b # c' # note", "b # c"),
        ("A='b\\n'", "b\\n"),
        ('A="b\\nc\\"d"', 'b\nc"d'),
        ('A="two\nlines"', "two\nlines"),
        ("A=`it's`", "it's"),
        ('A="open', '"open'),
        ("A=b=c", "b=c"),
    ],
)
def test_a_value_is_read_as_dotenv_reads_it(line: str, value: str) -> None:
    entries, strange = parse_env(line)
    assert [(e.name, e.value, e.line) for e in entries] == [("A", value, 1)]
    assert strange == []


def test_lines_are_counted_through_values_of_several_lines() -> None:
    entries, strange = parse_env('# note\nA="1\n2\n3"\n\nwhat is this\nB=4\r\n')
    assert [(e.name, e.line) for e in entries] == [("A", 2), ("B", 7)]
    assert strange == [6]


@given(st.text(alphabet="A=b'\"`#\\\n\r \texport\x00", max_size=80))
def test_any_text_can_be_read(text: str) -> None:
    entries, strange = parse_env(text)
    assert all(e.name and "\0" not in e.name for e in entries)
    assert len(entries) + len(strange) <= text.count("\n") + 1


def test_many_open_quotes_and_long_blanks_are_no_burden() -> None:
    entries, _ = parse_env('A="\n' * 50_000 + "B=x" + " " * 500_000 + "y")
    assert len(entries) == 25_001 or entries[-1].name == "B"
