from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_code.wire.repair import Unreadable, read_json, unfenced

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_json_is_read_as_json(value: Any) -> None:
    text = json.dumps(value)
    reading = read_json(text)
    assert (reading.value, reading.end, reading.unclosed) == (value, len(text), 0)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["C", "Z"])),
        lambda inner: (
            st.lists(inner, max_size=4) | st.tuples(inner) | st.dictionaries(st.text('ab"\n\x1f'), inner)
        ),
        max_leaves=12,
    ).map(lambda value: json.loads(json.dumps(value)))
)
def test_what_python_prints_is_read_as_the_value_it_prints(value: Any) -> None:
    assert read_json(repr(value)).value == value


@given(st.text(alphabet="{}[]()\"'\\:,truefalsnTFN0159.-eE+ \n\tu", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        reading = read_json(text)
    except Unreadable:
        return
    assert 0 <= reading.end <= len(text)


@given(VALUES.filter(lambda value: isinstance(value, (dict, list, str))), st.data())
def test_a_part_of_a_text_never_reads_as_the_whole_with_something_missing(
    value: Any, data: st.DataObject
) -> None:
    text = json.dumps(value)
    part = text[: data.draw(st.integers(0, len(text) - 1))]
    try:
        whole = not read_json(part).unclosed
    except Unreadable as refusal:
        whole = not refusal.cut
    assert not whole


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1,}', {"a": 1}),
        ("[1, 2,]", [1, 2]),
        ("{'a': 'it\\'s'}", {"a": "it's"}),
        ('{"a": True, "b": None}', {"a": True, "b": None}),
        ("{a: 1, b-c: 2}", {"a": 1, "b-c": 2}),
        ("(1, 2)", [1, 2]),
        ('{"a": 1 "b": 2}', {"a": 1, "b": 2}),
        ('{"a": "x\ny"}', {"a": "x\ny"}),
        (r'{"a": "\d+\."}', {"a": r"\d+\."}),
        (r'{"a": "\bx\d"}', {"a": r"\bx\d"}),
        ('{"a": [1, 2}', {"a": [1, 2]}),
        ("+5", 5),
    ],
)
def test_slips_with_a_plain_meaning_are_read(text: str, value: Any) -> None:
    assert read_json(text).value == value


@pytest.mark.parametrize(("text", "unclosed"), [('{"a": [1, "b"', 2), ('{"a": "b"', 1), ("[[]", 1)])
def test_brackets_that_the_end_left_open_are_counted(text: str, unclosed: int) -> None:
    assert read_json(text).unclosed == unclosed


@pytest.mark.parametrize(
    "text", ["", "{", "[", '"a', "'a", '{"a', '{"a"', '{"a":', '{"a": 1', '{"a": tru', '{"a": 1,']
)
def test_a_cut_text_is_refused_as_cut(text: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        read_json(text)
    assert refusal.value.cut


@pytest.mark.parametrize(
    "text", ["NaN", "[NaN]", "1e999", "hello", "{a}", '{"a": b}', "}", '{"a": "b" c}', '["a" "b"]']
)
def test_what_is_no_value_is_refused(text: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        read_json(text)
    assert not refusal.value.cut


@pytest.mark.parametrize("levels", [200, 900, 5_000, 100_000])
def test_deep_nesting_is_refused(levels: int) -> None:
    for text in ("[" * levels + "]" * levels, '{"a":' * levels + "1" + "}" * levels, "['a'," * levels):
        with pytest.raises(Unreadable):
            read_json(text)
    assert read_json("[" * 100 + "]" * 100).end == 200
    assert read_json(json.dumps([[1]] * levels)).unclosed == 0


@pytest.mark.parametrize("text", ["{}", "```json\n{}\n```", "```\n{}\n```", " ```{}``` ", "\ufeff{}"])
def test_a_fence_is_taken_off(text: str) -> None:
    assert unfenced(text) == "{}"
