from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from qwen_code.backends.script import parse_script
from qwen_code.backends.scripted import ScriptedBackend
from qwen_code.chunks import BadCall, CallStarted, Chunk, Finish, ReasoningChunk
from qwen_code.errors import (
    BackendError,
    BackendUnavailable,
    ContextOverflow,
    EndpointMisconfigured,
    QwenCodeError,
)
from qwen_code.messages import Message, Prompt, ToolCall, Usage
from tests.unit.backends.asking import ask, calls_of, collect, finish_of, prompt, text_of

XML = """Reading.
<tool_call>
<function=read_file>
<parameter=file_path>
a.py
</parameter>
</function>
</tool_call>"""


def play(script: Any) -> ScriptedBackend:
    return ScriptedBackend(parse_script(json.dumps(script), "s.json"), "s.json")


def test_steps_are_played_in_turn() -> None:
    model = play(
        [
            {
                "reasoning": "Hm.",
                "text": "I look.",
                "calls": [{"name": "glob", "arguments": {"pattern": "*"}}],
            },
            "Done.",
        ]
    )
    first, second = ask(model), ask(model)
    assert text_of(first) == "I look."
    assert [c.text for c in first if isinstance(c, ReasoningChunk)] == ["Hm."]
    assert [c.name for c in first if isinstance(c, CallStarted)] == ["glob"]
    assert [c.arguments for c in calls_of(first)] == [{"pattern": "*"}]
    assert finish_of(first).reason == "tool_calls"
    assert text_of(second) == "Done."
    assert finish_of(second).reason == "stop"


def test_text_streams_word_by_word_and_whole() -> None:
    text = "  Two words,\n\n  a third.\n"
    chunks = ask(play([{"text": text}]))
    assert text_of(chunks) == text
    assert len(chunks) > 3


def test_raw_text_is_decoded_as_a_models_would_be() -> None:
    chunks = ask(play([{"raw": XML}]))
    assert text_of(chunks) == "Reading."
    assert [(c.name, c.arguments) for c in calls_of(chunks)] == [("read_file", {"file_path": "a.py"})]


def test_raw_text_that_is_cut_is_a_lost_call() -> None:
    chunks = ask(play([{"raw": XML[:60], "finish": "length"}]))
    assert [c.kind for c in chunks if isinstance(c, BadCall)] == ["truncated"]
    assert finish_of(chunks).reason == "length"


def test_plain_text_is_never_decoded() -> None:
    assert text_of(ask(play([{"text": XML}]))) == XML


def test_a_script_that_is_over_says_how_many_steps_it_has() -> None:
    model = play(["One."])
    ask(model)
    with pytest.raises(BackendError, match=r"s\.json has 1 steps, and a request came"):
        ask(model)


def test_the_last_step_may_be_repeated() -> None:
    model = play({"steps": ["One.", "Two."], "at_end": "repeat"})
    assert [text_of(ask(model)) for _ in range(4)] == ["One.", "Two.", "Two.", "Two."]


def test_a_rule_answers_what_it_is_for_and_uses_up_no_step() -> None:
    model = play(
        {"steps": ["One.", "Two."], "rules": [{"when": {"last_contains": "summar"}, "text": "In short."}]}
    )
    assert text_of(ask(model)) == "One."
    assert text_of(ask(model, prompt(Message("user", "Please summarise.")))) == "In short."
    assert text_of(ask(model)) == "Two."


def test_a_script_may_continue_where_the_conversation_is() -> None:
    model = play({"steps": ["One.", "Two."], "continues": True})
    history = (Message("user", "a"), Message("assistant", "One."), Message("user", "b"))
    assert text_of(ask(model, prompt(*history))) == "Two."


@pytest.mark.parametrize(
    ("expected", "met"),
    [
        ({"last_contains": "found"}, True),
        ({"last_contains": ["found", "lost"]}, False),
        ({"last_lacks": "lost"}, True),
        ({"last_lacks": ["found"]}, False),
        ({"last_role": "tool"}, True),
        ({"last_role": "user"}, False),
        ({"any_contains": "Go"}, True),
        ({"any_contains": "Stop"}, False),
        ({"tools_offered": True}, True),
        ({"tools_offered": False}, False),
    ],
)
def test_an_expectation_that_is_not_met_says_what_was_there(expected: dict[str, Any], met: bool) -> None:
    asked = prompt(Message("user", "Go."), Message("tool", "1 file found", tool_call_id="c"))
    model = play([{"text": "ok", "expect": expected}])
    if met:
        assert text_of(ask(model, asked)) == "ok"
    else:
        with pytest.raises(BackendError, match=r"s\.json, step 1: expected"):
            ask(model, asked)


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("unavailable", BackendUnavailable),
        ("overflow", ContextOverflow),
        ("misconfigured", EndpointMisconfigured),
        ("backend", BackendError),
    ],
)
def test_a_step_may_fail_after_what_it_said(kind: str, error: type[QwenCodeError]) -> None:
    seen: list[Chunk] = []

    model = play([{"text": "so far", "error": {"kind": kind, "message": "so it is"}}])

    async def watch() -> None:
        async for chunk in model.stream(prompt()):
            seen.append(chunk)

    with pytest.raises(error, match="so it is"):
        asyncio.run(watch())
    assert text_of(seen) == "so far"
    assert not any(isinstance(chunk, Finish) for chunk in seen)


def test_an_overflow_may_tell_the_window() -> None:
    with pytest.raises(ContextOverflow) as caught:
        ask(play([{"error": {"kind": "overflow", "window": 4096}}]))
    assert caught.value.window == 4096


def test_placeholders_are_filled_and_other_braces_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    call = {"name": "read_file", "arguments": {"file_path": "{{cwd}}/a.py", "list": ["{{step}}"]}}
    chunks = ask(play([{"text": "You said {{last}} {{other}} {}", "calls": [call]}]))
    assert text_of(chunks) == "You said Go. {{other}} {}"
    assert calls_of(chunks)[0].arguments == {"file_path": f"{tmp_path}/a.py", "list": ["1"]}


def test_calls_have_ids_that_the_conversation_has_not_seen() -> None:
    call = {"name": "glob", "arguments": {"pattern": "*"}}
    earlier = Message("assistant", tool_calls=(ToolCall("call_1", "glob", {}),))
    chunks = ask(play([{"calls": [call, call]}]), prompt(Message("user", "x"), earlier))
    ids = [c.id for c in calls_of(chunks)]
    assert len({*ids, "call_1"}) == 3


def test_usage_is_as_scripted_or_estimated() -> None:
    scripted = finish_of(
        ask(play([{"text": "x", "usage": {"prompt_tokens": 7, "completion_tokens": 1, "cost_usd": 0.5}}]))
    )
    assert scripted.usage == Usage(7, 0, 1, cost_usd=0.5)
    model = play(["One.", "Two."])
    first = prompt(Message("user", "Go."))
    ask(model, first)
    second = Prompt(
        first.system, first.tools, (*first.messages, Message("assistant", "One."), Message("user", "On."))
    )
    usage = finish_of(ask(model, second)).usage
    assert 0 < usage.cached_tokens < usage.prompt_tokens


def test_a_scripted_model_has_the_window_that_it_says() -> None:
    assert asyncio.run(play({"steps": ["x"], "context_window": 2000}).context_window()) == 2000


def test_leaving_while_it_waits_ends_it_at_once() -> None:
    slow = play([{"text": "late", "delay_s": 60}])
    with pytest.raises(TimeoutError):
        asyncio.run(asyncio.wait_for(collect(slow, prompt()), 0.05))
