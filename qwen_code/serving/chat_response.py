"""Answers in the form of OpenAI's API: whole, or as a stream of events."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

from qwen_code.chunks import (
    CallChunk,
    Chunk,
    Finish,
    PrefillProgress,
    ReasoningChunk,
    TextChunk,
)
from qwen_code.messages import ToolCall, Usage
from qwen_code.serving.chat_request import ChatRequest

Event = dict[str, Any]
DONE = b"data: [DONE]\n\n"


class ChatResponse:
    """One answer being put together."""

    def __init__(self, request: ChatRequest, model: str) -> None:
        self._request = request
        self._model = model
        self._id = f"chatcmpl-{uuid.uuid4().hex[:24]}"
        self._created = int(time.time())
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._calls: list[Event] = []
        self._finish = Finish("stop", Usage())

    @property
    def usage(self) -> Usage:
        return self._finish.usage

    def opening(self) -> Event:
        return self._chunk({"role": "assistant", "content": ""})

    def take(self, chunk: Chunk) -> Iterator[Event]:
        """Count a chunk; what a stream says of it."""
        match chunk:
            case TextChunk(text):
                self._text.append(text)
                yield self._chunk({"content": text})
            case ReasoningChunk(text):
                self._reasoning.append(text)
                yield self._chunk({"reasoning_content": text})
            case CallChunk(call):  # whole: one that was announced could not be taken back when it is cut off
                entry = _entry(f"call_{uuid.uuid4().hex[:24]}", call)
                self._calls.append(entry)
                yield self._chunk({"tool_calls": [{"index": len(self._calls) - 1, **entry}]})
            case PrefillProgress(done, total, cached) if self._request.progress:
                progress = {"total": total, "cache": cached, "processed": done, "time_ms": 0}
                yield {**self._chunk({}), "prompt_progress": progress}
            case Finish():
                self._finish = chunk
            case _:
                pass

    def closing(self) -> Iterator[Event]:
        """The last events of a stream."""
        yield {**self._chunk({}, self._reason), "timings": self._timings}
        if self._request.usage:
            yield {**self._envelope("chat.completion.chunk"), "choices": [], "usage": self._usage}

    def whole(self) -> Event:
        """The answer in one piece."""
        message: dict[str, Any] = {"role": "assistant", "content": "".join(self._text).strip() or None}
        if self._reasoning:
            message["reasoning_content"] = "".join(self._reasoning)
        if self._calls:
            message["tool_calls"] = self._calls
        elif message["content"] is None:
            message["content"] = ""
        choice = {"index": 0, "message": message, "finish_reason": self._reason, "logprobs": None}
        body = {**self._envelope("chat.completion"), "choices": [choice], "usage": self._usage}
        return {**body, "timings": self._timings}

    def _chunk(self, delta: dict[str, Any], reason: str | None = None) -> Event:
        choice = {"index": 0, "delta": delta, "finish_reason": reason, "logprobs": None}
        return {**self._envelope("chat.completion.chunk"), "choices": [choice]}

    def _envelope(self, kind: str) -> Event:
        return {"id": self._id, "object": kind, "created": self._created, "model": self._model}

    @property
    def _reason(self) -> str:
        reason = self._finish.reason
        return reason if reason in ("stop", "tool_calls", "length") else "stop"

    @property
    def _usage(self) -> dict[str, Any]:
        usage = self._finish.usage
        return {
            "prompt_tokens": usage.prompt_tokens,
            "completion_tokens": usage.completion_tokens,
            "total_tokens": usage.prompt_tokens + usage.completion_tokens,
            "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
        }

    @property
    def _timings(self) -> dict[str, Any]:
        """As llama-server gives them."""
        usage = self._finish.usage
        return {
            "cache_n": usage.cached_tokens,
            "prompt_n": usage.prompt_tokens - usage.cached_tokens,
            "prompt_ms": round(usage.prefill_s * 1000, 3),
            "predicted_n": usage.completion_tokens,
            "predicted_ms": round(usage.decode_s * 1000, 3),
        }


def encoded(event: Event) -> bytes:
    """An event as a stream carries it."""
    return b"data: " + json.dumps(event, ensure_ascii=False).encode("utf-8", "replace") + b"\n\n"


def _entry(call_id: str, call: ToolCall) -> Event:
    arguments = json.dumps(call.arguments, ensure_ascii=False)
    return {"id": call_id, "type": "function", "function": {"name": call.name, "arguments": arguments}}
