"""Turns what a model wrote for a parameter into the type that the tool's JSON schema asks for.

The wire is untyped (XML values are text, and servers stringify JSON), so the schema decides: strings stay as
they are, anything else is converted when its meaning is plain, and left as it is when it is not. Conversions
follow the parsers that Qwen models are served with: vLLM's and SGLang's (JSON, then Python literals, nulls,
double encoding) and, where a schema lists several types, Ollama's order of precedence.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final, cast

from qwen_code.wire.repair import Unreadable, read_json, unfenced

_MISSING: Final = object()
_INTEGER = re.compile(r"[+-]?\d[\d_]*")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
_QUOTED = re.compile(r"""(["'])([\w.+-]*)\1""")
_TRUE = frozenset(("true", "1", "yes", "on"))
_FALSE = frozenset(("false", "0", "no", "off"))
_ORDER = ("boolean", "integer", "number", "array", "object", "string")
_ALIASES = {
    "str": "string",
    "text": "string",
    "enum": "string",
    "int": "integer",
    "float": "number",
    "double": "number",
    "bool": "boolean",
    "list": "array",
    "dict": "object",
    "map": "object",
}
_NAMES: dict[str, str] = {
    "boolean": "true or false",
    "integer": "an integer",
    "number": "a number",
    "array": "an array",
    "object": "an object",
    "string": "a string",
    "null": "null",
}
_MAX_DEPTH = 64
_ONE_LINE = 80


class Schema:
    """The part of a JSON schema that decides about conversion; `root` is where `$ref` points into."""

    __slots__ = ("_taken", "enum", "items", "properties", "root", "types")

    def __init__(self, schema: object, root: Mapping[str, Any]) -> None:
        self.root = root
        self.types: list[str] = []
        """In the order in which they are tried; empty when the schema does not say."""
        self.enum: list[Any] | None = None
        self.items: object = None
        self.properties: Mapping[str, Any] = {}
        self._taken: set[str] = set()
        self._take(schema, 0)

    @property
    def nullable(self) -> bool:
        return "null" in self.types

    @property
    def only_strings(self) -> bool:
        return all(kind in ("string", "null") for kind in self.types)

    def _take(self, schema: object, depth: int) -> None:
        if not isinstance(schema, dict) or depth > _MAX_DEPTH:
            return
        fields = cast("dict[str, Any]", schema)
        if isinstance(reference := fields.get("$ref"), str) and reference not in self._taken:
            self._taken.add(reference)
            self._take(_resolve(reference, self.root), depth + 1)
        for key in ("anyOf", "oneOf", "allOf"):
            for alternative in _list(fields.get(key)):
                self._take(alternative, depth + 1)
        kinds = fields.get("type")
        several = _list(kinds)
        written = [kind for kind in several or [kinds] if isinstance(kind, str)]
        named = [_ALIASES.get(kind.lower(), kind.lower()) for kind in written]
        if several:
            named.sort(key=lambda kind: _ORDER.index(kind) if kind in _ORDER else len(_ORDER))
        self._constrain(fields, named)
        if fields.get("nullable") is True:
            named.append("null")
        self.types += [kind for kind in named if kind not in self.types]

    def _constrain(self, fields: dict[str, Any], named: list[str]) -> None:
        values = _list(fields.get("enum")) or ([fields["const"]] if "const" in fields else [])
        if values:
            self.enum = [*(self.enum or []), *values]
            if not named:
                named += list(dict.fromkeys(_kind_of(value) for value in values))
        if "items" in fields:
            self.items = fields["items"]
            if not named:
                named.append("array")
        if isinstance(properties := fields.get("properties"), dict):
            self.properties = {**self.properties, **cast("dict[str, Any]", properties)}
            if not named:
                named.append("object")


def from_text(text: str, schema: Schema) -> Any:
    """The value that a parameter's text stands for; the text itself when it stands for none."""
    stripped = text.strip()
    if not schema.types or schema.only_strings:
        if schema.nullable and stripped in ("null", "None"):
            return None
        if schema.enum is not None and text not in schema.enum and stripped in schema.enum:
            return stripped
        return text
    if stripped.lower() in ("null", "none"):
        return None
    for kind in _by_look(stripped, schema.types):
        value = text if kind == "string" else _converted(stripped, kind, schema)
        if value is not _MISSING:
            return value
    if quoted := _QUOTED.fullmatch(stripped):
        value = from_text(quoted[2], schema)
        return text if value == quoted[2] else value
    return text


def from_json(value: Any, schema: Schema, depth: int = 0) -> Any:
    """`value`, which came as JSON, with the types of the schema where its meaning is plain."""
    if not schema.types or depth > _MAX_DEPTH:
        return value
    kind = _kind_of(value)
    if kind in schema.types or (kind == "integer" and "number" in schema.types):
        return _deeper(value, schema, depth)
    if kind == "null":
        return None
    if isinstance(value, str):
        return from_text(value, schema)
    if schema.only_strings:
        return _as_string(value)
    if isinstance(value, float) and "integer" in schema.types and value.is_integer():
        return int(value)
    if isinstance(value, int) and "boolean" in schema.types and value in (0, 1):
        return bool(value)
    if kind == "object" and "array" in schema.types:
        return _deeper([value], schema, depth)
    return value


def fault(value: Any, schema: Schema) -> str:
    """What is wrong with `value`, to be read after the parameter's name; empty when nothing is."""
    if not schema.types:
        return ""
    kind = _kind_of(value)
    if kind not in schema.types and not (kind == "integer" and "number" in schema.types):
        wanted = " or ".join(_NAMES.get(name, name) for name in schema.types)
        return f"must be {wanted}, not {_shown(value)}"
    if schema.enum is not None and value is not None and value not in schema.enum:
        return f"must be one of {', '.join(_shown(choice) for choice in schema.enum)}, not {_shown(value)}"
    return ""


def _converted(text: str, kind: str, schema: Schema) -> Any:
    """`text` as a value of type `kind`, or _MISSING."""
    match kind:
        case "integer":
            return _integer(text)
        case "number":
            return _float(text)
        case "boolean":
            lowered = text.lower()
            return True if lowered in _TRUE else False if lowered in _FALSE else _MISSING
        case "array" | "object":
            return _container(text, kind, schema)
        case _:
            return _MISSING


def _by_look(text: str, types: list[str]) -> list[str]:
    """The types in the order to try: what looks like a container is one if it may be."""
    if text[:1] in ("[", "{", "("):
        return sorted(types, key=lambda kind: kind not in ("array", "object"))
    return types


def _integer(text: str) -> Any:
    try:
        if _INTEGER.fullmatch(text):
            return int(text)
        if _NUMBER.fullmatch(text) and (value := float(text)).is_integer():
            return int(value)
    except (ValueError, OverflowError):
        pass
    return _MISSING


def _float(text: str) -> Any:
    if _INTEGER.fullmatch(text):
        return _integer(text)
    if not _NUMBER.fullmatch(text):
        return _MISSING
    value = float(text)
    if value in (float("inf"), float("-inf")):
        return _MISSING
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _container(text: str, kind: str, schema: Schema, times: int = 0) -> Any:
    text = unfenced(text)
    try:
        reading = read_json(text)
    except Unreadable:
        return _lone_item(text, kind, schema)
    if reading.unclosed or text[reading.end :].strip():
        return _lone_item(text, kind, schema)
    value = reading.value
    if isinstance(value, str) and text[:1] in ('"', "'") and times < 2:
        return _container(value.strip(), kind, schema, times + 1)
    if isinstance(value, dict) and kind == "array" and _items(schema).types in ([], ["object"]):
        return _deeper([cast("dict[str, Any]", value)], schema, 0)
    if isinstance(value, (list if kind == "array" else dict)):
        return _deeper(value, schema, 0)
    return _lone_item(text, kind, schema)


def _lone_item(text: str, kind: str, schema: Schema) -> Any:
    """One string where an array of strings is asked for is an array of one."""
    plain = text and "\n" not in text and "," not in text and text[0] not in "[{(\"'"
    return [text] if plain and kind == "array" and _items(schema).types == ["string"] else _MISSING


def _items(schema: Schema) -> Schema:
    return Schema(schema.items, schema.root)


def _deeper(value: Any, schema: Schema, depth: int) -> Any:
    found: Any = value
    if isinstance(value, list) and schema.items is not None:
        items = _items(schema)
        found = [from_json(item, items, depth + 1) for item in cast("list[Any]", value)]
    elif isinstance(value, dict) and schema.properties:
        found = {
            key: from_json(item, Schema(schema.properties[key], schema.root), depth + 1)
            if key in schema.properties
            else item
            for key, item in cast("dict[str, Any]", value).items()
        }
    return found


def _as_string(value: Any) -> str:
    """What the model meant as text and a server took for JSON (opencode#6918): the JSON again."""
    line = json.dumps(value, ensure_ascii=False)
    return line if len(line) <= _ONE_LINE else json.dumps(value, ensure_ascii=False, indent=2)


def _kind_of(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case list() | tuple():
            return "array"
        case _:
            return "object"


def _resolve(reference: str, root: Mapping[str, Any]) -> object:
    if not reference.startswith("#/"):
        return None
    found: Any = root
    for part in reference[2:].split("/"):
        key = part.replace("~1", "/").replace("~0", "~")
        found = cast("dict[str, Any]", found).get(key) if isinstance(found, dict) else None
    return found


def _list(value: object) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."
