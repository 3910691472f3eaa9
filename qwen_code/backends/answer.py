"""One answer of a chat completions server: its events in, chunks out."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from qwen_code.backends.attempt import Transient
from qwen_code.backends.call_ledger import CallLedger, Source
from qwen_code.backends.encodable import encodable
from qwen_code.backends.native_calls import NativeCalls
from qwen_code.backends.usage_report import count, read_usage
from qwen_code.chunks import (
    BadCall,
    CallChunk,
    CallStarted,
    Chunk,
    Finish,
    FinishReason,
    PrefillProgress,
    ReasoningChunk,
    TextChunk,
)
from qwen_code.messages import Prompt, ToolCall, Usage

if TYPE_CHECKING:
    from qwen_code.wire import Decoder

_REASONS: dict[str, FinishReason] = {
    "stop": "stop",
    "eos": "stop",
    "end_turn": "stop",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "tool_use": "tool_calls",
    "length": "length",
    "max_tokens": "length",
    "content_filter": "content_filter",
    "error": "error",
}


class ErrorEvent(Exception):
    """The server says inside a stream that it failed; carries its JSON."""

    def __init__(self, data: dict[str, Any]) -> None:
        super().__init__("error event")
        self.data = data


class AnswerReader:
    """Puts one answer together. Call ids are made unique within the conversation that `prompt` is."""

    def __init__(self, prompt: Prompt) -> None:
        self._tools = prompt.tools
        self._ledger = CallLedger(prompt)
        self._decoder: Decoder | None = None
        self._native = NativeCalls([tool.name for tool in prompt.tools])
        self._reasoning: list[str] = []
        self._has_text = False
        self._reason = ""
        self._usage: dict[str, Any] = {}
        self._timings: dict[str, Any] = {}
        self._progress = -1
        self._began = time.monotonic()
        self._first = 0.0
        self.events = 0
        """Events so far that were part of a completion."""
        self.done = False
        """True after the end mark of the stream, or once `finish` was called."""

    @property
    def complete(self) -> bool:
        """True when the model has said that it is done; only usage may still follow."""
        return self.done or bool(self._reason)

    def feed(self, payloads: Sequence[bytes]) -> list[Chunk]:
        """Chunks that these events complete. Text that arrived together stays together.

        Raises:
            ErrorEvent: the server reports a failure.
            Transient: an event is broken.
        """
        out: list[Chunk] = []
        text: list[str] = []
        for payload in payloads:
            if self.done:  # nothing behind the end mark counts, however it was split
                break
            if payload.startswith(b"{"):
                self._event(_parsed(payload), out, text)
            elif payload.strip() == b"[DONE]":
                self.done = True
        self._flush(text, out)
        return out

    def finish(self) -> list[Chunk]:
        """The chunks that only the end decides, and Finish as the last."""
        self.done = True
        out: list[Chunk] = []
        reason = _REASONS.get(self._reason, "stop")
        if self._decoder is not None:
            self._decoded(self._decoder.finish(reason), out)
        self._native_calls(reason, out)
        if not self._ledger.any_calls and not self._has_text and self._tools:
            self._calls_in_reasoning(reason, out)
        out += self._ledger.losses()
        if self._ledger.any_calls:
            reason = "tool_calls"
        elif reason == "tool_calls":
            reason = "stop"
        out.append(Finish(reason, self._measured()))
        return out

    def _event(self, event: dict[str, Any], out: list[Chunk], text: list[str]) -> None:
        if event.get("error") or event.get("object") == "error":
            raise ErrorEvent(event)
        usage, timings = event.get("usage"), event.get("timings")
        if isinstance(usage, dict):
            self._usage = cast("dict[str, Any]", usage)
        if isinstance(timings, dict):
            self._timings = cast("dict[str, Any]", timings)
        choices = event.get("choices")
        if not isinstance(choices, list):
            return
        self.events += 1
        if progress := event.get("prompt_progress"):
            self._prefill(progress, out)
        if choices and isinstance(choices[0], dict):
            self._choice(cast("dict[str, Any]", choices[0]), out, text)

    def _choice(self, choice: dict[str, Any], out: list[Chunk], text: list[str]) -> None:
        if choice.get("error"):  # OpenRouter, where the provider behind it broke off
            raise ErrorEvent(choice)
        delta: Any = choice.get("delta") or choice.get("message") or {}
        if not isinstance(delta, dict):
            return
        fields = cast("dict[str, Any]", delta)
        reasoning = fields.get("reasoning_content") or fields.get("reasoning")
        if reasoning and isinstance(reasoning, str):
            self._flush(text, out)
            reasoning = encodable(reasoning)
            self._reasoning.append(reasoning)
            out.append(ReasoningChunk(reasoning))
        content = fields.get("content") or fields.get("refusal")
        if content:
            text.append(content if isinstance(content, str) else _joined(content))
        calls: Any = fields.get("tool_calls")
        legacy: Any = fields.get("function_call")
        if not calls and isinstance(legacy, dict):
            calls = [{"index": 0, "function": legacy}]
        if calls:
            self._flush(text, out)
            out += [CallStarted(name) for name in self._native.add(calls)]
        if (content or reasoning or calls) and not self._first:
            self._first = time.monotonic()
        reason = choice.get("finish_reason")
        if reason and isinstance(reason, str):
            self._reason = reason

    def _flush(self, text: list[str], out: list[Chunk]) -> None:
        joined = encodable("".join(text))
        text.clear()
        if not joined:
            return
        if not self._tools:
            self._has_text = True
            out.append(TextChunk(joined))
            return
        if self._decoder is None:
            from qwen_code.wire import Decoder

            self._decoder = Decoder(self._tools)
        self._decoded(self._decoder.feed(joined), out)

    def _decoded(self, chunks: Sequence[Chunk], out: list[Chunk]) -> None:
        for chunk in chunks:
            match chunk:
                case CallChunk(call):
                    self._deliver(call, "text", out)
                case BadCall():
                    self._ledger.lose(chunk, "text")
                case TextChunk(text):
                    self._has_text = self._has_text or bool(text.strip())
                    out.append(chunk)
                case _:
                    out.append(chunk)

    def _native_calls(self, reason: FinishReason, out: list[Chunk]) -> None:
        if not self._native.calls:
            return
        from qwen_code.wire import decode_native

        for native in self._native.calls:
            identity = native.id or self._ledger.free_id()
            decoded = decode_native(native.name, native.arguments, self._tools, reason, identity)
            for call in decoded.calls:
                self._deliver(call, "native", out)
            for bad in decoded.errors:
                self._ledger.lose(bad, "native")

    def _calls_in_reasoning(self, reason: FinishReason, out: list[Chunk]) -> None:
        """Some servers put a call into the reasoning when the model did not close it (vllm#39056)."""
        thoughts = "".join(self._reasoning)
        if "<tool_call>" in thoughts or "<function=" in thoughts:
            from qwen_code.wire import Decoder

            decoder = Decoder(self._tools)
            for chunk in [*decoder.feed(thoughts), *decoder.finish(reason)]:
                if isinstance(chunk, CallChunk):
                    self._deliver(chunk.call, "text", out)

    def _deliver(self, call: ToolCall, source: Source, out: list[Chunk]) -> None:
        if accepted := self._ledger.take(call, source):
            out.append(CallChunk(accepted))

    def _prefill(self, progress: object, out: list[Chunk]) -> None:
        """llama-server's `return_progress`."""
        fields = cast("dict[str, Any]", progress) if isinstance(progress, dict) else {}
        done, total = count(fields.get("processed")), count(fields.get("total"))
        if done > self._progress and total:
            self._progress = done
            out.append(PrefillProgress(done, total, count(fields.get("cache"))))

    def _measured(self) -> Usage:
        now = time.monotonic()
        first = self._first or now
        return read_usage(self._usage, self._timings, prefill_s=first - self._began, decode_s=now - first)


def _parsed(payload: bytes) -> dict[str, Any]:
    try:
        value: Any = json.loads(payload)
    except (ValueError, RecursionError):
        raise Transient("the server sent an event that is cut or not JSON") from None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _joined(content: object) -> str:
    """The text of content that comes in parts."""
    parts = cast("list[Any]", content) if isinstance(content, list) else []
    texts = [cast("dict[str, Any]", part).get("text") for part in parts if isinstance(part, dict)]
    return "".join(text for text in texts if isinstance(text, str))
