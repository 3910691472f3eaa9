"""From the records of a log back to the conversation that they tell of, message by message the same.

Whatever is missing or damaged, the result is a valid conversation: every call is answered, once, in the
order of the calls.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast, overload

from qwen_code.errors import SessionError
from qwen_code.events import Event, decode
from qwen_code.messages import INTERRUPTED, Message, ToolCall, Usage
from qwen_code.sessions.file_history import FileHistory
from qwen_code.sessions.lines import Record
from qwen_code.sessions.log import VERSION, SessionHeader
from qwen_code.sessions.timeline import effective


class RecordedEvents(Sequence[Event]):
    """The durable events of a log, decoded when they are looked at: a one-shot run never does."""

    def __init__(self, records: Sequence[Record]) -> None:
        self._records = records
        self._events: list[Event] | None = None

    def _decoded(self) -> list[Event]:
        if self._events is None:
            self._events = list(_events(self._records))
        return self._events

    def ending(self, turns: int) -> tuple[Sequence[Event], bool]:
        """The last `turns` turns, and whether there is more before them; the rest is not decoded."""
        starts = [n for n, record in enumerate(self._records) if record.get("type") == "TurnStarted"]
        if len(starts) <= turns:
            return self._decoded(), False
        return list(_events(self._records[starts[-turns] :])), True

    def __len__(self) -> int:
        return len(self._decoded())

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Event]: ...
    def __getitem__(self, index: int | slice) -> Event | Sequence[Event]:
        return self._decoded()[index]


def _events(records: Iterable[Record]) -> Iterator[Event]:
    for record in records:
        try:
            yield decode(record)
        except ValueError:  # a record of our own, or of another version
            continue


@dataclass(frozen=True, slots=True)
class Restored:
    """A session as far as its log tells."""

    header: SessionHeader
    messages: tuple[Message, ...]
    """Exactly those that the next request must begin with."""
    usage: Usage
    files_seen: dict[str, str]
    """SHA-256 of each file as the model last saw it, by path."""
    history: FileHistory
    turns: int
    """Prompts so far, also those that were rewound: the next one has the number after it."""
    title: str
    mode: str
    """As it was last chosen in this session; empty when it was not."""
    version: int
    """Of the format, the newest that wrote into the log."""
    warnings: tuple[str, ...]
    events: Sequence[Event]
    files_changed: tuple[str, ...] = ()
    """Absolute paths, in the order of their first change."""
    measured: tuple[int, int] | None = None
    """How many tokens the server counted for how many of the first messages, where it was told of them."""


@dataclass(slots=True)
class Telling:
    """The conversation as the log tells it, record by record."""

    preamble: str
    messages: list[Message] = field(default_factory=list[Message])
    open_calls: list[ToolCall] = field(default_factory=list[ToolCall])
    results: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    usage: Usage = field(default_factory=Usage)
    files_seen: dict[str, str] = field(default_factory=dict[str, str])
    title: str = ""
    mode: str = ""
    skipped: int = 0
    files_changed: dict[str, None] = field(default_factory=dict[str, None])
    measured: tuple[int, int] | None = None
    replaced: bool = False
    """The last message is one of a `conversation` record."""
    compacted: bool = False
    """A compaction was told of, and its conversation has not come."""

    def take(self, record: Record) -> None:
        match record:
            case {"type": "TurnStarted", "prompt": str(text)}:
                self.user(text)
            case {"type": "Steered", "text": str(text)}:
                self.user(text)
            case {"type": "Corrected", "text": str(text)}:
                self.user(text, by_harness=True)
            case {"type": "AnswerEnded", "message": message}:
                self.answer(message, record.get("usage"))
            case {"type": "ToolFinished", "call": {"id": str(call_id)}, "for_model": str(text)}:
                self.result(call_id, text)
                self.changed(record.get("files_changed"))
            case {"type": "conversation"}:
                self.replace(record.get("messages"))
            case {"type": "file_seen", "path": str(path), "sha256": str(digest)}:
                self.files_seen[path] = digest
            case {"type": "mode", "mode": str(mode)}:
                self.mode = mode
            case {"type": "title", "title": str(title)}:
                self.title = title
            case {"type": "Compacted"}:
                self.compacted = not self.replaced
                self.usage += decode_usage(record.get("usage"))
            case {"type": str(kind)} if kind not in _CARRYING:
                pass  # tells of no message, or is of another version
            case _:
                self.skipped += 1

    def user(self, text: str, *, by_harness: bool = False) -> None:
        self.close_calls()
        if self.preamble and not self.messages:
            text = f"{self.preamble}\n\n{text}"
        self.messages.append(Message("user", text, by_harness=by_harness))
        self.replaced = False

    def answer(self, value: object, usage: object) -> None:
        self.close_calls()
        message = decode_message(value)
        if message is None or message.role != "assistant":
            self.skipped += 1
            return
        told = decode_usage(usage)
        self.usage += told
        if told.prompt_tokens:  # what it thought is counted as written, and not sent again
            self.measured = (len(self.messages), told.prompt_tokens)
        if message.text or message.tool_calls:
            self.messages.append(message)
            self.open_calls = list(message.tool_calls)

    def changed(self, paths: object) -> None:
        if isinstance(paths, list):
            named = [path for path in cast("list[object]", paths) if isinstance(path, str)]
            self.files_changed.update(dict.fromkeys(named))

    def result(self, call_id: str, text: str) -> None:
        asked = sum(call.id == call_id for call in self.open_calls)
        given = self.results.setdefault(call_id, [])
        if len(given) < asked:
            given.append(text)
        else:  # nobody asked, or it is answered already
            self.skipped += 1

    def close_calls(self) -> None:
        """Answer the open calls in their order; what is missing was interrupted."""
        for call in self.open_calls:
            given = self.results.get(call.id)
            text = given.pop(0) if given else INTERRUPTED
            self.messages.append(Message("tool", text, tool_call_id=call.id))
        self.open_calls = []
        self.results = {}

    def replace(self, values: object) -> None:
        listed = cast("list[object]", values) if isinstance(values, list) else [None]
        whole = [message for value in listed if (message := decode_message(value)) is not None]
        if len(whole) < len(listed) or not _valid(whole):
            self.skipped += 1
            return
        self.messages, self.open_calls, self.results = whole, [], {}
        self.measured = None
        self.replaced, self.compacted = True, False


_CARRYING = frozenset(
    {"TurnStarted", "Corrected", "Steered", "AnswerEnded", "ToolFinished", "conversation", "file_seen"}
)


def restore(records: Sequence[Record], warnings: Sequence[str] = ()) -> Restored:
    """Replay `records`, the first of which is the header.

    Raises:
        SessionError: there is no header, so it is not known what the model was told.
    """
    if not records:
        raise SessionError("it is empty")
    header = SessionHeader.decode(records[0])
    current = effective(records)
    replay = Telling(header.preamble)
    for record in current[1:]:
        replay.take(record)
    replay.close_calls()
    told = list(warnings)
    version = _version(records)
    if version > VERSION:
        told.append("What only that version knows is left out.")
    if replay.skipped:
        told.append(f"{replay.skipped} records of the session could not be used and are left out.")
    if replay.compacted:
        told.append("The session was shortened, and the short form is missing; all of it is restored.")
    return Restored(
        header=header,
        messages=tuple(replay.messages),
        usage=replay.usage if len(current) == len(records) else _usage(records),
        files_seen=replay.files_seen,
        history=FileHistory(records),
        turns=sum(record.get("type") == "TurnStarted" for record in records),
        title=replay.title,
        mode=replay.mode,
        version=version,
        warnings=tuple(told),
        events=RecordedEvents(current),
        files_changed=tuple(replay.files_changed),
        measured=replay.measured,
    )


def _version(records: Sequence[Record]) -> int:
    versions = [records[0].get("v"), *(r.get("v") for r in records if r.get("type") == "version")]
    return max((v for v in versions if isinstance(v, int)), default=VERSION)


def _usage(records: Iterable[Record]) -> Usage:
    """Of all requests: what was rewound was paid for as well."""
    paid = (record for record in records if record.get("type") in ("AnswerEnded", "Compacted"))
    return sum((decode_usage(record.get("usage")) for record in paid), Usage())


def decode_message(value: object) -> Message | None:
    """A message of the log, or None when it is none.

    Done by hand: a resumed run must not wait for a validation library before its first request.
    """
    if not isinstance(value, dict):
        return None
    fields = cast(Record, value)
    role, calls = fields.get("role"), fields.get("tool_calls", [])
    texts = [fields.get("text"), fields.get("reasoning", ""), fields.get("tool_call_id", "")]
    if role not in ("user", "assistant", "tool") or not isinstance(calls, list):
        return None
    if not all(isinstance(text, str) for text in texts):
        return None
    decoded = [_call(call) for call in cast("list[object]", calls)]
    whole = tuple(call for call in decoded if call is not None)
    if len(whole) < len(decoded):
        return None
    text, reasoning, call_id = cast("list[str]", texts)
    return Message(role, text, reasoning, whole, call_id, fields.get("by_harness") is True)


def _call(value: object) -> ToolCall | None:
    fields = cast(Record, value) if isinstance(value, dict) else {}
    call_id, name, arguments = fields.get("id"), fields.get("name"), fields.get("arguments")
    if not isinstance(call_id, str) or not isinstance(name, str) or not isinstance(arguments, dict):
        return None
    return ToolCall(call_id, name, cast("dict[str, Any]", arguments))


def decode_usage(value: object) -> Usage:
    """Usage of the log; fields that are missing or no numbers count as nothing."""
    fields = cast(Record, value) if isinstance(value, dict) else {}

    def figure(name: str) -> Any:
        number = fields.get(name)
        return number if isinstance(number, (int, float)) and not isinstance(number, bool) else 0

    return Usage(
        figure("prompt_tokens"),
        figure("cached_tokens"),
        figure("completion_tokens"),
        figure("prefill_s"),
        figure("decode_s"),
        figure("cost_usd") if fields.get("cost_usd") is not None else None,
    )


def _valid(messages: Sequence[Message]) -> bool:
    """Whether every call is answered once, in order, before anything else is said."""
    waiting: list[str] = []
    for message in messages:
        if message.role == "tool":
            if not waiting or waiting.pop(0) != message.tool_call_id:
                return False
        elif waiting:
            return False
        waiting = waiting or [call.id for call in message.tool_calls]
    return not waiting
