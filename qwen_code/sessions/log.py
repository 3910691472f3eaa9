"""The session on disk: an append-only log that survives a crash at any moment.

The first record is the header: what was sent to the model once and must be sent again byte by byte after
`--resume`. Then come the durable events of the agent, and small records of our own (`file_seen`, `mode`,
`title`, `conversation`). One process writes a session at a time.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from qwen_code.errors import SessionError
from qwen_code.events import (
    AnswerEnded,
    Compacted,
    Corrected,
    Event,
    Steered,
    ToolFinished,
    TurnEnded,
    TurnStarted,
    VerificationFinished,
    encode,
)
from qwen_code.messages import Message, ToolSpec
from qwen_code.sessions.lines import Record, encode_line
from qwen_code.sessions.session_file import try_lock
from qwen_code.settings.atomic_file import make_private, sync_directory

VERSION = 2
"""Of the format. Readers ignore what they do not know, so it only grows when old readers would go wrong: they
would take what was rewound for what was said. A file of version 1 is one of version 2."""

_DURABLE = (
    TurnStarted,
    Steered,
    AnswerEnded,
    ToolFinished,
    Corrected,
    VerificationFinished,
    Compacted,
    TurnEnded,
)


def now() -> str:
    """The local time as ISO 8601 with its offset."""
    text = time.strftime("%Y-%m-%dT%H:%M:%S%z")
    return f"{text[:-2]}:{text[-2:]}"


@dataclass(frozen=True, slots=True)
class SessionHeader:
    """What stays the same for a session's whole life."""

    id: str
    cwd: str
    created: str
    """As `now` gives it."""
    version: str
    """Of the program."""
    model: str
    git_branch: str
    system: str
    tools: tuple[ToolSpec, ...]
    preamble: str
    """Opens the first user message."""
    forked_from: str = ""

    def encode(self) -> Record:
        """The first record of the log."""
        tools = [
            {"name": t.name, "description": t.description, "parameters": t.parameters} for t in self.tools
        ]
        fields = {name: getattr(self, name) for name in _TEXTS}
        return {"type": "header", "v": VERSION, **fields, "tools": tools}

    @classmethod
    def decode(cls, record: Mapping[str, Any]) -> SessionHeader:
        """The inverse of `encode`; what other versions have besides is left out.

        Raises:
            SessionError: not a header.
        """
        texts = {name: record.get(name, "") for name in _TEXTS}
        tools: Any = record.get("tools", [])
        if record.get("type") != "header" or not all(isinstance(text, str) for text in texts.values()):
            raise SessionError("its first line is not the header of a session")
        try:
            specs = tuple(_tool(tool) for tool in tools)
        except (TypeError, KeyError):
            raise SessionError("its header has no valid list of tools") from None
        return cls(**texts, tools=specs)


_TEXTS = ("id", "cwd", "created", "version", "model", "git_branch", "system", "preamble", "forked_from")


def _tool(value: Mapping[str, Any]) -> ToolSpec:
    name, description, parameters = value["name"], value["description"], value["parameters"]
    if not isinstance(name, str) or not isinstance(description, str) or not isinstance(parameters, dict):
        raise TypeError
    return ToolSpec(name, description, cast("dict[str, Any]", parameters))


class SessionLog:
    """Appends records to one session's file, one write and one fsync each.

    A disk that fails does not stop the run: it is told once, what could not be written is kept and
    written with the next record that can.
    """

    def __init__(
        self, session_id: str, path: Path, fd: int | None, on_failure: Callable[[str], None], turns: int = 0
    ) -> None:
        self.id = session_id
        self.path = path
        self.title = ""
        self.turns = turns
        """Prompts so far; stamped on each TurnStarted so that a list of sessions need not count them."""
        self._fd = fd
        self._on_failure = on_failure
        self._told = False
        self._unwritten: list[bytes] = []
        self._torn = False

    @classmethod
    def create(cls, path: Path, header: SessionHeader, on_failure: Callable[[str], None]) -> SessionLog:
        """A new file with its header. Where none can be made, the log says so and keeps nothing.

        Raises:
            FileExistsError: there is such a session.
        """
        try:
            make_private(path.parent)
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            raise
        except OSError as error:
            log = cls(header.id, path, None, on_failure)
            log._fail(error)
            return log
        log = cls(header.id, path, fd, on_failure)
        try_lock(fd)
        log.append(header.encode())
        sync_directory(path.parent)
        return log

    def append(self, record: Mapping[str, Any]) -> None:
        """Make `record` durable. Never raises for the disk's sake; see the class."""
        if self._fd is None:
            return
        stamped = {**record, "at": record.get("at") or round(time.time(), 3)}
        if record.get("type") == TurnStarted.__name__:
            self.turns += 1
            stamped |= {"turn": self.turns, "title": self.title}
        try:
            self._unwritten.append(encode_line(stamped))
        except (ValueError, TypeError, RecursionError) as error:
            self._fail(error)
            return
        self._write(self._fd)

    def _write(self, fd: int) -> None:
        # a line that failed half-way and could not be taken back is ended first
        data = (b"\n" if self._torn else b"") + b"".join(self._unwritten)
        try:
            size = os.fstat(fd).st_size
            try:
                rest = memoryview(data)
                while rest:
                    rest = rest[os.write(fd, rest) :]
            except OSError:
                self._torn = True
                os.ftruncate(fd, size)
                self._torn = False
                raise
            self._torn = False
            self._unwritten.clear()
            os.fsync(fd)
        except OSError as error:
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        if self._told:
            return
        self._told = True
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        self._on_failure(
            f"The session can't be saved in {self.path}: {reason.lower()}. "
            "It goes on, but what is not saved can't be resumed."
        )

    def close(self) -> None:
        """Write what is left, and let other processes write this session."""
        if self._fd is None:
            return
        if self._unwritten:
            self._write(self._fd)
        os.close(self._fd)
        self._fd = None


class SessionRecorder:
    """Keeps of the agent's events what a later process needs."""

    def __init__(self, log: SessionLog) -> None:
        self._log = log

    def record(self, event: Event) -> None:
        """Append `event` if it is one of those that change the conversation or end a turn."""
        if isinstance(event, _DURABLE):
            self._log.append(encode(event))

    def file_seen(self, path: str, sha256: str) -> None:
        """The model knows this content of `path`."""
        self._log.append({"type": "file_seen", "path": path, "sha256": sha256})

    def mode(self, mode: str) -> None:
        """The person chose how much runs without a question."""
        self._log.append({"type": "mode", "mode": mode})

    def title(self, title: str) -> None:
        """The person named the session."""
        self._log.title = title
        self._log.append({"type": "title", "title": title})

    def conversation(self, messages: Sequence[Message]) -> None:
        """The conversation was replaced, by compaction or rewinding; these are all its messages now."""
        self._log.append({"type": "conversation", "messages": [encode_message(m) for m in messages]})


def encode_message(message: Message) -> Record:
    """`message` as JSON, as `events.encode` has it."""
    calls = [{"id": c.id, "name": c.name, "arguments": c.arguments} for c in message.tool_calls]
    return {
        "role": message.role,
        "text": message.text,
        "reasoning": message.reasoning,
        "tool_calls": calls,
        "tool_call_id": message.tool_call_id,
        "by_harness": message.by_harness,
    }
