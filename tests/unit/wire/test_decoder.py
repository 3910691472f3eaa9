from __future__ import annotations

import pytest

from qwen_code.chunks import BadCall, CallChunk, CallStarted, ReasoningChunk, TextChunk
from qwen_code.messages import ToolCall
from qwen_code.wire import Decoder
from tests.unit.wire.offered import READ_A, TOOLS, A, B, calls, decoded, kinds, streamed, xml

READ_B = xml("read_file", path="b.py")
BARE_A = "<function=read_file>\n<parameter=path>\na.py\n</parameter>\n</function>"


@pytest.mark.parametrize(
    "text",
    [
        "Just text.",
        "<div>a < b && c > d</div>",
        "`<tool_call>` opens a call.",
        "The <tool_call> tag opens a call.",
        "Use <function=read_file> for that.",
        "Use `<function=read_file>` for that.",
        "Use `<tool_call><function=read_file><parameter=path>` for that.",
        'It says "<tool_call>\n<function=read_file>" there.',
        "> " + READ_A.replace("\n", "\n> "),
        "<tool_call>this is no call</tool_call>",
        "the tag <function=foo is documented here",
        "<function=<<not xml>></function>",
        f"Like this:\n\n```xml\n{READ_A}\n```\n\nThat is the format.",
        f"~~~\n{READ_A}\n~~~\nThat is the format.",
        f"````\n```\n{READ_A}\n````\nThat is the format.",
        f"```xml\n{xml('no_such_tool', x='1')}\n```",
        "Hello\n<tool_c",
        "1 < 2 <",
    ],
)
def test_markup_that_is_only_mentioned_is_text(text: str) -> None:
    found = decoded(text)
    assert found.content == text
    assert (found.calls, found.errors) == ((), ())


@pytest.mark.parametrize(
    "prose",
    [
        "The `<tool_call>` tag opens a call. Now for real:",
        "I'll show: <tool_call>example</tool_call>. Now for real:",
        "Not `<function=read_file>`, but:",
        f"```xml\n{READ_B}\n```\nNow for real:",
        f"~~~xml\n{READ_B}\n~~~",
        "inline ```code``` then:",
        'Searching for "foo":',
        "One stray ` then:",
        "```python\nprint(1)\n```",
    ],
)
def test_a_call_behind_markup_that_is_only_mentioned_is_read(prose: str) -> None:
    found = decoded(f"{prose}\n\n{READ_A}")
    assert (found.content, calls(found)) == (prose, [A])


def test_a_quotation_mark_that_closes_does_not_quote_the_call_behind_it() -> None:
    assert calls(decoded(f'Searching for "foo"{READ_A}')) == [A]


@pytest.mark.parametrize(
    "text", [f"```xml\n{READ_A}\n```", f"```\n{BARE_A}\n```\n", f"~~~\n{READ_A}\n~~~", f"```\n{READ_A}"]
)
def test_a_fence_that_is_the_whole_message_does_not_hide_its_call(text: str) -> None:
    found = decoded(text)
    assert (found.content, calls(found)) == ("", [A])


def test_blanks_around_the_text_are_dropped() -> None:
    assert decoded("\n\n  Hello\n\n there. \n").content == "Hello\n\n there."
    assert decoded(f" \n Hello \n\n {READ_A}\n").content == "Hello"


@pytest.mark.parametrize("end", ["<|im_end|>", "<|im_end|>\n", "<|endoftext|>", "<|im_end|>\n<|endoftext|>"])
def test_the_end_of_the_turn_is_no_text(end: str) -> None:
    assert decoded(f"Hello.{end}").content == "Hello."
    assert calls(decoded(f"{READ_A}{end}")) == [A]
    assert decoded("It writes <|im_end|> at the end.").content == "It writes <|im_end|> at the end."


def test_a_thought_is_no_text() -> None:
    assert streamed(["<think>\nHm.\n</think>\n\nHi."]) == [ReasoningChunk("Hm."), TextChunk("Hi.")]
    assert decoded("<think>\n\n</think>\n\nHi.").content == "Hi."


def test_an_answer_may_begin_inside_a_thought() -> None:
    decoder = Decoder(TOOLS, thinking=True)
    chunks = [*decoder.feed("Hm.\n</think>\n\nHi."), *decoder.finish("stop")]
    assert chunks == [ReasoningChunk("Hm."), TextChunk("Hi.")]


@pytest.mark.parametrize("call", [READ_A, BARE_A + "\n</tool_call>", READ_A.removesuffix("</tool_call>")])
def test_a_call_in_a_thought_that_never_ends_is_run(call: str) -> None:
    assert calls(decoded(f"<think>\nI need it.\n{call}")) == [A]


def test_a_call_in_a_thought_that_nothing_follows_is_run() -> None:
    assert calls(decoded(f"<think>\nI need it.\n{READ_A}\n</think>\n")) == [A]


def test_a_call_that_a_thought_only_considers_is_not_run() -> None:
    chunks = streamed([f"<think>\nMaybe\n{READ_B}\nor not.\n</think>\n\nAnswer."])
    assert chunks == [ReasoningChunk(f"Maybe\n{READ_B}\nor not."), TextChunk("Answer.")]
    assert calls(decoded(f"<think>\nMaybe\n{READ_B}\n</think>\n{READ_A}")) == [A]


