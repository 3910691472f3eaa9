"""Reads calls that were written under a grammar of `call_grammar`.

What the grammar let through needs no tolerance, and tolerance would harm: a value that itself holds
`</function>` or `<parameter=x>` is read here exactly as far as the grammar took it for a value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any, cast

from qwen_code.chunks import BadCall, CallChunk, CallStarted, Chunk
from qwen_code.local.call_grammar import choices_of, is_text
from qwen_code.messages import ToolCall, ToolSpec

_XML_OPENER = re.compile(r"\s*(?:</tool_call>\s*)?(?:<tool_call>\s*)?<function=([^>]+)>\n")
_JSON_OPENER = re.compile(r'\s*(?:<tool_call>\s*)?(\{\s*"name"\s*:\s*"((?:[^"\\]|\\.)+)")')
_PARAMETER = re.compile(r"<parameter=([^\n]+)>\n")
_VALUE_END = "\n</parameter>\n"
_FUNCTION_END = "</function>"
_JSON_END = "\n</tool_call>"
_PYTHON_WORDS = {"True": True, "False": False, "None": None}


class HeldCalls:
    """Takes text from a call's opener on and gives each call as soon as it is complete."""

    def __init__(self, tools: Sequence[ToolSpec], new_id: Callable[[], str]) -> None:
        self._tools = {tool.name: tool for tool in tools}
        self._new_id = new_id
        self._text = ""
        self._name = ""
        self._arguments: dict[str, Any] = {}
        self._parameter: str | None = None
        self._step: Callable[[list[Chunk]], bool] = self._open

    def feed(self, text: str) -> list[Chunk]:
        self._text += text
        out: list[Chunk] = []
        while self._step(out):
            pass
        return out

    def finish(self) -> list[Chunk]:
        """A call that is still open was cut off by a limit."""
        if not self._name and not self._text.strip().removeprefix("</tool_call>").strip():
            return []
        what = f"The call of {self._name}" if self._name else "The call"
        message = (
            f"{what} was cut off before its end and was not run. Make it again; a long text in smaller parts."
        )
        return [BadCall("truncated", message, self._name)]

    def _open(self, out: list[Chunk]) -> bool:
        if found := _XML_OPENER.match(self._text):
            self._begin(found[1], out)
            self._text = self._text[found.end() :]
            self._step = self._in_function
            return True
        if found := _JSON_OPENER.match(self._text):
            self._begin(json.loads(f'"{found[2]}"'), out)
            self._text = self._text[found.start(1) :]
            self._step = self._in_json
            return True
        return False

    def _begin(self, name: str, out: list[Chunk]) -> None:
        self._name = name
        self._arguments = {}
        out.append(CallStarted(name))

    def _in_function(self, out: list[Chunk]) -> bool:
        if self._text.startswith(_FUNCTION_END):
            self._text = self._text.removeprefix(_FUNCTION_END)
            self._end(self._arguments, out)
            return True
        if found := _PARAMETER.match(self._text):
            self._parameter = found[1]
            self._text = self._text[found.end() - 1 :]  # its newline may be the closing tag's as well
            self._step = self._in_value
            return True
        return False

    def _in_value(self, out: list[Chunk]) -> bool:
        end = self._text.find(_VALUE_END)
        if end < 0 or self._parameter is None:
            return False
        self._arguments[self._parameter] = self._typed(self._parameter, self._text[1:end])
        self._text = self._text[end + len(_VALUE_END) :]
        self._step = self._in_function
        return True

    def _in_json(self, out: list[Chunk]) -> bool:
        end = self._text.find(_JSON_END)
        if end < 0:
            return False
        call = json.loads(self._text[:end])
        self._text = self._text[end + len(_JSON_END) :]
        self._end(call["arguments"], out)
        return True

    def _end(self, arguments: dict[str, Any], out: list[Chunk]) -> None:
        out.append(CallChunk(ToolCall(self._new_id(), self._name, arguments)))
        self._name = ""
        self._step = self._open

    def _typed(self, parameter: str, value: str) -> Any:
        schema = self._tools[self._name].parameters["properties"][parameter]
        if not _is_json(schema, value):
            return value
        return _PYTHON_WORDS[value] if value in _PYTHON_WORDS else json.loads(value)


def _is_json(schema: object, value: str) -> bool:
    """Whether the grammar wrote `value` as JSON."""
    if not isinstance(schema, dict) or not schema:
        return False
    given = cast("dict[str, Any]", schema)
    if (choices := choices_of(given)) is not None:
        return value not in choices
    return not is_text(given)
