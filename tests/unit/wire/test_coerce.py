from __future__ import annotations

from typing import Any

import pytest

from qwen_code.wire.coerce import Schema, fault, from_json, from_text


def schema(kind: str | list[str] | dict[str, Any]) -> Schema:
    return Schema(kind if isinstance(kind, dict) else {"type": kind}, {})


@pytest.mark.parametrize(
    "text",
    ["", " ", "12", "3.14", "true", "None", "null", '{"a": 1}', "[1]", '"quoted"', " padded\n", "a\nb"],
)
def test_a_string_is_never_converted(text: str) -> None:
    assert from_text(text, schema("string")) == text
    assert from_text(text, Schema({}, {})) == text


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("42", "integer", 42),
        ("-100", "integer", -100),
        ("+5", "integer", 5),
        ("007", "integer", 7),
        (" 10\n", "integer", 10),
        ("10.0", "integer", 10),
        ("1e3", "integer", 1000),
        ("2147483648", "integer", 2147483648),
        ("123", "number", 123),
        ("3.14", "number", 3.14),
        ("100.0", "number", 100),
        ("1.23e5", "number", 123000),
        ("1.5e-3", "number", 0.0015),
        (".5", "number", 0.5),
        ("true", "boolean", True),
        ("False", "boolean", False),
        ("FALSE", "boolean", False),
        ("yes", "boolean", True),
        ("0", "boolean", False),
        ('["a", "b", 1, true]', "array", ["a", "b", 1, True]),
        ("['a', None, True]", "array", ["a", None, True]),
        ("('a', 'b')", "array", ["a", "b"]),
        ("('a',)", "array", ["a"]),
        ("[]", "array", []),
        ('"[1, 2]"', "array", [1, 2]),
        ('{"a": {"b": [1]}}', "object", {"a": {"b": [1]}}),
        ("{'key': 'value', 'n': 1}", "object", {"key": "value", "n": 1}),
        ("\"{'key': 'value', 'n': 1}\"", "object", {"key": "value", "n": 1}),
        ('"{\\"a\\": 1}"', "object", {"a": 1}),
        ("None", "integer", None),
        ("null", "boolean", None),
        ("NULL", "object", None),
        ("42.5", ["string", "number"], 42.5),
        ("hello", ["string", "number"], "hello"),
        ("123", ["string", "integer"], 123),
        ("false", ["string", "boolean"], False),
        ("yes please", ["boolean", "string"], "yes please"),
        ("42", ["number", "integer"], 42),
        ("null", ["integer", "null"], None),
        ("null", ["string", "null"], None),
        ("None", ["string", "null"], None),
        ("hello", ["string", "null"], "hello"),
        ("[1]", ["object", "array"], [1]),
        ("text", ["array", "string"], "text"),
        ("42", {"anyOf": [{"type": "string"}, {"type": "null"}]}, "42"),
        ("42", {"anyOf": [{"type": "integer"}, {"type": "null"}]}, 42),
        ("42", {"anyOf": [{"type": "string"}, {"type": "integer"}]}, "42"),
        ('["a"]', {"anyOf": [{"type": "string"}, {"type": "array"}]}, ["a"]),
        ('{"a": 1}', {"oneOf": [{"type": "object"}, {"type": "null"}]}, {"a": 1}),
        ("7", {"allOf": [{"type": "integer"}, {"minimum": 1}]}, 7),
        ("None", {"type": "string", "nullable": True}, None),
        ("2", {"enum": [1, 2]}, 2),
        ("b", {"enum": ["a", "b"]}, "b"),
        ("b\n", {"type": "string", "enum": ["a", "b"]}, "b"),
        ("3", {"const": 3}, 3),
        ("[1]", {"items": {"type": "integer"}}, [1]),
        ('{"a": "1"}', {"properties": {"a": {"type": "integer"}}}, {"a": 1}),
        ("*.py", {"type": "array", "items": {"type": "string"}}, ["*.py"]),
        ('{"a": 1}', {"type": "array", "items": {"type": "object"}}, [{"a": 1}]),
        ("1e308", "number", 1e308),
        ('"5"', "integer", 5),
        ("'False'", "boolean", False),
        ('"0.5"', "number", 0.5),
        ('"a"', {"type": "array", "items": {"type": "string"}}, ["a"]),
        ('"5"', ["string", "integer"], '"5"'),
        ('```json\n{"a": 1}\n```', "object", {"a": 1}),
        ("{1: 'x'}", "object", {"1": "x"}),
        ("1", "int", 1),
        ("1.5", "float", 1.5),
    ],
)
def test_text_becomes_what_the_schema_asks_for(text: str, kind: Any, value: Any) -> None:
    found = from_text(text, schema(kind))
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("ten", "integer"),
        ("1.5", "integer"),
        ("3.14.159", "number"),
        ("1e999", "number"),
        ("nan", "number"),
        ("maybe", "boolean"),
        ("[1, 2, unclosed", "array"),
        ("[1, 2", "array"),
        ('{"key": unclosed', "object"),
        ("a, b", {"type": "array", "items": {"type": "string"}}),
        ("9" * 5000, "integer"),
        ("[" * 5000, "array"),
        ("", "integer"),
    ],
)
def test_text_without_a_plain_meaning_stays_and_is_told(text: str, kind: Any) -> None:
    wanted = schema(kind)
    assert from_text(text, wanted) == text
    assert fault(text, wanted).startswith("must be ")