def test_an_unfinished_call_in_a_thought_does_not_swallow_the_answer() -> None:
    found = decoded("<think>\n<tool_call>\n<function=read_file>\n<parameter=path> hm\n</think>\nAnswer.")
    assert (found.content, found.calls, found.errors) == ("Answer.", (), ())


def test_a_cut_call_in_a_thought_is_reported() -> None:
    assert kinds(decoded(f"<think>\nHm.\n{READ_A[:45]}")) == ["truncated"]


@pytest.mark.parametrize("reason", ["stop", "length"])
def test_an_opening_tag_at_the_end_is_a_call_cut_off(reason: str) -> None:
    text = "Writing it.\n\n" + READ_A
    for end in range(text.index("<tool_call>") + len("<tool_call>"), text.index("<function=read_file>") + 8):
        found = decoded(text[:end], reason)
        assert (found.content, kinds(found)) == ("Writing it.", ["truncated"]), text[:end]


def test_part_of_an_opening_tag_at_the_end_is_a_call_cut_off_if_a_limit_was_reached() -> None:
    found = decoded("Hello\n<tool_c", "length")
    assert (found.content, kinds(found)) == ("Hello", ["truncated"])


@pytest.mark.parametrize("reason", ["stop", "length"])
def test_a_function_without_opening_tag_is_cut_off_in_its_first_tag_too(reason: str) -> None:
    for end in range(BARE_A.index("<parameter"), BARE_A.index("</parameter>") + len("</parameter")):
        found = decoded(f"Hi.\n{BARE_A[:end]}", reason)
        assert (found.content, kinds(found)) == ("Hi.", ["truncated"]), BARE_A[:end]


def test_text_comes_at_once_and_only_a_possible_opening_is_held_back() -> None:
    decoder = Decoder(TOOLS)
    assert decoder.feed("Hello ") == [TextChunk("Hello")]
    assert decoder.feed("world <") == [TextChunk(" world")]
    assert decoder.feed("b> and <tool_") == [TextChunk(" <b> and")]
    assert decoder.feed("box>\n") == [TextChunk(" <tool_box>")]


def test_a_call_is_announced_at_once_and_delivered_when_it_is_over() -> None:
    decoder = Decoder(TOOLS)
    assert decoder.feed("<tool_call>\n<function=read_file>\n<par") == [CallStarted("read_file")]
    assert decoder.feed("ameter=path>\na.py\n</parameter>\n</function>\n</tool_call>") == []
    assert decoder.feed("\n<tool_call>\n<function=list_tools>\n<") == [
        CallChunk(ToolCall("call_1", "read_file", {"path": "a.py"})),
        CallStarted("list_tools"),
    ]


def test_ids_come_from_the_caller_and_only_for_calls() -> None:
    ids = iter("abc")
    decoder = Decoder(TOOLS, new_id=lambda: next(ids))
    text = f"<think>\n{READ_B}\n</think>\n<tool_call>{{bad}}</tool_call>\n{READ_A}\n{READ_B}"
    found = [*decoder.feed(text), *decoder.finish("stop")]
    assert [chunk.call.id for chunk in found if isinstance(chunk, CallChunk)] == ["a", "b"]


def test_an_error_about_a_delivered_call_names_it() -> None:
    chunks = streamed([READ_A, xml("no_such_tool", x="1")])
    call = next(
        chunk for chunk in chunks if isinstance(chunk, CallChunk) and chunk.call.name == "no_such_tool"
    )
    error = next(chunk for chunk in chunks if isinstance(chunk, BadCall))
    assert (error.kind, error.call_id) == ("unknown_tool", call.call.id)


def test_generation_may_stop_once_text_follows_the_calls() -> None:
    decoder = Decoder(TOOLS)
    decoder.feed(f"Hi. {READ_A}")
    assert not decoder.overrun
    decoder.feed("\n<tool_call>\n<function=read_file>\n<parameter=path>\nb")
    assert not decoder.overrun
    decoder.feed(".py\n</parameter>\n</function>\n</tool_call>\nNow I")
    assert decoder.overrun
    assert [chunk.call.arguments for chunk in decoder.finish("stop") if isinstance(chunk, CallChunk)] == [
        B[1]
    ]


def test_a_closing_tag_inside_a_file_does_not_stop_generation() -> None:
    decoder = Decoder(TOOLS)
    decoder.feed(f"<tool_call>\n<function=write_file>\n<parameter=content>\n{READ_A}\nand more text")
    assert not decoder.overrun


def test_nothing_comes_after_the_end() -> None:
    decoder = Decoder(TOOLS)
    assert decoder.finish("stop") == []
    assert (decoder.feed("more"), decoder.finish("stop")) == ([], [])


def test_a_long_value_in_small_pieces_is_read_whole() -> None:
    value = "a < b\n</parameter> <parameter=x> '</tool_call>' \n" * 2_000
    text = xml("write_file", file_path="f", content=value)
    pieces = [text[at : at + 10] for at in range(0, len(text), 10)]
    (call,) = (chunk.call for chunk in streamed(pieces) if isinstance(chunk, CallChunk))
    assert call.arguments["content"] == value
