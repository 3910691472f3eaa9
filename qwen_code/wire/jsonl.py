"""Decodes one JSON line of `qwen-code tools decode --jsonl`: model text in, calls and errors out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from qwen_code.messages import ToolSpec
from qwen_code.wire.decoder import Decoded, decode
from qwen_code.wire.native import decode_native


def decode_line(obj: object) -> dict[str, Any]:
    """The answer to one line.

    The line: `{"id", "tools": OpenAI's list, "text", "finish_reason", "native_name"}`; with `native_name`,
    `text` holds the arguments of a native call. The answer: `{"id", "content", "calls": [{"name",
    "arguments"}], "errors": [{"kind", "message"}], "error": the first kind or null}`; for a line that is none
    of this, `{"id", "error": "bad_line", "message"}`. `bad_line` in a line says why it could not be read.
    """
    if not isinstance(obj, Mapping):
        return _bad(None, "The line is not a JSON object.")
    line = cast("Mapping[str, Any]", obj)
    if isinstance(unread := line.get("bad_line"), str):
        return _bad(None, unread)
    identity, text = line.get("id"), line.get("text")
    if text is None and line.get("native_name"):
        text = ""
    if not isinstance(text, str):
        return _bad(identity, "`text` must be a string with what the model wrote.")
    try:
        tools = [_spec(tool) for tool in _tools(line.get("tools"))]
    except ValueError as error:
        return _bad(identity, str(error))
    reason = line.get("finish_reason")
    reason = reason if isinstance(reason, str) else "stop"
    name = line.get("native_name")
    if isinstance(name, str) and name:
        return _answer(identity, decode_native(name, text, tools, reason))
    return _answer(identity, decode(text, tools, reason))


def _answer(identity: object, decoded: Decoded) -> dict[str, Any]:
    return {
        "id": identity,
        "content": decoded.content,
        "calls": [{"name": call.name, "arguments": call.arguments} for call in decoded.calls],
        "errors": [{"kind": error.kind, "message": error.message} for error in decoded.errors],
        "error": decoded.errors[0].kind if decoded.errors else None,
    }


def _bad(identity: object, message: str) -> dict[str, Any]:
    return {"id": identity, "error": "bad_line", "message": message}


def _tools(value: object) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise ValueError("`tools` must be a list as in OpenAI's chat completions.")
    return cast("list[Any]", value)


def _spec(tool: object) -> ToolSpec:
    fields = cast("dict[str, Any]", tool) if isinstance(tool, dict) else {}
    inner = fields.get("function")
    function = cast("dict[str, Any]", inner) if isinstance(inner, dict) else fields
    name, description = function.get("name"), function.get("description")
    if not isinstance(name, str) or not name:
        raise ValueError("Each of `tools` needs a `function` with a `name`.")
    parameters = function.get("parameters")
    return ToolSpec(
        name,
        description if isinstance(description, str) else "",
        cast("dict[str, Any]", parameters) if isinstance(parameters, dict) else {},
    )
