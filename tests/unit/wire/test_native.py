from __future__ import annotations

import json
from typing import Any

import pytest

from qwen_code.messages import ToolSpec
from qwen_code.wire import decode_native
from tests.unit.wire.offered import READ_A, TOOLS, A, calls, kinds, tool


@pytest.mark.parametrize(
    "text",
    [
        '{"path": "a.py"}',
        '{}{"path": "a.py"}',
        '{"path": "a.py"}{"path": "a.py"}',
        '{"path": "a.py"}{}',
        '{"path": "a.py"}\n</function>\n</tool_call>',
        '```json\n{"path": "a.py"}\n```',
        '```\n{"path": "a.py"}\n```',
        json.dumps('{"path": "a.py"}'),
        json.dumps(json.dumps('{"path": "a.py"}')),
        '{"path": "a.py",}',
        "{'path': 'a.py'}",
        '{"path": "a.py"}}',
        '{"path": "a.py"',
        '[{"path": "a.py"}]',
        '{{"path": "a.py"}}',
        '{"arguments": {"path": "a.py"}}',
        '{"parameters": "{\\"path\\": \\"a.py\\"}"}',
        '{"name": "read_file", "arguments": {"path": "a.py"}}',
        "<parameter=path>a.py</parameter>",
        "<parameter=path>\na.py\n</parameter>\n",
        "<function=read_file>\n<parameter=path>\na.py\n</parameter>\n</function>",
        READ_A,
    ],
)
def test_arguments_are_read_in_all_their_shapes(text: str) -> None:
    found = decode_native("read_file", text, TOOLS)
    assert (found.content, calls(found), found.errors) == ("", [A], ())


@pytest.mark.parametrize("text", ["", "  ", "null", "{}", "None", '""', "[]", "{}{}"])
def test_a_call_may_have_no_arguments(text: str) -> None:
    found = decode_native("list_tools", text, TOOLS)
    assert (calls(found), found.errors) == ([("list_tools", {})], ())


@pytest.mark.parametrize(
    ("name", "text", "arguments"),
    [
        ("read_file", '{"path": "a", "limit": "10", "offset": 3.0}', {"path": "a", "limit": 10, "offset": 3}),
        (
            "edit",
            '{"file_path":"a","old_string":"1","new_string":2,"replace_all":"True"}',
            {"file_path": "a", "old_string": "1", "new_string": "2", "replace_all": True},
        ),
        ("grep_search", '{"pattern":"x","include":"[\\"*.py\\"]"}', {"pattern": "x", "include": ["*.py"]}),
        ("grep_search", r'{"pattern": "\d+"}', {"pattern": r"\d+"}),
        ("set_config", '{"settings": "{\\"a\\": 1}"}', {"settings": {"a": 1}}),
        (
            "write_file",
            '{"file_path":"a","content":"{\\"a\\": 1}"}',
            {"file_path": "a", "content": '{"a": 1}'},
        ),
        ("run_shell_command", '{"command": "a\nb"}', {"command": "a\nb"}),
        ("run_shell_command", "<parameter=command>ls", None),
    ],
)
def test_arguments_get_the_types_of_the_schema(
    name: str, text: str, arguments: dict[str, Any] | None
) -> None:
    found = decode_native(name, text, TOOLS)
    assert calls(found) == ([(name, arguments)] if arguments else [])


@pytest.mark.parametrize("reason", ["stop", "length", "tool_calls"])
def test_arguments_that_are_cut_are_never_used(reason: str) -> None:
    text = '{"file_path": "a.py", "content": "def f():\\n    return 12"}'
    for end in range(1, len(text) - 1):
        found = decode_native("write_file", text[:end], TOOLS, reason)
        assert (found.calls, kinds(found)) == ((), ["truncated"]), text[:end]


def test_a_number_at_the_end_may_be_cut() -> None:
    assert kinds(decode_native("read_file", '{"path": "a", "limit": 10', TOOLS)) == ["truncated"]


def test_a_missing_bracket_after_a_limit_is_a_cut() -> None:
    assert kinds(decode_native("read_file", '{"path": "a.py"', TOOLS, "length")) == ["truncated"]
    assert calls(decode_native("read_file", '{"path": "a.py"}', TOOLS, "length")) == [A]


@pytest.mark.parametrize(
    "text",
    ["path=a.py", '{"path": a.py}', "5", '"a.py"', "[1, 2]", '{"path": "a"}{"path": "b"}', "{]", "{,}"],
)
def test_arguments_whose_meaning_is_not_plain_are_malformed(text: str) -> None:
    found = decode_native("read_file", text, TOOLS)
    assert (found.calls, kinds(found), found.errors[0].name) == ((), ["malformed"], "read_file")


def test_a_tool_may_have_a_parameter_of_the_name_that_wraps_arguments() -> None:
    properties = {"name": {"type": "string"}, "args": {"type": "object"}}
    offered = [tool("run", input="object"), ToolSpec("call", "", {"properties": properties})]
    assert calls(decode_native("run", '{"input": {"a": 1}}', offered)) == [("run", {"input": {"a": 1}})]
    given = {"name": "call", "args": {"a": 1}}
    assert calls(decode_native("call", json.dumps(given), offered)) == [("call", given)]
    assert kinds(decode_native("read_file", '{"name": "list_tools", "arguments": {}}', TOOLS)) == ["schema"]


def test_the_call_keeps_the_id_of_the_server() -> None:
    (call,) = decode_native("list_tools", "{}", TOOLS, call_id="chatcmpl-7").calls
    assert call.id == "chatcmpl-7"
    (call,) = decode_native("read_file", READ_A, TOOLS, call_id="chatcmpl-8").calls
    assert call.id == "chatcmpl-8"


def test_names_are_matched_as_in_text() -> None:
    assert calls(decode_native("READ_FILE", '{"path": "a.py"}', TOOLS)) == [A]
    found = decode_native("read_fil", "{}", TOOLS)
    assert (calls(found), kinds(found)) == ([("read_fil", {})], ["unknown_tool"])
    assert kinds(decode_native("", "{}", TOOLS)) == ["malformed"]
