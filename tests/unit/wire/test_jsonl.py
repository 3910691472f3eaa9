from __future__ import annotations

from typing import Any

import pytest

from qwen_code.wire.jsonl import decode_line
from tests.unit.wire.offered import READ_A

PARAMETERS = {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}
TOOLS = [{"type": "function", "function": {"name": "read_file", "parameters": PARAMETERS}}]


def test_a_line_of_text_is_decoded() -> None:
    line = {"id": "x1", "tools": TOOLS, "text": f"Hi.\n\n{READ_A}", "finish_reason": "stop"}
    assert decode_line(line) == {
        "id": "x1",
        "content": "Hi.",
        "calls": [{"name": "read_file", "arguments": {"path": "a.py"}}],
        "errors": [],
        "error": None,
    }


def test_a_line_with_native_arguments_is_decoded() -> None:
    line: dict[str, Any] = {"id": 2, "tools": TOOLS, "text": "{}", "native_name": "read_file"}
    answer = decode_line(line)
    assert (answer["calls"], answer["error"]) == ([{"name": "read_file", "arguments": {}}], "schema")
    assert answer["errors"] == [
        {"kind": "schema", "message": "Invalid call of read_file: missing required argument `path`."}
    ]
    assert decode_line({**line, "text": None})["calls"] == answer["calls"]


def test_tools_may_stand_without_the_function_around_them() -> None:
    line = {"tools": [{"name": "read_file", "parameters": PARAMETERS}], "text": READ_A}
    assert decode_line(line)["error"] is None


def test_the_first_error_is_the_line_s() -> None:
    cut = {"id": "x", "tools": TOOLS, "text": READ_A[:50], "finish_reason": "length"}
    assert (decode_line(cut)["calls"], decode_line(cut)["error"]) == ([], "truncated")


@pytest.mark.parametrize(
    ("line", "identity"),
    [
        (None, None),
        ([], None),
        ("text", None),
        ({}, None),
        ({"id": 1, "text": 5}, 1),
        ({"id": "a", "text": "x", "tools": {}}, "a"),
        ({"text": "x", "tools": [1]}, None),
        ({"text": "x", "tools": [{"function": {"name": ""}}]}, None),
    ],
)
def test_a_bad_line_is_said_to_be_bad(line: Any, identity: object) -> None:
    answer = decode_line(line)
    assert (answer["id"], answer["error"]) == (identity, "bad_line")
    assert answer["message"].endswith(".")


def test_a_line_that_could_not_be_read_says_why() -> None:
    answer = decode_line({"bad_line": "Line 3 is not JSON: no."})
    assert answer == {"id": None, "error": "bad_line", "message": "Line 3 is not JSON: no."}


def test_odd_reasons_and_missing_tools_do_no_harm() -> None:
    assert decode_line({"text": "Hi.", "finish_reason": 7})["content"] == "Hi."
    assert decode_line({"text": READ_A})["error"] == "unknown_tool"
