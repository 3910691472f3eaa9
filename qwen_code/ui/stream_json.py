"""Projects the agent's events onto the JSON messages that Qwen Code's `-o json` and `-o stream-json` print.

The shapes are those of qwen-code 0.24 (an `init`, `assistant` and `user` messages, a `result`), so that
scripts written for it go on working; what only we know (`outcome`, `exit_code`, `files_changed`,
`verification`) comes as additional keys.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from qwen_code.events import (
    AnswerEnded,
    Compacted,
    CompactionStarted,
    Corrected,
    Denial,
    Event,
    Outcome,
    ReasoningDelta,
    RequestStarted,
    Retried,
    Steered,
    TextDelta,
    ToolFinished,
    TurnEnded,
    VerificationFinished,
    WindowFilling,
)
from qwen_code.messages import Usage

MAX_RESULT_BYTES = 64 * 1024
"""Of one tool result; longer ones keep head and tail."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """What the `init` message says."""

    session_id: str
    directory: str
    tools: tuple[str, ...]
    model: str
    mode: str
    version: str


@dataclass(slots=True)
class StreamJson:
    """One run's projection: feed events to `project`, print what comes out."""

    facts: SessionFacts
    partial: bool = False
    """Also tell of text as it streams (`--include-partial-messages`)."""
    _block_open: bool = False
    _steps: int = 0
    _window: int = 0
    _used: int = 0
    _results: list[Json] = field(default_factory=list[Json])

    def init(self) -> Json:
        facts = self.facts
        return self._message(
            "system",
            subtype="init",
            cwd=facts.directory,
            tools=list(facts.tools),
            mcp_servers=[],
            model=facts.model,
            permission_mode=facts.mode,
            slash_commands=[],
            qwen_code_version=facts.version,
            agents=[],
        )

    def project(self, event: Event) -> list[Json]:
        """The messages, none to several, that `event` stands for."""
        match event:
            case RequestStarted():
                self._steps, self._window = event.step, event.window or self._window
                return self._partial(
                    "message_start", message={"role": "assistant", "model": self.facts.model}
                )
            case TextDelta(text):
                return self._delta({"type": "text_delta", "text": text})
            case ReasoningDelta(text):
                return self._delta({"type": "thinking_delta", "thinking": text})
            case AnswerEnded():
                self._used = event.usage.prompt_tokens + event.usage.completion_tokens or self._used
                return self._close_block() + self._assistant(event) + self._partial("message_stop")
            case ToolFinished():
                return [self._tool_result(event)]
            case Corrected(reason, text):
                return [self._user([{"type": "text", "text": text}], origin=reason)]
            case Steered(text):
                return [self._user([{"type": "text", "text": text}], origin="user")]
            case Retried(attempt, reason, wait_s):
                data: Json = {"attempt": attempt, "reason": reason, "wait_s": wait_s}
                data |= {"discardedToolCalls": [], "preserveText": False}
                return [self._message("system", subtype="retry", data=data)]
            case VerificationFinished(command, passed, output, attempt):
                data = {"command": command, "passed": passed, "attempt": attempt, "output": _capped(output)}
                return [self._message("system", subtype="verification", data=data)]
            case WindowFilling() | CompactionStarted() | Compacted():
                subtype, data = _about_window(event)
                return [self._message("system", subtype=subtype, data=data)]
            case TurnEnded():
                return [self._result(event)]
            case _:
                return []

    def _message(self, kind: str, **fields: Any) -> Json:
        return {"type": kind, "uuid": str(uuid4()), "session_id": self.facts.session_id, **fields}

    def _user(self, content: list[Json], **fields: Any) -> Json:
        message = {"role": "user", "content": content}
        return self._message("user", parent_tool_use_id=None, message=message, **fields)

    def _assistant(self, event: AnswerEnded) -> list[Json]:
        message = event.message
        contents: list[Json] = []
        if message.reasoning:
            contents.append({"type": "thinking", "thinking": message.reasoning, "signature": ""})
        if message.text:
            contents.append({"type": "text", "text": message.text})
        for call in message.tool_calls:
            contents.append({"type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments})
        return [
            self._message(
                "assistant",
                parent_tool_use_id=None,
                message={
                    "id": f"msg_{self._steps}_{index}",
                    "type": "message",
                    "role": "assistant",
                    "model": self.facts.model,
                    "content": [content],
                    "stop_reason": "tool_use" if content["type"] == "tool_use" else None,
                    "usage": _usage(event.usage),
                },
            )
            for index, content in enumerate(contents)
        ]

    def _tool_result(self, event: ToolFinished) -> Json:
        content = {
            "type": "tool_result",
            "tool_use_id": event.call.id,
            "is_error": not event.ok,
            "content": _capped(event.for_model),
        }
        return self._user([content])

    def _result(self, event: TurnEnded) -> Json:
        done = event.outcome is Outcome.DONE
        result = self._message(
            "result",
            subtype="success" if done else "error_during_execution",
            is_error=not done,
            duration_ms=round(event.duration_s * 1000),
            duration_api_ms=round(event.model_s * 1000),
            num_turns=event.steps,
            result=event.text,
            usage=_usage(event.usage),
            permission_denials=[_denial(d) for d in event.denials],
            outcome=event.outcome.value,
            exit_code=int(event.outcome.exit_code),
            files_changed=list(event.files_changed),
            tool_calls=event.tool_calls,
        )
        if self._window and self._used:
            result["context"] = {"used": self._used, "window": self._window}
        if event.verification is not None:
            verification = event.verification
            result["verification"] = {"command": verification.command, "passed": verification.passed}
        if event.structured is not None:
            result["structured_result"] = event.structured
        if event.usage.cost_usd is not None:
            result["total_cost_usd"] = event.usage.cost_usd
        if not done:
            result["error"] = {"message": event.detail}
        return result

    def _delta(self, delta: Json) -> list[Json]:
        if not self.partial:
            return []
        opened: list[Json] = []
        if not self._block_open:
            self._block_open = True
            kind = "thinking" if delta["type"] == "thinking_delta" else "text"
            opened = self._partial("content_block_start", index=0, content_block={"type": kind, kind: ""})
        return opened + self._partial("content_block_delta", index=0, delta=delta)

    def _close_block(self) -> list[Json]:
        if not self._block_open:
            return []
        self._block_open = False
        return self._partial("content_block_stop", index=0)

    def _partial(self, kind: str, **fields: Any) -> list[Json]:
        if not self.partial:
            return []
        return [self._message("stream_event", parent_tool_use_id=None, event={"type": kind, **fields})]


def _about_window(event: WindowFilling | CompactionStarted | Compacted) -> tuple[str, Json]:
    match event:
        case WindowFilling(used, window, limit):
            return "window_filling", {"used": used, "window": window, "limit": limit}
        case CompactionStarted(reason, before, window):
            return "compacting", {"reason": reason, "tokens_before": before, "window": window}
        case Compacted():
            return "compacted", _compacted(event)


def _compacted(event: Compacted) -> Json:
    return {
        "tokens_before": event.before,
        "tokens_after": event.after,
        "kind": event.kind,
        "tokens_evaluated_again": event.evaluated_again,
        "usage": _usage(event.usage),
        "saved_to": event.saved_to,
    }


def _usage(usage: Usage) -> Json:
    return {
        "input_tokens": usage.prompt_tokens,
        "output_tokens": usage.completion_tokens,
        "cache_read_input_tokens": usage.cached_tokens,
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
    }


def _denial(denial: Denial) -> Json:
    return {
        "tool_name": denial.call.name,
        "tool_use_id": denial.call.id,
        "tool_input": denial.call.arguments,
        "reason": denial.reason,
        "rule": denial.rule,
        "by_sandbox": denial.by_sandbox,
    }


def _capped(text: str) -> str:
    data = text.encode("utf-8", "surrogateescape")
    if len(data) <= MAX_RESULT_BYTES:
        return text
    half = MAX_RESULT_BYTES // 2
    head, tail = data[:half].decode("utf-8", "ignore"), data[-half:].decode("utf-8", "ignore")
    return f"{head}\n[{len(data) - 2 * half} bytes left out]\n{tail}"
