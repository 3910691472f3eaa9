from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from qwen_code.workspace.edit_match import EditRefused, apply_edit

LINES = st.text(alphabet="ab \t\"'\\n&;“’—\u00a0é{}", max_size=8)
TEXTS = st.lists(LINES, max_size=8).map("\n".join)


@given(TEXTS, TEXTS, TEXTS, st.booleans())
def test_whatever_comes_is_edited_or_refused(text: str, old: str, new: str, everywhere: bool) -> None:
    try:
        edited = apply_edit(text, old or "x", new, replace_all=everywhere)
    except EditRefused:
        return
    assert edited.text != text


@given(TEXTS, st.data(), TEXTS)
def test_text_that_stands_there_once_is_replaced_and_nothing_else(
    text: str, data: st.DataObject, new: str
) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    old = text[start:end]
    places = sum(text.startswith(old, at) for at in range(len(text)))
    if not old or old == new or places != 1 or new == "":
        return
    assert apply_edit(text, old, new).text == text[:start] + new + text[end:]


@given(TEXTS, TEXTS, TEXTS)
def test_a_crlf_file_is_edited_as_its_lf_twin(text: str, old: str, new: str) -> None:
    def outcome(before: str) -> str:
        try:
            return apply_edit(before, old or "x", new).text.replace("\r\n", "\n")
        except EditRefused as refusal:
            return f"refused: {refusal.kind} {refusal.lines}"

    assert outcome(text.replace("\n", "\r\n")) == outcome(text)


@given(TEXTS, st.data(), TEXTS)
def test_what_is_left_of_and_right_of_the_place_is_never_touched(
    text: str, data: st.DataObject, new: str
) -> None:
    lines = text.split("\n")
    start = data.draw(st.integers(0, len(lines)))
    end = data.draw(st.integers(start, len(lines)))
    old = "\n".join(f"{line.strip()}  " for line in lines[start:end])
    try:
        edited = apply_edit(text, old or "x", new)
    except EditRefused:
        return
    changed = edited.text.split("\n")
    first = edited.first_line - 1
    assert changed[:first] == lines[:first]
