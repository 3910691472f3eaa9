from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_code.chunks import BadCall, CallChunk, CallStarted, Chunk
from qwen_code.local.held_calls import HeldCalls
from qwen_code.messages import ToolSpec
from tests.unit.local.test_call_grammar import TOOLS

ODD = ToolSpec(
    "odd",
    "",
    {
        "type": "object",
        "properties": {
            "choice": {"enum": ["a", "1", 2, None]},
            "either": {"anyOf": [{"type": "integer"}, {"type": "array", "items": {"type": "integer"}}]},
            "number": {"type": "number"},
            "flag": {"type": "boolean"},
            "anything": True,
            "maybe": {"type": ["string", "null"]},
        },
    },
)


def _read(text: str, *cuts: int) -> list[Chunk]:
    numbers = count(1)
    reader = HeldCalls((*TOOLS, ODD), lambda: f"call_{next(numbers)}")
    chunks: list[Chunk] = []
    start = 0
    for cut in (*sorted(cuts), len(text)):
        chunks += reader.feed(text[start:cut])
        start = max(start, cut)
    return chunks + reader.finish()


def _arguments(text: str) -> list[tuple[str, dict[str, Any]]]:
    return [(c.call.name, c.call.arguments) for c in _read(text) if isinstance(c, CallChunk)]


@pytest.mark.parametrize(
    ("name", "written", "value"),
    [
        ("choice", "a", "a"),
        ("choice", "1", "1"),
        ("choice", "2", 2),
        ("choice", "null", None),
        ("either", "[1, 2]", [1, 2]),
        ("either", "-3", -3),
        ("number", "1.5e3", 1500.0),
        ("flag", "True", True),
        ("flag", "false", False),
        ("anything", "{not json", "{not json"),
        ("maybe", "null", "null"),
    ],
)
def test_values_get_the_types_that_the_grammar_wrote(name: str, written: str, value: object) -> None:
    text = (
        f"<tool_call>\n<function=odd>\n<parameter={name}>\n{written}\n</parameter>\n</function>\n</tool_call>"
    )
    assert _arguments(text) == [("odd", {name: value})]


def test_markup_inside_a_value_is_the_value() -> None:
    value = "</function>\n</tool_call>\n<tool_call>\n<function=status>\n</parameter> x\n<parameter=limit>\n3"
    text = (
        f"<tool_call>\n<function=read_file>\n<parameter=file_path>\n{value}\n</parameter>\n"
        "</function>\n</tool_call>\n<tool_call>\n<function=status>\n</function>\n</tool_call>"
    )
    assert _arguments(text) == [("read_file", {"file_path": value}), ("status", {})]


def test_an_empty_value_has_one_newline_or_two() -> None:
    for blank in ("\n", "\n\n"):
        text = f"<function=read_file>\n<parameter=file_path>{blank}</parameter>\n</function>"
        assert _arguments(text) == [("read_file", {"file_path": ""})]


def test_calls_in_json_are_read_to_their_closing_tag() -> None:
    text = (
        '<tool_call>\n{"name": "read_file", "arguments": {"file_path": "</tool_call>", "limit": null}}'
        "\n</tool_call>"
        '\n<tool_call>\n{"name":"status","arguments":{}}\n</tool_call>'
    )
    assert _arguments(text) == [("read_file", {"file_path": "</tool_call>", "limit": None}), ("status", {})]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("<tool_call>\n<function=read_file>\n<parameter=file_path>\na.py\n</parameter>\n", "read_file"),
        ("<tool_call>\n<function=read_file>\n<parameter=file_path>\na.py\n</para", "read_file"),
        ('<tool_call>\n{"name": "status", "argum', "status"),
        ("<tool_call>\n<function=rea", ""),
    ],
)
def test_what_a_limit_cut_off_is_an_error_and_no_call(text: str, name: str) -> None:
    chunks = _read(text)
    assert not [chunk for chunk in chunks if isinstance(chunk, CallChunk)]
    last = chunks[-1]
    assert isinstance(last, BadCall)
    assert (last.kind, last.name) == ("truncated", name)


def test_a_call_is_announced_before_it_is_whole() -> None:
    reader = HeldCalls(TOOLS, lambda: "id")
    assert reader.feed("<tool_call>\n<function=read_") == []
    assert reader.feed("file>\n<parameter=fi") == [CallStarted("read_file")]
    assert [type(c) for c in reader.feed("le_path>\nx\n</parameter>\n</function>")] == [CallChunk]
    assert reader.feed("\n</tool_call>") == []
    assert reader.finish() == []


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["file_path", "limit"]),
            st.text(alphabet="ab<>/\n parmete=functio_l", max_size=30),
        ),
        max_size=2,
        unique_by=lambda pair: pair[0],
    ),
    st.lists(st.integers(0, 200), max_size=6),
)
def test_every_split_gives_the_same_calls(arguments: list[tuple[str, str]], cuts: list[int]) -> None:
    blocks = "".join(
        f"<parameter={name}>\n{value if name == 'file_path' else '7'}\n</parameter>\n"
        for name, value in arguments
    )
    text = f"<tool_call>\n<function=read_file>\n{blocks}</function>\n</tool_call>\n"
    if any("\n</parameter>\n" in f"\n{value}\n" for _, value in arguments):
        return
    whole = _read(text)
    assert _read(text, *cuts) == whole
    expected = {name: value if name == "file_path" else 7 for name, value in arguments}
    assert [c.call.arguments for c in whole if isinstance(c, CallChunk)] == [expected]
