from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_code.local.call_grammar import Notation, grammar_after_name, grammar_after_opener, grammar_after_tag
from qwen_code.local.constraint import Grammar
from qwen_code.messages import ToolSpec
from tests.support.tiny_models import needs_llama_cpp
from tests.unit.local.models import loaded

EDIT = ToolSpec(
    "edit",
    "Replace text.",
    {
        "type": "object",
        "properties": {
            "file_path": {"type": "string"},
            "old_string": {"type": "string"},
            "new_string": {"type": "string"},
            "replace_all": {"type": "boolean"},
        },
        "required": ["file_path", "old_string", "new_string"],
    },
)
TODO = ToolSpec(
    "todo_write",
    "Plan.",
    {
        "type": "object",
        "properties": {
            "todos": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"content": {"type": "string"}, "status": {"enum": ["pending", "done"]}},
                    "required": ["content", "status"],
                },
            }
        },
        "required": ["todos"],
    },
)
READ = ToolSpec(
    "read_file",
    "Read.",
    {
        "type": "object",
        "properties": {
            "file_path": {"type": "string"},
            "limit": {"type": ["integer", "null"]},
            "mode": {"type": "string", "enum": ["text", "hex"]},
            "any": {},
        },
        "required": ["file_path"],
    },
)
NOTHING = ToolSpec("status", "Ask.", {"type": "object", "properties": {}})
TOOLS = (EDIT, TODO, READ, NOTHING)


def _produces(source: str, text: str) -> bool:
    model = loaded("qwen3")
    grammar = Grammar(model, source)
    try:
        return grammar.advance_text(text) and grammar.accepts(min(model.end_tokens))
    finally:
        grammar.close()


def _goes_on(source: str, text: str) -> bool:
    grammar = Grammar(loaded("qwen3"), source)
    try:
        return grammar.advance_text(text)
    finally:
        grammar.close()


def _xml(text: str) -> bool:
    assert text.startswith("<tool_call>\n<")
    return _produces(grammar_after_opener(TOOLS, "xml"), text.removeprefix("<tool_call>\n<"))


def _json(text: str) -> bool:
    assert text.startswith("<tool_call>\n{")
    return _produces(grammar_after_opener(TOOLS, "json"), text.removeprefix("<tool_call>\n{"))


def _call(name: str, *arguments: tuple[str, str]) -> str:
    blocks = "".join(f"<parameter={key}>\n{value}\n</parameter>\n" for key, value in arguments)
    return f"<tool_call>\n<function={name}>\n{blocks}</function>\n</tool_call>"


FILE, OLD, NEW, ALL = ("file_path", "a.py"), ("old_string", "x"), ("new_string", "y"), ("replace_all", "true")


@needs_llama_cpp
@pytest.mark.parametrize(
    "text",
    [
        _call("edit", FILE, OLD, NEW),
        _call("edit", NEW, ALL, FILE, OLD),
        _call("edit", FILE, OLD, NEW, ("replace_all", "False")),
        _call("status"),
        _call("read_file", FILE, ("limit", "-5"), ("mode", "hex")),
        _call("read_file", FILE, ("limit", "null"), ("any", "what\never")),
        _call("todo_write", ("todos", '[{"content": "a", "status": "done"}]')),
        _call("status") + "\n" + _call("edit", FILE, OLD, NEW),
        "<tool_call>\n<function=read_file>\n<parameter=file_path>\n</parameter>\n</function>\n</tool_call>",
    ],
)
def test_calls_as_the_template_writes_them_are_taken(text: str) -> None:
    assert _xml(text)


