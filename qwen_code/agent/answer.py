"""Collects one answer from the stream of a backend, and tells the front end as it comes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from qwen_code.agent.executor import Tell
from qwen_code.chunks import (
    BadCall,
    CallChunk,
    CallStarted,
    Chunk,
    Finish,
    FinishReason,
    PrefillProgress,
    ReasoningChunk,
    Retrying,
    TextChunk,
    Waiting,
)
from qwen_code.events import (
    CallDrafted,
    PrefillProgressed,
    ReasoningDelta,
    Retried,
    TextDelta,
    Waited,
)
from qwen_code.messages import Message, ToolCall, Usage


@dataclass(slots=True)
class Answer:
    """What has come of one answer so far; complete once the stream has ended."""

    text: list[str] = field(default_factory=list[str])
    reasoning: list[str] = field(default_factory=list[str])
    calls: list[ToolCall] = field(default_factory=list[ToolCall])
    lost_calls: list[BadCall] = field(default_factory=list[BadCall])
    """Calls that the model tried and that can't be run: cut off, or not readable."""
    reason: FinishReason = "stop"
    usage: Usage = field(default_factory=Usage)

    @property
    def message(self) -> Message:
        return Message("assistant", "".join(self.text).strip(), "".join(self.reasoning), tuple(self.calls))

    async def collect(self, chunks: AsyncIterator[Chunk], tell: Tell) -> None:
        """Read `chunks` to their end."""
        async for chunk in chunks:
            self.take(chunk, tell)

    def take(self, chunk: Chunk, tell: Tell) -> None:
        """Add one chunk, and tell of it."""
        match chunk:
            case TextChunk(text):
                self.text.append(text)
                tell(TextDelta(text))
            case ReasoningChunk(text):
                self.reasoning.append(text)
                tell(ReasoningDelta(text))
            case CallStarted(name):
                tell(CallDrafted(name))
            case CallChunk(call):
                self.calls.append(call)
            case BadCall():
                if chunk.kind in ("truncated", "malformed"):
                    self.lost_calls.append(chunk)
            case PrefillProgress(done, total, cached):
                tell(PrefillProgressed(done, total, cached))
            case Waiting(seconds):
                tell(Waited(seconds))
            case Retrying(attempt, reason, wait_s):
                self._forget()
                tell(Retried(attempt, reason, wait_s))
            case Finish(reason, usage):
                self.reason, self.usage = reason, usage

    def _forget(self) -> None:
        """The attempt failed; the next one answers from the beginning."""
        self.text.clear()
        self.reasoning.clear()
        self.calls.clear()
        self.lost_calls.clear()
