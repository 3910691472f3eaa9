from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_code.local.call_grammar import grammar_of_schema
from qwen_code.local.constraint import Grammar
from tests.support.tiny_models import needs_llama_cpp
from tests.unit.local.models import loaded


def _produces(source: str, text: str) -> bool:
    """Whether the grammar's sentences include exactly `text`, as llama.cpp sees it."""
    model = loaded("qwen3")
    grammar = Grammar(model, source)
    try:
        return grammar.advance_text(text) and grammar.accepts(min(model.end_tokens))
    finally:
        grammar.close()


def _written(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _says(schema: dict[str, Any], value: object) -> bool:
    return _produces(grammar_of_schema(schema), value if isinstance(value, str) else _written(value))


POINT = {
    "type": "object",
    "properties": {"x": {"type": "integer"}, "y": {"type": "number"}},
    "required": ["x"],
}

CASES: list[tuple[dict[str, Any], list[str], list[str]]] = [
    ({"type": "integer"}, ["0", "-17", "123"], ["01", "1.5", '"1"', "", "1 2"]),
    ({"type": "integer", "minimum": 0}, ["0", "12"], ["-1"]),
    ({"type": "number"}, ["0.25", "-1e-9", "3E+2"], [".5", "1.", "NaN"]),
    ({"type": "boolean"}, ["true", "false"], ["True", "1"]),
    ({"type": "null"}, ["null"], ["None"]),
    ({"type": "string"}, ['""', '"a\\n\\u00e9\\""', '"日本"'], ["'a'", '"a\nb"', '"\\x"', '"open']),
    ({"type": "string", "minLength": 2, "maxLength": 3}, ['"ab"', '"abc"'], ['"a"', '"abcd"']),
    ({"type": ["string", "null"]}, ['"a"', "null"], ["1"]),
    (
        {"enum": ["a", 'b"\n', 3, None, True]},
        ['"a"', '"b\\"\\n"', "3", "null", "true"],
        ['"c"', "a", "false"],
    ),
    ({"const": {"k": [1]}}, ['{"k": [1]}'], ['{"k": [2]}']),
    ({"type": "array", "items": {"type": "integer"}}, ["[]", "[1]", "[1, 2,3]"], ["[1,]", '["a"]', "1"]),
    (
        {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 3},
        ["[1,2]", "[1,2,3]"],
        ["[1]", "[1,2,3,4]"],
    ),
    ({"type": "array", "maxItems": 0, "items": {}}, ["[]"], ["[1]"]),
    ({"type": "array"}, ['[1, "a", {"b": []}]'], ["{}"]),
    (
        POINT,
        ['{"x": 1}', '{"x":1,"y":2.5}', '{"y": 2, "x": 1}', '{\n  "x": 1\n}'],
        ["{}", '{"y": 2}', '{"x":1,"x":2}', '{"x":1,"z":2}'],
    ),
    ({"type": "object", "properties": {}}, ["{}", "{ }"], ['{"a": 1}']),
    ({"type": "object"}, ["{}", '{"a": {"b": 1}}'], ["[]", '{"a"}', "{a: 1}"]),
    (
        {"type": "object", "additionalProperties": {"type": "integer"}},
        ["{}", '{"any": 1, "b": 2}'],
        ['{"any": "x"}'],
    ),
    ({"anyOf": [{"type": "integer"}, POINT]}, ["3", '{"x": 1}'], ['"a"']),
    (
        {"allOf": [POINT, {"properties": {"z": {"type": "boolean"}}, "required": ["z"]}]},
        ['{"x":1,"z":true}'],
        ['{"x":1}'],
    ),
    ({}, ["1", '{"a": [null]}', '"x"'], ["nope", ""]),
    ({"properties": {"a": {}}, "required": ["a", "unknown"]}, ['{"a": 1}'], ["{}"]),
]


@needs_llama_cpp
@pytest.mark.parametrize(("schema", "right", "wrong"), CASES, ids=lambda value: json.dumps(value)[:40])
def test_a_schemas_grammar_takes_its_documents_and_no_others(
    schema: dict[str, Any], right: list[str], wrong: list[str]
) -> None:
    assert [text for text in right if not _says(schema, text)] == []
    assert [text for text in wrong if _says(schema, text)] == []


@needs_llama_cpp
def test_references_may_lead_back_to_themselves() -> None:
    schema = {
        "$ref": "#/$defs/node",
        "$defs": {
            "node": {
                "type": "object",
                "properties": {"v": {"type": "integer"}, "next": {"$ref": "#/$defs/node"}},
                "required": ["v"],
            }
        },
    }
    assert _says(schema, {"v": 1, "next": {"v": 2, "next": {"v": 3}}})
    assert not _says(schema, {"v": 1, "next": {"next": {"v": 3}}})


@needs_llama_cpp
@pytest.mark.parametrize("reference", ["#/nowhere", "https://example.invalid/schema", "#/$defs/a/b"])
def test_references_that_lead_nowhere_allow_anything(reference: str) -> None:
    assert _says({"type": "object", "properties": {"a": {"$ref": reference}}}, {"a": [1, {"b": None}]})


@needs_llama_cpp
def test_many_properties_come_in_the_schemas_order_with_the_optional_ones_left_out_at_will() -> None:
    schema = {
        "type": "object",
        "properties": {f"p{n:02}": {"type": "integer"} for n in range(40)},
        "required": ["p03", "p30"],
    }
    assert len(grammar_of_schema(schema)) < 10_000
    assert _says(schema, {"p03": 1, "p30": 2})
    assert _says(schema, {"p00": 0, "p03": 1, "p04": 5, "p30": 2, "p39": 9})
    assert not _says(schema, {"p00": 0, "p30": 2})
    assert not _says(schema, {"p30": 2, "p03": 1})


@needs_llama_cpp
@pytest.mark.parametrize("name", ["with space", 'quo"te', "back\\slash", "new\nline", "ünï", "a_b", "]"])
def test_property_names_may_hold_any_character(name: str) -> None:
    assert _says({"type": "object", "properties": {name: {"type": "null"}}, "required": [name]}, {name: None})


_SCALARS = st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=8)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@cache
def _any_value() -> str:
    return grammar_of_schema({})


@needs_llama_cpp
@given(_VALUES)
def test_every_json_value_is_a_value(value: object) -> None:
    assert _produces(_any_value(), json.dumps(value))
    assert _produces(_any_value(), _written(value))


@needs_llama_cpp
@given(_VALUES, st.data())
def test_a_constant_is_produced_and_nothing_beside_it(value: object, data: st.DataObject) -> None:
    source = grammar_of_schema({"const": value})
    assert _produces(source, _written(value))
    other = data.draw(_VALUES)
    if _written(other) != _written(value):
        assert not _produces(source, _written(other))