@needs_llama_cpp
@pytest.mark.parametrize(
    "text",
    [
        _call("delete_everything"),
        _call("edit", FILE, OLD),
        _call("edit", FILE, FILE, OLD, NEW),
        _call("edit", FILE, OLD, NEW, ("unknown", "1")),
        _call("edit", FILE, OLD, NEW, ("replace_all", "yes")),
        _call("read_file", FILE, ("limit", "ten")),
        _call("read_file", FILE, ("mode", "binary")),
        _call("todo_write", ("todos", '[{"content": "a"}]')),
        _call("todo_write", ("todos", "[{'content': 'a', 'status': 'done'}]")),
        _call("status").replace("</function>", ""),
        _call("status") + "\nI have called it.",
        _call("status") + "\n",
    ],
)
def test_other_calls_can_not_be_written(text: str) -> None:
    assert not _xml(text)


@needs_llama_cpp
@given(st.text(alphabet="ab</>\n parmete", max_size=60))
def test_a_text_value_ends_at_the_first_closing_tag_on_a_line_of_its_own(value: str) -> None:
    source = grammar_after_opener((NOTHING, READ), "xml")
    begun = f"function=read_file>\n<parameter=file_path>\n{value}"
    closing = "\n</parameter>\n"
    ended = closing in f"\n{value}\n"
    assert _goes_on(source, begun) or ended
    if not ended:
        assert _produces(source, f"{begun}{closing}</function>\n</tool_call>")
        assert not _produces(source, f"{begun}</function>\n</tool_call>")


@needs_llama_cpp
def test_a_long_value_is_held_in_one_state() -> None:
    value = "\n".join(f"    line {n} </parameter> of <parameter=x> text\n\n" for n in range(400))
    assert _xml(_call("read_file", ("file_path", value)))


def _hermes(name: str, arguments: object) -> str:
    return "<tool_call>\n" + json.dumps({"name": name, "arguments": arguments}) + "\n</tool_call>"


@needs_llama_cpp
def test_calls_in_json_follow_the_same_schemas() -> None:
    whole = {"file_path": "a", "old_string": "</tool_call>\n", "new_string": ""}
    assert _json(_hermes("edit", whole))
    assert _json(_hermes("edit", whole | {"replace_all": True}))
    assert _json(_hermes("status", {}) + "\n" + _hermes("read_file", {"limit": None, "file_path": "b"}))
    assert not _json(_hermes("edit", {"file_path": "a"}))
    assert not _json(_hermes("unknown", {}))
    assert not _json(_hermes("read_file", {"file_path": 3}))
    assert not _json(_hermes("status", {}) + " and more")


@needs_llama_cpp
def test_a_call_without_its_opener_may_be_closed_or_left() -> None:
    source = grammar_after_name(READ, TOOLS)
    body = "\n<parameter=file_path>\na.py\n</parameter>\n</function>"
    assert _produces(source, body)
    assert _produces(source, body + "\n</tool_call>")
    assert _produces(source, body + "\n</tool_call>\n" + _call("status"))
    assert not _produces(source, "\n<parameter=old_string>\na.py\n</parameter>\n</function>")


@needs_llama_cpp
@pytest.mark.parametrize("notation", ["xml", "json"])
def test_schemas_as_servers_write_them_compile(notation: Notation) -> None:
    odd: list[dict[str, Any]] = [
        {},
        {"type": "object"},
        {"type": "object", "properties": {"a": {"type": "weird"}, "b": True, "c": {"anyOf": []}}},
        {"type": "object", "properties": {"a": {"type": "string", "pattern": "^(a|b)$", "format": "date"}}},
        {
            "type": "object",
            "properties": {"q": {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None}},
        },
        {
            "type": "object",
            "properties": {f"p{n}": {"type": "string"} for n in range(60)},
            "required": ["p59"],
        },
        {"type": "object", "properties": {'a-b c"d\n': {"enum": ["x\\", 1.5, None, [1]]}}, "required": "a"},
    ]
    tools = [ToolSpec(f"mcp__server__t-{n}.x", "", schema) for n, schema in enumerate(odd)]
    Grammar(loaded("qwen3"), grammar_after_tag(tools, notation)).close()
