"""JSON schema -> rules of llama.cpp's grammar language (GBNF) that produce only JSON of that schema.

GBNF: https://github.com/ggml-org/llama.cpp/blob/master/grammars/README.md. What a grammar can't say
(patterns, formats, bounds of numbers) is left to validation afterwards. It is narrower than the schema in one
thing: objects with known properties take no others.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, cast

Schema: TypeAlias = Mapping[str, Any]

ANY_ORDER_LIMIT = 6
"""Up to this many properties may come in any order (2^n rules); more come in the schema's order."""
_COUNT_LIMIT = 256
"""GBNF repetitions are unrolled; larger bounds are left to validation."""

_PRIMITIVES = {
    "ws": r'"" | " " | "\n" [ \t]{0,20}',
    "char": r'[^"\\\x00-\x1F] | "\\" (["\\/bfnrt] | "u" [0-9a-fA-F]{4})',
    "string": r'"\"" char* "\""',
    "natural": '"0" | [1-9] [0-9]{0,15}',
    "integer": '"-"? natural',
    "number": 'integer ("." [0-9]{1,16})? ([eE] [-+]? [0-9]{1,3})?',
    "boolean": '"true" | "false"',
    "null": '"null"',
    "value": "object | array | string | number | boolean | null",
    "object": r'"{" ws (member ("," ws member)*)? "}" ws',
    "member": r'string ":" ws value ws',
    "array": r'"[" ws (value ws ("," ws value ws)*)? "]"',
}


class Rules:
    """A grammar under construction. Rules with equal bodies are one rule."""

    def __init__(self) -> None:
        self._bodies: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._built: dict[str, str] = {}

    def add(self, body: str) -> str:
        """Define a rule and return its name (GBNF names take letters, digits and dashes only)."""
        name = self._names.get(body)
        if name is None:
            name = self._names[body] = f"r{len(self._bodies)}"
            self._bodies[name] = body
        return name

    def reserve(self) -> str:
        """A name whose body comes later with `define`, for rules that refer to themselves."""
        name = f"r{len(self._bodies)}"
        self._bodies[name] = '""'
        return name

    def define(self, name: str, body: str) -> None:
        self._bodies[name] = body

    def once(self, key: str, build: Callable[[Rules], str]) -> str:
        """What `build` returns, built at the first call with `key`."""
        if key not in self._built:
            self._built[key] = build(self)
        return self._built[key]

    def text(self, root: str) -> str:
        """The whole grammar, beginning with what `root` stands for."""
        lines = [f"root ::= {root}"]
        lines += [f"{name} ::= {body}" for name, body in (*self._bodies.items(), *_PRIMITIVES.items())]
        return "\n".join(lines) + "\n"


class SchemaGrammar:
    """Turns schemas into rules of one grammar. `$ref` is resolved within `document`."""

    def __init__(self, rules: Rules, document: Schema) -> None:
        self._rules = rules
        self._document = document
        self._references: dict[str, str] = {}

    def rule(self, schema: object) -> str:
        """An expression for the JSON values of `schema`."""
        if not isinstance(schema, Mapping) or not schema:
            return "value"
        schema = cast(Schema, schema)
        if isinstance(reference := schema.get("$ref"), str):
            return self._reference(reference)
        if "const" in schema:
            return self._literals([schema["const"]])
        if isinstance(choices := schema.get("enum"), list) and choices:
            return self._literals(cast("list[Any]", choices))
        for key in ("anyOf", "oneOf"):
            if isinstance(options := schema.get(key), list) and options:
                return self._any(self.rule(option) for option in cast("list[object]", options))
        if isinstance(parts := schema.get("allOf"), list) and parts:
            return self.rule(_merged(cast("list[object]", parts), schema))
        kinds = types_of(schema)
        return self._any(self._typed(kind, schema) for kind in kinds) if kinds else "value"

    def _any(self, expressions: Any) -> str:
        options = list(dict.fromkeys(expressions))
        return options[0] if len(options) == 1 else self._rules.add(" | ".join(options))

    def _literals(self, values: Sequence[Any]) -> str:
        return self._any(literal(json.dumps(value, ensure_ascii=False)) for value in values)

    def _typed(self, kind: str, schema: Schema) -> str:
        match kind:
            case "string":
                return self._string(schema)
            case "integer":
                return "natural" if _at_least_zero(schema) else "integer"
            case "number" | "boolean" | "null":
                return kind
            case "array":
                return self._array(schema)
            case "object":
                return self._object(schema)
            case _:
                return "value"

    def _string(self, schema: Schema) -> str:
        least, most = _bounds(schema, "minLength", "maxLength")
        if (least, most) == (0, None):
            return "string"
        return self._rules.add(rf'"\"" char{_repeat(least, most)} "\""')

    def _array(self, schema: Schema) -> str:
        if "items" not in schema:
            return "array"
        item = self.rule(schema["items"])
        least, most = _bounds(schema, "minItems", "maxItems")
        if most == 0:
            return self._rules.add('"[" ws "]"')
        following = f'("," ws {item} ws){_repeat(max(0, least - 1), None if most is None else most - 1)}'
        items = f"{item} ws {following}"
        return self._rules.add(f'"[" ws {items if least else f"({items})?"} "]"')

    def _object(self, schema: Schema) -> str:
        properties = schema.get("properties")
        if not isinstance(properties, Mapping) or not properties:
            values = schema.get("additionalProperties")
            if isinstance(properties, Mapping) and not values:
                return self._rules.add('"{" ws "}"')
            if not isinstance(values, Mapping) or not values:
                return "object"
            member = self._rules.add(f'string ":" ws {self.rule(cast(Schema, values))} ws')
            return self._rules.add(f'"{{" ws ({member} ("," ws {member})*)? "}}" ws')
        known = cast("Mapping[str, object]", properties)
        members = {
            name: self._rules.add(
                f'{literal(json.dumps(name, ensure_ascii=False))} ":" ws {self.rule(value)} ws'
            )
            for name, value in known.items()
        }
        body = sequence(self._rules, members, required_of(schema), separator='"," ws ', end='"}"')
        return self._rules.add(f'"{{" ws {body}')

    def _reference(self, reference: str) -> str:
        if known := self._references.get(reference):
            return known
        target: Any = self._document
        for part in reference.removeprefix("#").strip("/").split("/"):
            part = part.replace("~1", "/").replace("~0", "~")
            target = cast("dict[str, Any]", target).get(part) if isinstance(target, dict) else None
        if not reference.startswith("#") or not isinstance(target, Mapping):
            return "value"
        name = self._references[reference] = self._rules.reserve()
        self._rules.define(name, self.rule(cast(Schema, target)))
        return name