@pytest.mark.parametrize(
    ("value", "kind", "converted"),
    [
        ("10", "integer", 10),
        (3.0, "integer", 3),
        (3.5, "integer", 3.5),
        ("true", "boolean", True),
        (1, "boolean", True),
        (7, "string", "7"),
        (True, "string", "true"),
        ({"a": 1}, "string", '{"a": 1}'),
        ("[1]", "array", [1]),
        ("[1]", ["array", "string"], "[1]"),
        ({"a": 1}, "array", [{"a": 1}]),
        (None, "string", None),
        ([1, "2"], {"type": "array", "items": {"type": "string"}}, ["1", "2"]),
        (
            {"a": "1", "b": "1"},
            {"type": "object", "properties": {"a": {"type": "integer"}}},
            {"a": 1, "b": "1"},
        ),
    ],
)
def test_json_becomes_what_the_schema_asks_for(value: Any, kind: Any, converted: Any) -> None:
    found = from_json(value, schema(kind))
    assert (found, type(found)) == (converted, type(converted))


def test_a_large_object_where_text_belongs_is_laid_out_on_lines() -> None:
    value = {f"key_{number}": "value" for number in range(9)}
    assert from_json(value, schema("string")).startswith('{\n  "key_0": "value",\n')


def test_references_into_the_schema_are_followed() -> None:
    root = {"$defs": {"Count": {"type": "integer"}}}
    assert from_text("3", Schema({"$ref": "#/$defs/Count"}, root)) == 3
    assert from_text("3", Schema({"$ref": "#/$defs/Missing"}, root)) == "3"
    assert from_text("3", Schema({"$ref": "https://example.org/schema"}, root)) == "3"


def test_a_schema_that_refers_to_itself_ends() -> None:
    node: dict[str, Any] = {
        "anyOf": [{"$ref": "#/$defs/Node"}, {"$ref": "#/$defs/Node"}, {"type": "integer"}]
    }
    assert from_text("3", Schema({"$ref": "#/$defs/Node"}, {"$defs": {"Node": node}})) == 3
    tree: dict[str, Any] = {"type": "array", "items": {"$ref": "#/$defs/Tree"}}
    deep: Any = []
    for _ in range(500):
        deep = [deep]
    assert from_json(deep, Schema({"$ref": "#/$defs/Tree"}, {"$defs": {"Tree": tree}})) == deep
