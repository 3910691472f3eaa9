from __future__ import annotations

from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from qwen_code.chunks import CallChunk
from qwen_code.messages import ToolCall
from qwen_code.wire import Decoder, decode, decode_native
from qwen_code.wire.template import render_calls
from tests.unit.wire.offered import READ_A, TOOLS, streamed, tool, xml

EVERYTHING = tool(
    "everything",
    text="string",
    number="integer",
    ratio="number",
    flag="boolean",
    items="array",
    fields="object",
    maybe={"anyOf": [{"type": "integer"}, {"type": "null"}]},
    last="string",
)
TAGS = [
    "<tool_call>",
    "</tool_call>",
    "<function=everything>",
    "<function=foo>",
    "</function>",
    "<parameter=text>",
    "<parameter=last>",
    "<parameter=zzz>",
    '<parameter name="x">',
    "<parameter=",
    "</parameter>",
    "</parameter1>",
    "<tool_response>",
    "</think>",
    "<|im_end|>",
    "```",
]
BLOCK = xml("everything", text="inner", last="x") + "\n"
PLAIN = st.text(max_size=30)
MENTION: st.SearchStrategy[str] = st.tuples(
    st.sampled_from(['s = "', "- `", "x "]),
    st.lists(st.sampled_from(TAGS), min_size=1, max_size=3).map("".join),
    st.sampled_from(['"', "` is", " y"]),
).map("".join)
STRING = st.lists(PLAIN | MENTION | st.just(BLOCK), max_size=6).map("\n".join)
"""Any text, markup mentioned within lines, and whole calls on lines of their own."""
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | PLAIN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(PLAIN, inner, max_size=3),
    max_leaves=8,
)
ARGUMENTS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "text": STRING,
        "number": st.integers(),
        "ratio": st.floats(allow_nan=False, allow_infinity=False),
        "flag": st.booleans(),
        "items": st.lists(JSON, max_size=3),
        "fields": st.dictionaries(PLAIN, JSON, max_size=3),
        "maybe": st.none() | st.integers(),
        "last": STRING,
    },
)
SOUP = st.lists(
    st.sampled_from(
        [
            *TAGS,
            *["<function=read_file>", "<function=write_file>", "<parameter=path>", "<parameter=content>"],
            *[
                "<parameter=file_path>",
                "</parameter",
                "<think>",
                "<tool_ca",
                "<func",
                "<",
                ">",
                "{",
                "}",
                '"',
                "'",
            ],
            *[
                '{"name": "read_file", "arguments": {"path": "a"}}',
                '{"name": "',
                ":",
                ",",
                "[",
                "]",
                "\\",
                "5",
            ],
            *["```xml", "~~~", "`", "\n", "\n", "\n", " ", "a", "text here", "\r\n", "é", "😀", "="],
            *["<function_calls>", "</function_invocation>", '<invoke name="read_file">'],
        ]
    ),
    max_size=40,
).map("".join)
OPENING = "<tool_call>\n<function=write_file>\n<parameter=file_path>\n"


def pieces(text: str, cuts: list[int]) -> list[str]:
    ends = sorted(cut % (len(text) + 1) for cut in cuts)
    return [text[begin:end] for begin, end in zip([0, *ends], [*ends, len(text)], strict=True)]


CUTS = st.lists(st.integers(0, 10_000), max_size=12)


@settings(max_examples=300)
@given(st.lists(ARGUMENTS, min_size=1, max_size=3), CUTS)
def test_what_the_template_writes_is_read_back_however_it_is_split(
    given_: list[dict[str, Any]], cuts: list[int]
) -> None:
    calls = [
        ToolCall(f"call_{number}", "everything", arguments) for number, arguments in enumerate(given_, 1)
    ]
    decoder = Decoder([EVERYTHING])
    chunks = [chunk for piece in pieces(render_calls(calls), cuts) for chunk in decoder.feed(piece)]
    found = [*chunks, *decoder.finish("stop")]
    assert [chunk.call for chunk in found if isinstance(chunk, CallChunk)] == calls
    assert decode(render_calls(calls), [EVERYTHING]).errors == ()


@given(st.text(alphabet=st.characters(exclude_characters="<`~{>")), ARGUMENTS)
def test_prose_before_a_call_is_the_content(prose: str, arguments: dict[str, Any]) -> None:
    text = f"{prose}\n\n{render_calls([ToolCall('call_1', 'everything', arguments)])}"
    found = decode(text, [EVERYTHING])
    assert (found.content, [call.arguments for call in found.calls]) == (prose.strip(), [arguments])


@settings(max_examples=400)
@given(SOUP | SOUP.map(lambda soup: OPENING + soup), CUTS, st.sampled_from(["stop", "length"]))
@example("\n".join(["<tool_call>"] * 9), [3], "length")
@example(f"```xml\n{READ_A}<|im_end|>`", [], "stop")
def test_any_text_is_decoded_alike_however_it_is_split(text: str, cuts: list[int], reason: str) -> None:
    whole = streamed([text], reason)
    assert streamed(pieces(text, cuts), reason) == whole
    assert streamed(text, reason) == whole


@given(SOUP, st.sampled_from(["stop", "length"]))
def test_any_native_arguments_are_decoded(text: str, reason: str) -> None:
    found = decode_native("write_file", text, TOOLS, reason)
    assert found.calls or found.errors


@given(STRING, st.data(), st.sampled_from(["stop", "length"]))
def test_a_cut_never_leaves_part_of_a_value(value: str, data: st.DataObject, reason: str) -> None:
    text = xml("write_file", file_path="f", content=value)
    end = data.draw(st.integers(0, text.rindex("\n</parameter>\n</function>")))
    for call in decode(text[:end], TOOLS, reason).calls:
        closed_by_chance = text[:end].rstrip().endswith(("</tool_call>", "</parameter>", "</function>"))
        assert (reason, closed_by_chance) == ("stop", True), (text[:end], call)


@settings(max_examples=200)
@given(ARGUMENTS, st.data(), st.sampled_from(["stop", "length"]), CUTS)
def test_a_damaged_call_is_decoded_alike_however_it_is_split(
    arguments: dict[str, Any], data: st.DataObject, reason: str, cuts: list[int]
) -> None:
    text = f"Hi.\n\n{render_calls([ToolCall('call_1', 'write_file', arguments)])}\n{READ_A}"
    for _ in range(data.draw(st.integers(1, 3))):
        begin = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(begin, min(len(text), begin + 30)))
        text = text[:begin] + text[begin:end] * data.draw(st.sampled_from([0, 2])) + text[end:]
    assert streamed(pieces(text, cuts), reason) == streamed([text], reason)
