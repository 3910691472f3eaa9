"""Grammars that a tool call must follow once it has begun, in both of Qwen's notations.

As in llama.cpp, a string argument ends at the first `\\n</parameter>\\n`; that is written as an automaton
with one rule a matched character, so that the grammar has one state at any point of the longest value.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias, cast

from qwen_code.local.schema_grammar import (
    Rules,
    Schema,
    SchemaGrammar,
    literal,
    required_of,
    sequence,
    types_of,
)
from qwen_code.messages import ToolSpec

Notation: TypeAlias = Literal["xml", "json"]
"""What stands inside `<tool_call>`: `<function=…>` (Qwen3-Coder) or a JSON object (Hermes)."""

_FIRST: dict[Notation, str] = {"xml": "<", "json": "{"}
_CLOSE = "\n</parameter>\n"
_END = literal(_CLOSE)
_NEXT_CALL = literal("\n<tool_call>\n")


def grammar_after_tag(tools: Sequence[ToolSpec], notation: Notation) -> str:
    """GBNF for the rest of a call of which `<tool_call>` is written."""
    rules, call = _call(tools, notation)
    return rules.text(f"{literal(chr(10) + _FIRST[notation])} {call}")


def grammar_after_opener(tools: Sequence[ToolSpec], notation: Notation) -> str:
    """GBNF for the rest of a call of which `<tool_call>` and the first character inside are written."""
    rules, call = _call(tools, notation)
    return rules.text(call)


def grammar_after_name(tool: ToolSpec, tools: Sequence[ToolSpec]) -> str:
    """GBNF for the rest of a call that lacks `<tool_call>`: `<function=NAME>` is written."""
    rules = Rules()
    call = rules.reserve()
    rules.define(call, _xml_call(rules, tools, call))
    more = rules.add(f'({literal(chr(10) + "</tool_call>")} ({_NEXT_CALL} "<" {call})?)?')
    return rules.text(f'"\\n" {_arguments(rules, tool)} {more}')


def grammar_of_schema(schema: Schema) -> str:
    """GBNF for one JSON document of `schema`, for structured answers."""
    rules = Rules()
    return rules.text(SchemaGrammar(rules, schema).rule(schema))


def _call(tools: Sequence[ToolSpec], notation: Notation) -> tuple[Rules, str]:
    rules = Rules()
    call = rules.reserve()
    rules.define(call, _xml_call(rules, tools, call) if notation == "xml" else _json_call(rules, tools, call))
    return rules, call


def _xml_call(rules: Rules, tools: Sequence[ToolSpec], call: str) -> str:
    functions = " | ".join(
        rules.add(f"{literal(f'{tool.name}>' + chr(10))} {_arguments(rules, tool)}") for tool in tools
    )
    return f'"function=" ({functions}) {literal(chr(10) + "</tool_call>")} ({_NEXT_CALL} "<" {call})?'


def _json_call(rules: Rules, tools: Sequence[ToolSpec], call: str) -> str:
    functions = " | ".join(
        rules.add(
            rf'{literal(chr(34) + tool.name + chr(34))} ws "," ws "\"arguments\"" ws ":" ws '
            f"{SchemaGrammar(rules, tool.parameters).rule({'type': 'object', **tool.parameters})}"
        )
        for tool in tools
    )
    return (
        rf'ws "\"name\"" ws ":" ws ({functions}) ws "}}" {literal(chr(10) + "</tool_call>")} '
        f'({_NEXT_CALL} "{{" {call})?'
    )


def _arguments(rules: Rules, tool: ToolSpec) -> str:
    """`<parameter=…>` blocks as the schema wants them, and `</function>`."""
    schema = tool.parameters
    properties = cast("dict[str, Any]", schema.get("properties") or {})
    values = SchemaGrammar(rules, schema)
    members = {
        name: rules.add(f"{literal(f'<parameter={name}>' + chr(10))} {_value(rules, values, value)}")
        for name, value in properties.items()
    }
    return sequence(rules, members, required_of(schema), end='"</function>"')


def _value(rules: Rules, values: SchemaGrammar, schema: object) -> str:
    """One argument up to and with `</parameter>`: raw text for strings, JSON for the rest."""
    if not isinstance(schema, dict) or not schema:
        return rules.once("free text", _free_text)
    given = cast("dict[str, Any]", schema)
    if (choices := choices_of(given)) is not None:
        written = [_spellings(choice, values) for choice in choices]
        return rules.add(f"({' | '.join(dict.fromkeys(written))}) {_END}")
    if is_text(given):
        return rules.once("free text", _free_text)
    if types_of(given) == ("boolean",):
        return rules.add(f'("true" | "false" | "True" | "False") {_END}')
    return rules.add(f"{values.rule(given)} {_END}")


def argument_types(schema: object) -> tuple[str, ...]:
    """The JSON types of an argument, or of one branch of it; one that does not say is text."""
    if not isinstance(schema, dict):
        return ("string",)
    given = cast("dict[str, Any]", schema)
    if "$ref" in given or "allOf" in given:
        return ("object",)
    return types_of(given) or ("string",)


def choices_of(schema: Schema) -> list[Any] | None:
    """The values of `enum` or `const`; None when any value goes."""
    choices: Any = schema.get("enum", [schema["const"]] if "const" in schema else None)
    return cast("list[Any]", choices) if isinstance(choices, list) and choices else None


def is_text(schema: Schema) -> bool:
    """Whether an argument without choices is written as it is; else it is written as JSON."""
    options = schema.get("anyOf") or schema.get("oneOf")
    branches = cast("list[Any]", options) if isinstance(options, list) else [schema]
    return any("string" in argument_types(branch) for branch in branches)


def _spellings(value: Any, values: SchemaGrammar) -> str:
    if isinstance(value, str):
        return literal(value)
    return values.rule({"const": value})


def _free_text(rules: Rules) -> str:
    """Anything up to the first `\\n</parameter>\\n`, which it includes.

    The newline before the value counts as the closing tag's too, so that an empty value may be written
    with one newline or with two.
    """
    states = [rules.reserve() for _ in _CLOSE]
    for matched, expected in enumerate(_CLOSE):
        after = states[matched + 1] if matched + 1 < len(_CLOSE) else '""'
        options = [f"{literal(expected)} {after}"]
        if expected != "\n":
            options.append(f"{literal(chr(10))} {states[1]}")
        options.append(f"[^{'' if expected == chr(10) else _in_class(expected)}\\n] {states[0]}")
        rules.define(states[matched], " | ".join(options))
    return states[1]


def _in_class(character: str) -> str:
    return {"\\": "\\\\", "]": "\\]", "[": "\\[", "^": "\\^", "-": "\\-"}.get(character, character)
