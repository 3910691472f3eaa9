from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_code.ui.markdown_stream import (
    OPEN_LIMIT,
    TABLE_LIMIT,
    CodeClose,
    CodeLine,
    CodeOpen,
    Gap,
    Heading,
    Item,
    MarkdownStream,
    Paragraph,
    Quote,
    Rule,
    Table,
    Unit,
)

DOCUMENT = """# Title #
A paragraph
of two lines

1. one
   continued
2. two
   - nested

     its own paragraph
   ```python
   def f():
       pass
   ```

| a | b |
|---|:-:|
| 1 | 2 |
| x \\| y | 3 | 4

> quoted
> - more

Underlined
==========
***
    by indentation
~~~
never closed
"""


def units(*pieces: str) -> list[Unit]:
    stream = MarkdownStream()
    found = [unit for piece in pieces for unit in stream.feed(piece)]
    return found + stream.close()


def test_a_document_becomes_units() -> None:
    assert units(DOCUMENT) == [
        Heading(1, "Title"),
        Paragraph("A paragraph\nof two lines"),
        Gap(),
        Item(0, "1.", "one\ncontinued"),
        Item(0, "2.", "two"),
        Item(3, "-", "nested"),
        Gap(),
        Paragraph("its own paragraph", 5),
        CodeOpen("python", 3),
        CodeLine("def f():", 3),
        CodeLine("    pass", 3),
        CodeClose(),
        Gap(),
        Table((("a", "b"), ("1", "2"), ("x | y", "3 | 4")), ("left", "center")),
        Gap(),
        Quote("quoted\n- more"),
        Gap(),
        Heading(1, "Underlined"),
        Rule(),
        CodeLine("by indentation"),
        CodeOpen(""),
        CodeLine("never closed"),
        CodeClose(),
    ]


@given(st.lists(st.integers(0, len(DOCUMENT)), max_size=30))
def test_it_does_not_matter_how_the_text_is_split(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(DOCUMENT)]
    pieces = [DOCUMENT[a:b] for a, b in pairwise(edges)]
    assert units(*pieces) == units(DOCUMENT)


@given(st.text(alphabet="ab \n#>-*`~|1.:\t\r"), st.integers(0, 60))
def test_any_text_gives_the_same_units_in_two_pieces(text: str, cut: int) -> None:
    assert units(text[:cut], text[cut:]) == units(text)


@given(st.text(alphabet="ab \n#>-*`~|1.:"))
def test_the_tail_is_what_closing_would_give_and_changes_nothing(text: str) -> None:
    stream = MarkdownStream()
    stream.feed(text)
    tail = stream.tail()
    assert tail == stream.tail() == stream.close()


@given(st.text(alphabet="abc \n#>-*`~|1."))
def test_no_letter_is_lost(text: str) -> None:
    def letters(given: str) -> list[str]:
        return sorted(character for character in given if character in "abc")

    assert letters(str([_words(unit) for unit in units(text)]).replace("\\n", "")) == letters(text)


def _words(unit: Unit) -> str:
    match unit:
        case CodeOpen(language):
            return language
        case Table(rows):
            return " ".join(cell for row in rows for cell in row)
        case Gap() | Rule() | CodeClose():
            return ""
        case _:
            return unit.text


def test_a_list_item_is_final_when_the_next_begins() -> None:
    stream = MarkdownStream()
    assert stream.feed("- one\n- tw") == []
    assert stream.feed("o\n- three\n") == [Item(0, "-", "one"), Item(0, "-", "two")]


def test_a_line_of_code_is_final_at_its_end() -> None:
    stream = MarkdownStream()
    assert stream.feed("```py\nx = 1\ny") == [CodeOpen("py"), CodeLine("x = 1")]
    assert stream.in_code


def test_a_year_at_the_start_of_a_line_does_not_begin_a_list() -> None:
    assert units("It was in\n1986. A good year.") == [Paragraph("It was in\n1986. A good year.")]


def test_a_fence_inside_a_longer_fence_is_text() -> None:
    assert units("````\n```\n````\nafter") == [CodeOpen(""), CodeLine("```"), CodeClose(), Paragraph("after")]


def test_control_sequences_are_made_visible_wherever_they_stand() -> None:
    assert units("a\x1b[2J\n```\n\x1b]0;x\x07\n```") == [
        Paragraph("a␛[2J"),
        CodeOpen(""),
        CodeLine("␛]0;x␇"),
        CodeClose(),
    ]


def test_a_carriage_return_at_the_end_of_a_piece_still_belongs_to_its_line_feed() -> None:
    assert units("one\r", "\ntwo") == [Paragraph("one\ntwo")]


@pytest.mark.parametrize("line", ["a" * 100_000, "word " * 20_000, "```\n" + "x" * 100_000])
def test_an_endless_line_comes_in_pieces_that_lose_nothing(line: str) -> None:
    found = units(line)
    assert all(len(_words(unit)) <= OPEN_LIMIT for unit in found)
    assert "".join("".join(_words(unit).split()) for unit in found) == "".join(
        line.removeprefix("```").split()
    )


def test_a_paragraph_without_end_is_given_in_pieces() -> None:
    stream = MarkdownStream()
    assert stream.feed("some words\n" * 2000)


def test_a_table_without_end_repeats_nothing_and_loses_no_row() -> None:
    rows = "".join(f"| {number} | x |\n" for number in range(TABLE_LIMIT * 2))
    found = units("| n | y |\n|---|---|\n" + rows)
    text = " ".join(_words(unit) for unit in found)
    assert all(f"{number} " in text for number in range(TABLE_LIMIT * 2))
