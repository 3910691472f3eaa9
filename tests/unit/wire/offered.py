"""The tools that the tests of the wire offer, and ways to write and read calls of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from qwen_code.chunks import BadCall, CallChunk, Chunk, ReasoningChunk, TextChunk
from qwen_code.messages import ToolSpec
from qwen_code.wire import Decoded, Decoder, decode


def tool(name: str, required: Sequence[str] = (), **properties: Any) -> ToolSpec:
    """A tool whose properties are given as type names or schemas."""
    schemas = {key: {"type": kind} if isinstance(kind, str) else kind for key, kind in properties.items()}
    return ToolSpec(name, "", {"type": "object", "properties": schemas, "required": list(required)})


STRINGS = {"type": "array", "items": {"type": "string"}}
TOOLS = (
    tool("read_file", ["path"], path="string", offset="integer", limit="integer"),
    tool("write_file", ["file_path", "content"], file_path="string", content="string"),
    tool(
        "edit",
        ["file_path", "old_string", "new_string"],
        file_path="string",
        old_string="string",
        new_string="string",
        replace_all="boolean",
    ),
    tool("run_shell_command", ["command"], command="string", timeout="number", directory="string"),
    tool("grep_search", ["pattern"], pattern="string", path="string", include=STRINGS),
    tool("set_config", settings="object", ratio="number", enabled="boolean", count="integer", tags=STRINGS),
    tool("list_tools"),
)


def xml(name: str, **arguments: str) -> str:
    """A call as Qwen3-Coder's template has it."""
    values = "".join(f"<parameter={key}>\n{value}\n</parameter>\n" for key, value in arguments.items())
    return f"<tool_call>\n<function={name}>\n{values}</function>\n</tool_call>"


READ_A = xml("read_file", path="a.py")
A: tuple[str, dict[str, Any]] = ("read_file", {"path": "a.py"})
B: tuple[str, dict[str, Any]] = ("read_file", {"path": "b.py"})


def streamed(pieces: Iterable[str], reason: str = "stop") -> list[Chunk]:
    """What a decoder makes of a text in pieces; pieces of the same kind of text joined."""
    decoder = Decoder(TOOLS)
    chunks = [chunk for piece in pieces for chunk in decoder.feed(piece)]
    joined: list[Chunk] = []
    for chunk in [*chunks, *decoder.finish(reason)]:
        match joined[-1:], chunk:
            case [TextChunk(before)], TextChunk(text):
                joined[-1] = TextChunk(before + text)
            case [ReasoningChunk(before)], ReasoningChunk(text):
                joined[-1] = ReasoningChunk(before + text)
            case _:
                joined.append(chunk)
    return joined


def decoded(text: str, reason: str = "stop") -> Decoded:
    """The whole text decoded, and made sure that it comes out the same character by character."""
    chunks = streamed(text, reason)
    assert chunks == streamed([text], reason)
    whole = decode(text, TOOLS, reason)
    assert whole.calls == tuple(chunk.call for chunk in chunks if isinstance(chunk, CallChunk))
    assert whole.errors == tuple(chunk for chunk in chunks if isinstance(chunk, BadCall))
    assert whole.content == "".join(chunk.text for chunk in chunks if isinstance(chunk, TextChunk))
    return whole


def calls(found: Decoded) -> list[tuple[str, dict[str, Any]]]:
    return [(call.name, call.arguments) for call in found.calls]


def kinds(found: Decoded) -> list[str]:
    return [error.kind for error in found.errors]
