from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from qwen_code.workspace.unescape import readings


def test_text_without_escapes_has_no_other_reading() -> None:
    assert list(readings("plain 'text' & more\n", "new")) == []


def test_a_text_can_have_several_readings() -> None:
    assert set(readings('f(\\"a\\")', 'f(\\"b\\\\n\\")')) == {
        ('f("a")', 'f("b\\n")'),
        ('f("a")', 'f("b\\\\n")'),
    }


def test_a_reading_that_the_new_text_contradicts_is_none() -> None:
    assert list(readings("a &lt; b", "a < b &gt; c")) == []


def test_new_text_that_is_not_escaped_stays_as_it_is() -> None:
    assert list(readings("a &lt; b", "a < c")) == [("a < b", "a < c")]


@given(st.text(alphabet="ab \n\t\"\\n'", min_size=1), st.text(alphabet="ab "))
def test_every_json_string_is_read_back(old: str, new: str) -> None:
    escaped = json.dumps(old)[1:-1]
    if escaped != old:
        assert (old, new) in list(readings(escaped, new))


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_text_can_be_asked_about(old: str, new: str) -> None:
    assert all(meant != old for meant, _ in readings(old, new))
