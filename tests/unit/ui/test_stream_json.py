from __future__ import annotations

from typing import Any

from qwen_code.events import (
    AnswerEnded,
    Compacted,
    CompactionStarted,
    Denial,
    Event,
    Outcome,
    RequestStarted,
    Retried,
    TextDelta,
    ToolFinished,
    TurnEnded,
    TurnStarted,
    WindowFilling,
)
from qwen_code.messages import Message, ToolCall, Usage
from qwen_code.ui.stream_json import SessionFacts, StreamJson

FACTS = SessionFacts("s1", "/w", ("edit", "glob"), "qwen", "yolo", "0.1.0")
CALL = ToolCall("c1", "edit", {"file_path": "a.py"})


def project(*events: Event, partial: bool = False) -> list[dict[str, Any]]:
    stream = StreamJson(FACTS, partial)
    return [message for event in events for message in stream.project(event)]


def test_the_first_message_says_what_the_session_is() -> None:
    init = StreamJson(FACTS).init()
    assert (init["type"], init["subtype"]) == ("system", "init")
    assert init["session_id"] == "s1"
    assert init["tools"] == ["edit", "glob"]
    assert init["permission_mode"] == "yolo"


def test_text_and_calls_of_an_answer_are_messages_of_their_own() -> None:
    answer = Message("assistant", "Look.", "hm", (CALL,))
    thought, text, use = project(RequestStarted(1), AnswerEnded(answer, Usage(10, 4, 5)))
    assert thought["message"]["content"][0]["type"] == "thinking"
    assert text["message"]["content"] == [{"type": "text", "text": "Look."}]
    assert use["message"]["content"] == [
        {"type": "tool_use", "id": "c1", "name": "edit", "input": {"file_path": "a.py"}}
    ]
    assert use["message"]["usage"] == {
        "input_tokens": 10,
        "output_tokens": 5,
        "cache_read_input_tokens": 4,
        "total_tokens": 15,
    }
    assert use["message"]["stop_reason"] == "tool_use"


def test_a_result_goes_back_as_a_user_message_and_is_capped() -> None:
    (message,) = project(ToolFinished(CALL, False, "x" * 100_000))
    (result,) = message["message"]["content"]
    assert (result["tool_use_id"], result["is_error"]) == ("c1", True)
    assert len(result["content"]) < 66_000
    assert "bytes left out" in result["content"]


def test_the_last_message_says_what_happened() -> None:
    denial = Denial(CALL, "outside", "Edit(//x)")
    (result,) = project(
        TurnEnded(
            Outcome.DENIED,
            text="Could not.",
            detail="why",
            denials=(denial,),
            files_changed=("/w/a",),
            steps=3,
        )
    )
    assert (result["type"], result["subtype"], result["is_error"]) == (
        "result",
        "error_during_execution",
        True,
    )
    assert (result["exit_code"], result["outcome"], result["num_turns"]) == (54, "denied", 3)
    assert result["result"] == "Could not."
    assert result["error"] == {"message": "why"}
    assert result["permission_denials"][0]["tool_name"] == "edit"
    assert result["permission_denials"][0]["rule"] == "Edit(//x)"
    assert result["files_changed"] == ["/w/a"]


def test_success_has_no_error() -> None:
    (result,) = project(TurnEnded(Outcome.DONE, text="Done."))
    assert (result["subtype"], result["is_error"], result["exit_code"]) == ("success", False, 0)
    assert "error" not in result


def test_partial_messages_come_only_when_asked_for() -> None:
    events = (
        RequestStarted(1),
        TextDelta("a"),
        TextDelta("b"),
        AnswerEnded(Message("assistant", "ab"), Usage()),
    )
    assert [m["type"] for m in project(*events)] == ["assistant"]
    kinds = [
        m["event"]["type"] if m["type"] == "stream_event" else m["type"]
        for m in project(*events, partial=True)
    ]
    assert kinds == [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_delta",
        "content_block_stop",
        "assistant",
        "message_stop",
    ]


def test_a_retry_is_told() -> None:
    (message,) = project(TurnStarted("go"), Retried(2, "503", 1.5))
    assert (message["type"], message["subtype"]) == ("system", "retry")
    assert message["data"]["reason"] == "503"


def test_the_window_is_told_in_the_result_and_what_was_done_about_it_on_the_way() -> None:
    filling, started, done, _, result = project(
        RequestStarted(1, 28_000, 32_768),
        WindowFilling(28_000, 32_768, 29_090),
        CompactionStarted("window", 29_200, 32_768),
        Compacted(29_200, 5_000, "summary", 3_000, Usage(29_400, 29_100, 600), "/outputs/0001.txt"),
        AnswerEnded(Message("assistant", "Done."), Usage(5_000, 2_000, 40)),
        TurnEnded(Outcome.DONE, text="Done."),
    )
    assert (filling["subtype"], filling["data"]["limit"]) == ("window_filling", 29_090)
    assert (started["subtype"], started["data"]["reason"]) == ("compacting", "window")
    assert done["data"]["tokens_evaluated_again"] == 3_000
    assert done["data"]["usage"]["cache_read_input_tokens"] == 29_100
    assert result["context"] == {"used": 5_040, "window": 32_768}


def test_a_structured_answer_is_in_the_result() -> None:
    (result,) = project(TurnEnded(Outcome.DONE, text='{"n": 1}', structured={"n": 1}))
    assert result["structured_result"] == {"n": 1}
