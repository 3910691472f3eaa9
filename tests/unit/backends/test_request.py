from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from qwen_code.backends.endpoint import resolve_endpoint
from qwen_code.backends.request import RequestBody
from qwen_code.messages import Message, Prompt, ToolCall
from qwen_code.settings.model import ModelSettings, SamplingSettings
from tests.unit.backends.asking import TOOLS

CALL = ToolCall("c1", "read_file", {"file_path": "é.py", "limit": 3})
HISTORY = (
    Message("user", "Look."),
    Message("assistant", "I read.", "thinking", (CALL,)),
    Message("tool", "print(1)", tool_call_id="c1"),
)


def body_for(url: str = "http://localhost:9/v1", **settings: Any) -> RequestBody:
    model = replace(ModelSettings(name="m", base_url=url), **settings)
    endpoint = resolve_endpoint(model, {})
    assert endpoint is not None
    return RequestBody(endpoint, model, endpoint.model)


def fields(body: bytes) -> dict[str, Any]:
    return json.loads(body)


def test_a_request_has_the_shape_that_chat_completions_take() -> None:
    sent = fields(body_for("https://example.com/v1").encode(Prompt("Be brief.", TOOLS[:1], HISTORY)))
    assert sent == {
        "model": "m",
        "stream": True,
        "stream_options": {"include_usage": True},
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "read_file",
                    "description": "Read a file.",
                    "parameters": TOOLS[0].parameters,
                },
            }
        ],
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Look."},
            {
                "role": "assistant",
                "content": "I read.",
                "tool_calls": [
                    {
                        "id": "c1",
                        "type": "function",
                        "function": {"name": "read_file", "arguments": '{"file_path": "é.py", "limit": 3}'},
                    }
                ],
            },
            {"role": "tool", "tool_call_id": "c1", "content": "print(1)"},
        ],
    }


def test_each_body_begins_with_the_one_before_it() -> None:
    body = body_for()
    shorter = body.encode(Prompt("s", TOOLS, HISTORY[:1]))
    longer = body.encode(Prompt("s", TOOLS, HISTORY))
    assert longer.startswith(shorter.removesuffix(b"]}"))


def test_a_resumed_conversation_has_the_same_bytes() -> None:
    again = tuple(
        Message(
            m.role,
            m.text,
            m.reasoning,
            tuple(ToolCall(c.id, c.name, dict(c.arguments)) for c in m.tool_calls),
            m.tool_call_id,
        )
        for m in HISTORY
    )
    first = body_for()
    first.encode(Prompt("s", TOOLS, HISTORY[:2]))
    assert first.encode(Prompt("s", TOOLS, HISTORY)) == body_for().encode(Prompt("s", TOOLS, again))


def test_a_rewritten_history_is_rendered_anew_from_the_change_on() -> None:
    body = body_for()
    body.encode(Prompt("s", (), HISTORY))
    changed = (HISTORY[0], Message("user", "Stop."))
    messages = fields(body.encode(Prompt("s", (), changed)))["messages"]
    assert [m["content"] for m in messages] == ["s", "Look.", "Stop."]


def test_no_tools_and_no_system_prompt_leave_nothing_empty_behind() -> None:
    sent = fields(body_for().encode(Prompt("", (), HISTORY[:1])))
    assert "tools" not in sent
    assert [m["role"] for m in sent["messages"]] == ["user"]


def test_nothing_that_the_user_did_not_set_is_sent() -> None:
    sent = fields(body_for("https://example.com/v1").encode(Prompt("", (), HISTORY[:1])))
    assert set(sent) == {"model", "stream", "stream_options", "messages"}


def test_what_the_user_sets_has_the_name_that_the_provider_knows() -> None:
    chosen = SamplingSettings(temperature=0.7, top_k=20, repetition_penalty=1.05, max_tokens=100)
    prompt = Prompt("", (), HISTORY[:1])

    def sent(url: str) -> dict[str, Any]:
        return fields(body_for(url, sampling=chosen).encode(prompt))

    openai = sent("https://api.openai.com/v1")
    assert openai["max_completion_tokens"] == 100
    assert not {"max_tokens", "top_k", "repetition_penalty"} & set(openai)
    vllm = sent("https://models.example.com/v1")
    assert (vllm["top_k"], vllm["repetition_penalty"], vllm["max_tokens"]) == (20, 1.05, 100)
    llama = fields(body_for("http://localhost:9/v1", provider="llama-server", sampling=chosen).encode(prompt))
    assert llama["repeat_penalty"] == 1.05


def test_a_provider_that_cuts_answers_short_by_default_is_told_not_to() -> None:
    sent = fields(body_for("https://api.fireworks.ai/inference/v1").encode(Prompt("", (), HISTORY[:1])))
    assert sent["max_tokens"] >= 8192


def test_extra_body_adds_fields_but_never_replaces_the_conversation() -> None:
    extra: dict[str, Any] = {"enable_thinking": False, "messages": [], "tools": []}
    sent = fields(body_for(extra_body=extra).encode(Prompt("", TOOLS, HISTORY[:1])))
    assert sent["enable_thinking"] is False
    assert len(sent["messages"]) == 1
    assert len(sent["tools"]) == 2


def test_reasoning_is_sent_back_only_to_models_that_refuse_a_history_without_it() -> None:
    prompt = Prompt("", TOOLS, HISTORY)
    qwen = fields(body_for(name="qwen3-coder-plus").encode(prompt))["messages"][1]
    deepseek = fields(body_for(name="deepseek/deepseek-v4").encode(prompt))["messages"][1]
    assert "reasoning_content" not in qwen
    assert deepseek["reasoning_content"] == "thinking"


def test_what_json_or_utf8_can_not_hold_is_replaced_instead_of_making_the_history_unsendable() -> None:
    call = ToolCall("c", "glob", {"pattern": "a\ud800b", "limit": float("nan"), "list": [float("inf")]})
    history = (Message("user", "pair \ud83d\ude00, half \udc00"), Message("assistant", "", "", (call,)))
    sent = fields(body_for().encode(Prompt("", (), history)))
    assert sent["messages"][0]["content"] == "pair 😀, half \ufffd"
    arguments = json.loads(sent["messages"][1]["tool_calls"][0]["function"]["arguments"])
    assert arguments == {"pattern": "a\ufffdb", "limit": None, "list": [None]}


def test_a_dropped_parameter_stays_out() -> None:
    body = body_for("https://example.com/v1")
    assert body.drop("stream_options")
    assert not body.drop("stream_options")
    assert b"stream_options" not in body.encode(Prompt("", (), HISTORY[:1]))
