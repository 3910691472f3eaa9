from __future__ import annotations

import json
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_code.settings.jsonc import JsonError, Node, parse

scalars = st.none() | st.booleans() | st.integers(-(10**18), 10**18) | st.text()
numbers = st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    scalars | numbers, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)
noise = st.sampled_from(["", " ", "\n", "\t", "// note\n", "/* a\n b */", "\r\n", " /**/ "])


@given(values)
def test_whatever_the_standard_library_writes_is_read_as_it_was(value: Any) -> None:
    assert parse(json.dumps(value)).plain() == value
    assert parse(json.dumps(value, indent=2, ensure_ascii=False)).plain() == value


@given(values, st.data())
def test_comments_blanks_and_trailing_commas_between_tokens_change_nothing(value: Any, data: Any) -> None:
    def write(item: Any) -> str:
        def gap() -> str:
            return data.draw(noise)

        if isinstance(item, dict):
            pairs = cast("dict[str, Any]", item).items()
            members = [f"{gap()}{json.dumps(k)}{gap()}:{gap()}{write(v)}{gap()}" for k, v in pairs]
            return "{" + ",".join(members) + ("," if members and data.draw(st.booleans()) else gap()) + "}"
        if isinstance(item, list):
            items = [gap() + write(v) + gap() for v in cast("list[Any]", item)]
            return "[" + ",".join(items) + ("," if items and data.draw(st.booleans()) else gap()) + "]"
        return json.dumps(item)

    assert parse(write(value)).plain() == value


@given(st.text(alphabet='{}[]",:/*\\ \n\r\tabtrue1.-eE0\x00\u00e9\ud800', max_size=60))
def test_any_text_is_a_value_or_an_error_with_its_line(text: str) -> None:
    said = ""
    line = 1
    try:
        parse(text)
        said = "nothing"
    except JsonError as error:
        said, line = str(error), error.line
    assert said
    assert 1 <= line <= text.count("\n") + 1


def test_every_value_knows_its_line() -> None:
    root = parse('// first\n{\n  "a": 1, /* two\n lines */ "b": [\n\n true],\n}\n')
    assert isinstance(root.value, dict)
    items = root.value["b"].value
    assert isinstance(items, list)
    assert (root.line, root.value["a"].line, root.value["b"].line, items[0].line) == (2, 3, 4, 6)


@given(values)
def test_every_span_holds_exactly_its_value(value: Any) -> None:
    text = json.dumps(value, indent=1)

    def check(node: Node) -> None:
        assert json.loads(text[node.start : node.end]) == node.plain()
        if isinstance(node.value, dict):
            for child in node.value.values():
                check(child)
        elif isinstance(node.value, list):
            for child in node.value:
                check(child)

    check(parse(text))


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ('{\n "a": 1\n "b": 2\n}', 3, "a comma is missing"),
        ('{\n "a" 1}', 2, "a colon is missing"),
        ("{\n a: 1}", 2, "a name in double quotes is expected"),
        ("{\n 'a': 1}", 2, "a name in double quotes is expected"),
        ('{"a": \n  yes}', 2, "a value is expected here, not `yes`"),
        ('{"a": 1,\n', 2, "the text ends before `}`"),
        ('{"a": "x\n"}', 1, "does not end on its line"),
        ('{"a": 1}\n\n}', 3, "nothing may follow"),
        ('{\n"a": 1,\n"a": 2}', 3, "appears twice, first in line 2"),
        ('{"a": 1} /* never', 1, "the comment does not end"),
        ('{"a": "C:\\dir"}', 1, "write a backslash as"),
        ('{"a": "\\ud83d"}', 1, "half of a surrogate pair"),
        ('{"a": 1e999}', 1, "too large"),
        ('{"a": ' + "9" * 5000 + "}", 1, "too long"),
        ('{"a": 01}', 1, "a value is expected"),
        ("[" * 100_000, 1, "nested more than"),
        ('{"a": NaN}', 1, "a value is expected here, not `NaN`"),
    ],
)
def test_a_mistake_is_named_with_its_line(text: str, line: int, says: str) -> None:
    with pytest.raises(JsonError) as caught:
        parse(text)
    assert caught.value.line == line
    assert says in str(caught.value)


@pytest.mark.parametrize("text", ["", " \n\t", "// nothing yet\n", "/* nothing */"])
def test_a_text_without_a_value_is_an_empty_object(text: str) -> None:
    assert parse(text).plain() == {}


def test_a_megabyte_of_open_quotes_or_comments_is_refused_in_one_pass() -> None:
    for text in ('{"' + "a" * 1_000_000, "/*" * 500_000, '{"a": ' + " " * 1_000_000 + "x"):
        with pytest.raises(JsonError):
            parse(text)
