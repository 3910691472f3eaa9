from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_code.errors import SessionError
from qwen_code.messages import Message, ToolCall
from qwen_code.sessions.qwen_import import import_records
from qwen_code.sessions.restore import restore
from tests.support.program import Program
from tests.unit.sessions.told import header


def said(uuid: str, parent: str | None, kind: str, *parts: dict[str, Any], **more: Any) -> dict[str, Any]:
    role = "model" if kind == "assistant" else "user"
    return {
        "uuid": uuid,
        "parentUuid": parent,
        "sessionId": "7f0c",
        "timestamp": "2026-10-04T09:12:00.000Z",
        "type": kind,
        "cwd": "/srv/app",
        "version": "0.24.4",
        "message": {"role": role, "parts": list(parts)},
        **more,
    }


CALL = {"functionCall": {"id": "c1", "name": "read_file", "args": {"file_path": "/srv/app/a.py"}}}
RESULT = {"functionResponse": {"id": "c1", "name": "read_file", "response": {"output": "1\tx = 1"}}}
FILE: list[dict[str, Any]] = [
    said("1", None, "user", {"text": "what is x?"}),
    {"uuid": "2", "parentUuid": "1", "type": "system", "subtype": "ui_telemetry", "systemPayload": {}},
    said("3", "2", "assistant", {"text": "hmm", "thought": True}, {"text": "I look."}, CALL),
    said("4", "3", "tool_result", RESULT, toolCallResult={"callId": "c1", "status": "success"}),
    said("x", "3", "user", {"text": "an abandoned branch"}),
    said(
        "5",
        "4",
        "assistant",
        {"text": "One."},
        usageMetadata={"promptTokenCount": 90, "candidatesTokenCount": 4},
    ),
    said("6", "5", "user", {"text": "thanks"}),
    said("7", "6", "assistant", {"text": "Welcome."}),
]


def lines(records: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(record) + "\n" for record in records).encode()


def test_the_last_branch_becomes_a_conversation_of_ours() -> None:
    restored = restore([header(preamble="").encode(), *import_records(lines(FILE))])
    assert restored.messages == (
        Message("user", "what is x?"),
        Message(
            "assistant", "I look.", "hmm", (ToolCall("c1", "read_file", {"file_path": "/srv/app/a.py"}),)
        ),
        Message("tool", "1\tx = 1", tool_call_id="c1"),
        Message("assistant", "One."),
        Message("user", "thanks"),
        Message("assistant", "Welcome."),
    )
    assert (restored.turns, restored.usage.prompt_tokens, restored.warnings) == (2, 90, ())


def test_a_call_without_a_result_is_answered_as_interrupted() -> None:
    restored = restore([header(preamble="").encode(), *import_records(lines(FILE[:3]))])
    assert [m.role for m in restored.messages] == ["user", "assistant", "tool"]


@pytest.mark.parametrize("data", [b"", b"hello", b'{"type":"header"}\n', b'{"type":"user","uuid":1}\n'])
def test_what_is_no_such_file_is_said(data: bytes) -> None:
    with pytest.raises(SessionError, match="not a session file of Qwen Code"):
        import_records(data)


junk = st.recursive(
    st.none() | st.text(max_size=3) | st.integers(), lambda inner: st.lists(inner, max_size=2)
)


@given(st.lists(st.sampled_from(FILE), max_size=8), st.data())
def test_no_file_however_odd_gives_an_invalid_conversation(records: list[dict[str, Any]], data: Any) -> None:
    changed = [dict(record) for record in records]
    for record in changed:
        if record and data.draw(st.booleans()):
            record[data.draw(st.sampled_from(sorted(record)))] = data.draw(junk)
    try:
        imported = import_records(lines(changed))
    except SessionError:
        return
    assert restore([header().encode(), *imported]).messages


def test_an_imported_session_goes_on(tmp_path: Path) -> None:
    (tmp_path / "chat.jsonl").write_bytes(lines(FILE))
    (tmp_path / "script.json").write_text(
        json.dumps(
            {"rules": [{"when": {"any_contains": "what is x?"}, "text": "I remember."}], "steps": ["No."]}
        )
    )
    program = Program(tmp_path)
    done = program.run("sessions", "import", "chat.jsonl")
    assert done.out.startswith("imported as ")
    answer = program.run("-m", f"scripted:{tmp_path / 'script.json'}", "--yolo", "-c", "-p", "do you?")
    assert answer.out.strip() == "I remember."
    bad = program.run("sessions", "import", "script.json")
    assert bad.code == 42
    assert bad.err.strip().endswith("it is not a session file of Qwen Code, or nothing was said in it.")