def sequence(
    rules: Rules, members: Mapping[str, str], required: frozenset[str], *, separator: str = "", end: str
) -> str:
    """A rule for each member at most once, the required ones always, then `end`.

    The state is what has not come yet; each state is a rule, so that at any point only what may still come
    is offered.
    """
    names = tuple(members)
    any_order = len(names) <= ANY_ORDER_LIMIT

    def state(left: tuple[str, ...], *, first: bool) -> str:
        before = "" if first else separator
        options: list[str] = []
        for index, name in enumerate(left):
            rest = tuple(n for n in left if n != name) if any_order else left[index + 1 :]
            options.append(f"{before}{members[name]} {remembered(rest, first=False)}")
            if not any_order and name in required:
                break
        if not required.intersection(left):
            options.append(end)
        return rules.add(" | ".join(options))

    remembered = _memoised(state)
    return remembered(names, first=True)


def _memoised(state: Callable[..., str]) -> Callable[..., str]:
    known: dict[tuple[tuple[str, ...], bool], str] = {}

    def remembered(left: tuple[str, ...], *, first: bool) -> str:
        if (left, first) not in known:
            known[left, first] = state(left, first=first)
        return known[left, first]

    return remembered


def literal(text: str) -> str:
    """`text` as a GBNF string."""
    return '"' + "".join(_ESCAPES.get(c) or (f"\\x{ord(c):02X}" if c < " " else c) for c in text) + '"'


_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def types_of(schema: Schema) -> tuple[str, ...]:
    """The `type` of a schema as a tuple, guessed from its other keys where it is not said."""
    kinds = schema.get("type")
    if isinstance(kinds, str):
        return (kinds,)
    if isinstance(kinds, list):
        return tuple(kind for kind in cast("list[object]", kinds) if isinstance(kind, str))
    if "properties" in schema:
        return ("object",)
    return ("array",) if "items" in schema else ()


def required_of(schema: Schema) -> frozenset[str]:
    """The required properties, those that the schema does not know left out."""
    names = schema.get("required")
    known = schema.get("properties")
    if not isinstance(names, list) or not isinstance(known, Mapping):
        return frozenset()
    return frozenset(name for name in cast("list[object]", names) if isinstance(name, str) and name in known)


def _merged(parts: Sequence[object], schema: Schema) -> Schema:
    """`allOf` of objects as one object; good enough for schemas that extend another."""
    merged: dict[str, Any] = {k: v for k, v in schema.items() if k != "allOf"}
    for part in parts:
        if isinstance(part, Mapping):
            given = cast(Schema, part)
            properties = {**merged.get("properties", {}), **given.get("properties", {})}
            required = [*merged.get("required", []), *given.get("required", [])]
            merged = {**given, **merged}
            if properties:
                merged |= {"properties": properties, "required": required}
    return merged


def _at_least_zero(schema: Schema) -> bool:
    least = schema.get("minimum", schema.get("exclusiveMinimum"))
    return isinstance(least, (int, float)) and least >= 0


def _bounds(schema: Schema, least_key: str, most_key: str) -> tuple[int, int | None]:
    least, most = schema.get(least_key), schema.get(most_key)
    least = least if isinstance(least, int) and 0 < least <= _COUNT_LIMIT else 0
    most = most if isinstance(most, int) and least <= most <= _COUNT_LIMIT else None
    return least, most


def _repeat(least: int, most: int | None) -> str:
    if most is None:
        return "*" if least == 0 else f"{{{least},}}"
    return f"{{{least},{most}}}"
