"""A model that plays a script instead of thinking: for tests, demonstrations and documentation."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Iterable, Mapping
from pathlib import Path
from typing import Any, cast

from qwen_code.backends.call_ledger import CallLedger
from qwen_code.backends.script import Condition, Script, ScriptedError, Step, load_script
from qwen_code.backends.token_estimate import PromptMeter, estimate_tokens
from qwen_code.chunks import CallChunk, CallStarted, Chunk, Finish, ReasoningChunk, TextChunk
from qwen_code.errors import (
    BackendError,
    BackendUnavailable,
    ContextOverflow,
    EndpointMisconfigured,
    QwenCodeError,
)
from qwen_code.messages import Prompt, ToolCall, Usage

_WORDS = re.compile(r"\S+\s*|\s+")
_PLACEHOLDER = re.compile(r"\{\{(cwd|last|step)\}\}")


class ScriptedBackend:
    """Plays one step of its script for each request, or the first rule whose condition holds."""

    def __init__(self, script: Script, origin: str = "the script") -> None:
        self._script = script
        self._origin = origin
        self._next: int | None = None
        self._last_prompt: Prompt | None = None
        self._meter = PromptMeter()

    @classmethod
    def from_file(cls, path: Path) -> ScriptedBackend:
        """Raises ConfigurationError, with file and place, for what is no script."""
        return cls(load_script(path), str(path))

    @property
    def name(self) -> str:
        return self._script.name

    @property
    def location(self) -> str:
        return "scripted"

    async def context_window(self) -> int:
        return self._script.context_window

    async def window_at_hand(self) -> int | None:
        return self._script.context_window

    async def count_tokens(self, prompt: Prompt) -> int:
        return self._meter.count(prompt)

    async def check(self) -> None:
        """A script that could be read can be played."""

    async def aclose(self) -> None:
        pass

    async def stream(self, prompt: Prompt) -> AsyncGenerator[Chunk, None]:
        step = self._choose(prompt)
        if step.expect is not None and (fault := _unmet(step.expect, prompt)):
            raise BackendError(f"{step.place}: {fault}")
        await asyncio.sleep(step.delay_s)
        answer = _Answer(step, prompt, self._values(prompt))
        pause = 1 / rate if (rate := self._script.rate if step.rate is None else step.rate) else 0.0
        for chunk in answer.chunks():
            yield chunk
            # Also without a pause, so that a reader that wants to stop gets its turn.
            await asyncio.sleep(pause)
        if step.error is not None:
            raise _error(step.error)
        yield Finish(answer.reason, step.usage or self._usage(prompt, answer.words))
        self._last_prompt = prompt

    def _choose(self, prompt: Prompt) -> Step:
        for rule in self._script.rules:
            if rule.when is None or not _unmet(rule.when, prompt):
                return rule
        if self._next is None:
            answers = sum(message.role == "assistant" for message in prompt.messages)
            self._next = answers if self._script.continues else 0
        number, steps = self._next, self._script.steps
        self._next += 1
        if number < len(steps):
            return steps[number]
        if self._script.at_end == "repeat" and steps:
            return steps[-1]
        raise BackendError(
            f"The script is over: {self._origin} has {len(steps)} steps, and a request came that needs "
            'one more. Add a step, or set "at_end" to "repeat".'
        )

    def _values(self, prompt: Prompt) -> dict[str, str]:
        last = prompt.messages[-1].text if prompt.messages else ""
        return {"cwd": str(Path.cwd()), "last": last, "step": str(self._next or 0)}

    def _usage(self, prompt: Prompt, answer: str) -> Usage:
        total = self._meter.count(prompt)
        before = self._last_prompt
        cached = 0
        if before is not None and prompt.messages[: len(before.messages)] == before.messages:
            cached = self._meter.count(before)
        return Usage(total, min(cached, total), estimate_tokens(answer))


class _Answer:
    """One step as chunks."""

    def __init__(self, step: Step, prompt: Prompt, values: Mapping[str, str]) -> None:
        self._step = step
        self._prompt = prompt
        self._values = values
        self._ledger = CallLedger(prompt)
        self.words = ""

    @property
    def reason(self) -> Any:
        return self._step.finish or ("tool_calls" if self._ledger.any_calls else "stop")

    def chunks(self) -> Iterable[Chunk]:
        for piece in self._pieces(self._step.reasoning):
            yield ReasoningChunk(piece)
        for piece in self._pieces(self._step.text):
            yield TextChunk(piece)
        if self._step.raw:
            yield from self._decoded()
        for call in self._step.calls:
            yield CallStarted(call.name)
            arguments = _filled(call.arguments, self._values)
            self.words += f" {call.name} {arguments}"
            yield from self._delivered(ToolCall(call.id, call.name, arguments))

    def _decoded(self) -> Iterable[Chunk]:
        from qwen_code.wire import Decoder

        decoder = Decoder(self._prompt.tools)
        for piece in self._pieces(self._step.raw):
            yield from self._numbered(decoder.feed(piece))
        yield from self._numbered(decoder.finish(self._step.finish or "stop"))

    def _numbered(self, chunks: Iterable[Chunk]) -> Iterable[Chunk]:
        for chunk in chunks:
            if isinstance(chunk, CallChunk):
                yield from self._delivered(chunk.call)
            else:
                yield chunk

    def _delivered(self, call: ToolCall) -> Iterable[Chunk]:
        if accepted := self._ledger.take(call, "text"):
            yield CallChunk(accepted)

    def _pieces(self, text: str) -> Iterable[str]:
        filled = _fill(text, self._values)
        self.words += filled
        return _WORDS.findall(filled)


def _unmet(condition: Condition, prompt: Prompt) -> str:
    """What is not so, as a sentence; empty when all of it is."""
    last = prompt.messages[-1] if prompt.messages else None
    text = last.text if last else ""
    for wanted in condition.last_contains:
        if wanted not in text:
            return f"expected {wanted!r} in the last message, which is {text[-300:]!r}."
    for unwanted in condition.last_lacks:
        if unwanted in text:
            return f"expected no {unwanted!r} in the last message, which is {text[-300:]!r}."
    if condition.last_role and (last is None or last.role != condition.last_role):
        found = last.role if last else "none"
        return f"expected the last message to have the role {condition.last_role}, not {found}."
    for wanted in condition.any_contains:
        if not any(wanted in message.text for message in prompt.messages):
            return f"expected {wanted!r} in some message."
    if condition.tools_offered is not None and condition.tools_offered != bool(prompt.tools):
        return f"expected {'tools' if condition.tools_offered else 'no tools'} to be offered."
    return ""


def _error(error: ScriptedError) -> QwenCodeError:
    match error.kind:
        case "unavailable":
            return BackendUnavailable(error.message)
        case "overflow":
            return ContextOverflow(error.message, window=error.window)
        case "misconfigured":
            return EndpointMisconfigured(error.message)
        case "backend":
            return BackendError(error.message)


def _fill(text: str, values: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda match: values[match[1]], text)


def _filled(value: Any, values: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return _fill(value, values)
    if isinstance(value, dict):
        return {key: _filled(item, values) for key, item in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [_filled(item, values) for item in cast("list[Any]", value)]
    return value
