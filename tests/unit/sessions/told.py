"""Sessions for tests: events as the agent tells them, beside the conversation that it has meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from qwen_code.agent.conversation import Conversation
from qwen_code.events import (
    AnswerEnded,
    Corrected,
    Event,
    Outcome,
    Steered,
    ToolFinished,
    TurnEnded,
    TurnStarted,
)
from qwen_code.messages import Message, ToolCall, ToolSpec, Usage
from qwen_code.sessions.log import SessionHeader, SessionLog, SessionRecorder

TOOLS = (
    ToolSpec("edit", "Änders. \u2028", {"type": "object", "properties": {"b": {}, "a": {"type": "string"}}}),
    ToolSpec("read_file", "Reads.", {"type": "object", "properties": {}, "required": []}),
)


def header(session_id: str = "s1", *, preamble: str = "<environment>\nx\n</environment>") -> SessionHeader:
    return SessionHeader(
        id=session_id,
        cwd="/srv/app",
        created="2026-11-04T15:30:12+01:00",
        version="0.1.0",
        model="qwen3-coder",
        git_branch="main",
        system="You are…\r\n\ttools \ud800 follow.",
        tools=TOOLS,
        preamble=preamble,
    )


@dataclass
class Told:
    """What the agent would do with its conversation and what it would tell of it."""

    conversation: Conversation
    events: list[Event] = field(default_factory=list[Event])

    def tell(self, *events: Event) -> None:
        self.events += events

    def user(self, text: str, kind: str = "turn") -> None:
        self.conversation.add_user(text)
        match kind:
            case "turn":
                self.tell(TurnStarted(text))
            case "steered":
                self.tell(Steered(text))
            case _:
                self.tell(Corrected("loop", text))

    def answer(self, text: str, *calls: ToolCall, reasoning: str = "") -> list[ToolCall]:
        message = self.conversation.add_answer(Message("assistant", text, reasoning, calls))
        self.tell(AnswerEnded(message, Usage(10, 5, 2, cost_usd=0.5)))
        return list(message.tool_calls)

    def results(self, finished: list[tuple[ToolCall, str]]) -> None:
        """The results in the order in which they come; calls that are not among them were interrupted."""
        for call, text in finished:
            self.tell(ToolFinished(call, True, text))
        self.conversation.add_results({call.id: text for call, text in finished})

    def end(self) -> None:
        self.tell(TurnEnded(Outcome.DONE))


def told(preamble: str = "") -> Told:
    return Told(Conversation("", (), preamble=preamble))


def short_session() -> Told:
    """Two turns with calls, whose results come in another order."""
    session = told(header().preamble)
    session.user("fix it")
    one, two = session.answer(
        "", ToolCall("0", "read_file", {"file_path": "a.py"}), ToolCall("1", "edit", {"é": [1, {"x": None}]})
    )
    session.results([(two, "edited"), (one, "1\tx\n2\ty\u2028z")])
    session.answer("Done.\n", reasoning="hm")
    session.end()
    session.user("and now?")
    session.answer("Nothing.")
    session.end()
    return session


def write(path: Path, session: Told, session_id: str = "s1") -> None:
    log = SessionLog.create(path, header(session_id), on_failure=_fail)
    recorder = SessionRecorder(log)
    for event in session.events:
        recorder.record(event)
    log.close()


def _fail(sentence: str) -> None:
    raise AssertionError(sentence)
