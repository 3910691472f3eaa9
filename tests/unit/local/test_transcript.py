from __future__ import annotations

from dataclasses import replace

from qwen_code.local.prompt_tokens import PromptTokenizer
from qwen_code.local.transcript import Transcript
from qwen_code.messages import Message, Prompt, ToolCall, ToolSpec
from tests.support.tiny_models import needs_llama_cpp
from tests.unit.local.chatml import ChatMl
from tests.unit.local.models import loaded

TOOL = ToolSpec("read_file", "Read.", {"type": "object", "properties": {}})
SYSTEM = "You are terse."


def _transcript() -> Transcript:
    return Transcript(ChatMl(), PromptTokenizer(loaded()))


def _prompt(*messages: Message) -> Prompt:
    return Prompt(SYSTEM, (TOOL,), messages)


def _user(text: str) -> Message:
    return Message("user", text)


def _text(tokens: list[int]) -> str:
    return loaded().text(tokens)


@needs_llama_cpp
def test_a_prompt_is_its_entries_and_the_opening_of_the_answer() -> None:
    rendered = _transcript().render(_prompt(_user("hi"), Message("assistant", "ho"), _user("more")))
    assert _text(rendered.tokens) == (
        "<|im_start|>system\nYou are terse.\nTools: read_file<|im_end|>\n<|im_start|>user\nhi<|im_end|>\n"
        "<|im_start|>assistant\nho<|im_end|>\n<|im_start|>user\nmore<|im_end|>\n<|im_start|>assistant\n"
    )
    assert len(rendered.chain) == len(rendered.lengths) == 4
    assert _text(rendered.tokens[: rendered.lengths[0]]).endswith("read_file<|im_end|>\n")
    assert _text(rendered.tokens[rendered.lengths[3] :]) == "<|im_start|>assistant\n"


@needs_llama_cpp
def test_an_answer_could_have_been_given_to_its_first_messages_already() -> None:
    transcript = _transcript()
    messages = (_user("hi"), Message("assistant", "ho"), _user("more"))
    rendered = transcript.render(_prompt(*messages))
    for count in range(4):
        earlier = transcript.render(_prompt(*messages[:count]))
        assert transcript.beginning(rendered, messages[:count]) == earlier.tokens


@needs_llama_cpp
def test_marks_lie_behind_the_opening_before_each_thing_a_person_said_and_at_the_end() -> None:
    call = ToolCall("1", "read_file", {})
    prompt = _prompt(
        _user("a"),
        Message("assistant", "b", tool_calls=(call,)),
        Message("tool", "c", tool_call_id="1"),
        Message("assistant", "d"),
        _user("e"),
    )
    rendered = _transcript().render(prompt)
    assert rendered.marks == (rendered.lengths[0], rendered.lengths[4], rendered.lengths[5])


@needs_llama_cpp
def test_an_answer_comes_back_as_the_tokens_that_were_drawn() -> None:
    transcript = _transcript()
    # The model may spell a word in pieces that its tokenizer would never choose.
    spelled = [loaded().tokenize(letter)[0] for letter in "import"]
    assert loaded().tokenize("import") != spelled
    first = transcript.render(_prompt(_user("hi")))
    answer = Message("assistant", "import")
    kept = transcript.answered(first, answer, spelled)
    second = transcript.render(_prompt(_user("hi"), answer, _user("go on")))
    assert second.tokens[: len(first.tokens) + 6] == first.tokens + spelled
    assert kept.tokens == second.tokens[: len(kept.tokens)]
    assert kept.chain == second.chain[:3]
    assert kept.lengths == second.lengths[:3]


@needs_llama_cpp
def test_new_ids_of_calls_thoughts_and_blanks_around_it_leave_an_answer_the_same() -> None:
    transcript = _transcript()
    rendered = transcript.render(_prompt(_user("hi")))
    answer = Message(
        "assistant", "ok \n", reasoning="hm", tool_calls=(ToolCall("call_1", "read_file", {"a": 1}),)
    )
    drawn = [7, 8, 9]
    transcript.answered(rendered, answer, drawn)
    kept = Message("assistant", "ok", tool_calls=(ToolCall("call_1-2", "read_file", {"a": 1}),))
    result = Message("tool", "r", tool_call_id="call_1-2")
    assert transcript.render(_prompt(_user("hi"), kept, result)).tokens[len(rendered.tokens) :][:3] == drawn
    other = replace(kept, tool_calls=(ToolCall("call_1", "read_file", {"a": 2}),))
    assert transcript.render(_prompt(_user("hi"), other, result)).tokens[len(rendered.tokens) :][:3] != drawn


@needs_llama_cpp
def test_the_same_answer_in_another_conversation_is_another_entry() -> None:
    transcript = _transcript()
    answer = Message("assistant", "yes")
    rendered = transcript.render(_prompt(_user("a")))
    transcript.answered(rendered, answer, [7, 8, 9])
    elsewhere = transcript.render(_prompt(_user("b"), answer, _user("c")))
    assert [7, 8, 9] not in [elsewhere.tokens[n : n + 3] for n in range(len(elsewhere.tokens))]
    with_other_system = replace(_prompt(_user("a"), answer), system="Another.")
    assert transcript.render(with_other_system).chain[0] != rendered.chain[0]


@needs_llama_cpp
def test_conversations_take_turns_without_losing_their_tokens() -> None:
    transcript = _transcript()
    main = transcript.render(_prompt(_user("main")))
    kept = transcript.answered(main, Message("assistant", "x"), [7, 8, 9])
    for n in range(30):
        side = transcript.render(Prompt(f"side {n}", (), (_user("job"),)))
        transcript.answered(side, Message("assistant", "done"), [5, n])
    again = transcript.render(_prompt(_user("main"), Message("assistant", "x"), _user("on")))
    assert again.tokens[: len(kept.tokens)] == kept.tokens


@needs_llama_cpp
def test_a_restored_conversation_is_rendered_as_it_was_saved() -> None:
    transcript = _transcript()
    rendered = transcript.render(_prompt(_user("hi")))
    kept = transcript.answered(rendered, Message("assistant", "x"), [7, 8, 9])
    later = _transcript()
    later.render(_prompt(_user("hi"), Message("assistant", "x")))
    later.restore(kept.chain, kept.lengths, kept.tokens)
    assert (
        later.render(_prompt(_user("hi"), Message("assistant", "x"))).tokens[: len(kept.tokens)]
        == kept.tokens
    )


@needs_llama_cpp
def test_the_order_of_arguments_counts_and_values_need_not_be_json() -> None:
    transcript = _transcript()

    def chain(arguments: dict[str, object]) -> str:
        message = Message("assistant", tool_calls=(ToolCall("1", "read_file", arguments),))
        return transcript.render(_prompt(_user("x"), message)).chain[-1]

    assert chain({"a": 1, "b": 2}) != chain({"b": 2, "a": 1})
    assert chain({"a": float("nan")}) == chain({"a": float("nan")})
    assert chain({"a": "\ud800"}) == chain({"a": "\ud800"})
