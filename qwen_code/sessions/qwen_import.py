"""Reads the session files of Qwen Code (0.24), so that its users can go on here.

One JSON object a line; each names its parent, so that the file is a tree of which one branch is the
conversation. Messages are in Gemini's shape: `parts` of text, `functionCall` and `functionResponse`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, cast

from qwen_code.errors import SessionError
from qwen_code.events import AnswerEnded, Event, Outcome, ToolFinished, TurnEnded, TurnStarted, encode
from qwen_code.messages import Message, ToolCall, Usage
from qwen_code.sessions.lines import Record, decode_lines

_KINDS = ("user", "assistant", "tool_result")


def import_records(data: bytes) -> list[Record]:
    """The conversation in `data` as records of our own log, without a header.

    Raises:
        SessionError: it holds no conversation of Qwen Code.
    """
    branch = _branch(decode_lines(data).records)
    events = list(_events(branch)) if branch else []
    if not any(isinstance(event, TurnStarted) for _, event in events):
        raise SessionError("it is not a session file of Qwen Code, or nothing was said in it")
    return [encode(event) | _time(record) for record, event in events]


def _branch(records: Sequence[Record]) -> list[Record]:
    """The messages from the first one to the one written last, along their parents."""
    by_id = {r["uuid"]: r for r in records if isinstance(r.get("uuid"), str)}
    said = [r for r in records if r.get("type") in _KINDS and isinstance(r.get("message"), dict)]
    found: list[Record] = []
    seen: set[str] = set()
    at: Any = said[-1] if said else None
    while at is not None and str(at.get("uuid")) not in seen:
        seen.add(str(at.get("uuid")))
        if at.get("type") in _KINDS and isinstance(at.get("message"), dict):
            found.append(at)
        parent = at.get("parentUuid")
        at = by_id.get(parent) if isinstance(parent, str) else None
    return found[::-1]


def _events(branch: Sequence[Record]) -> Iterator[tuple[Record, Event]]:
    calls: dict[str, ToolCall] = {}
    last, number = branch[-1], 0
    for record in branch:
        parts = _parts(record)
        text = "".join(p["text"] for p in parts if isinstance(p.get("text"), str) and not p.get("thought"))
        match record["type"]:
            case "user" if text:
                if number:
                    yield record, TurnEnded(Outcome.DONE)
                number += 1
                yield record, TurnStarted(text)
            case "assistant" if number:
                made = [call for p in parts if (call := _call(p.get("functionCall"), len(calls)))]
                calls |= {call.id: call for call in made}
                thought = "".join(str(p["text"]) for p in parts if p.get("thought") and p.get("text"))
                message = Message("assistant", text.strip(), thought, tuple(made))
                yield record, AnswerEnded(message, _usage(record))
            case "tool_result":
                for part in parts:
                    if finished := _result(part.get("functionResponse"), calls, record):
                        yield record, finished
            case _:
                pass
    yield last, TurnEnded(Outcome.DONE)


def _parts(record: Record) -> list[dict[str, Any]]:
    parts: object = record["message"].get("parts")
    listed = cast("list[object]", parts) if isinstance(parts, list) else []
    return [cast("dict[str, Any]", part) for part in listed if isinstance(part, dict)]


def _call(value: object, number: int) -> ToolCall | None:
    if not isinstance(value, dict):
        return None
    fields = cast("dict[str, Any]", value)
    name, arguments = fields.get("name"), fields.get("args", {})
    if not isinstance(name, str) or not isinstance(arguments, dict):
        return None
    call_id = fields.get("id")
    return ToolCall(
        call_id if isinstance(call_id, str) and call_id else f"imported_{number}",
        name,
        cast("dict[str, Any]", arguments),
    )


def _result(value: object, calls: dict[str, ToolCall], record: Record) -> ToolFinished | None:
    if not isinstance(value, dict):
        return None
    fields = cast("dict[str, Any]", value)
    call = calls.get(str(fields.get("id")))
    if call is None:  # some versions leave the id out: then it is the oldest open call of that name
        call = next((c for c in calls.values() if c.name == fields.get("name")), None)
    if call is None:
        return None
    calls.pop(call.id, None)
    response: object = fields.get("response")
    answer = cast("dict[str, Any]", response) if isinstance(response, dict) else {}
    text = answer.get("output", answer.get("error", ""))
    told: object = record.get("toolCallResult")
    status = cast("dict[str, Any]", told).get("status") if isinstance(told, dict) else None
    ok = "error" not in answer and status in (None, "success")
    return ToolFinished(call, ok, text if isinstance(text, str) else str(text))


def _usage(record: Record) -> Usage:
    told: object = record.get("usageMetadata")
    fields = cast("dict[str, Any]", told) if isinstance(told, dict) else {}

    def count(name: str) -> int:
        value = fields.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else 0

    usage = Usage(count("promptTokenCount"), count("cachedContentTokenCount"), count("candidatesTokenCount"))
    return replace(usage, completion_tokens=usage.completion_tokens + count("thoughtsTokenCount"))


def _time(record: Record) -> dict[str, float]:
    from datetime import datetime

    try:
        return {"at": datetime.fromisoformat(str(record.get("timestamp"))).timestamp()}
    except ValueError:
        return {}
