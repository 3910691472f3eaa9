"""What a conversation becomes when it is shortened. Pure: messages in, messages out.

The first message (environment, instructions, task) stays, and so do the latest exchanges; what lies between
is replaced. Calls and their results are never parted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from qwen_code.agent.registry import PACKAGE
from qwen_code.backends.token_estimate import estimate_messages
from qwen_code.messages import Message, ToolCall

LEAST_OUTPUT = 300
"""Characters; a shorter result is hardly longer than the reference that would replace it."""

_REQUESTS = re.compile(r"<requests>\n(.*?)\n</requests>", re.DOTALL)
_ITEM = re.compile(r"^- ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the program knows of a session, whatever the model remembers."""

    files_changed: Sequence[str] = ()
    todos: Sequence[str] = ()
    """One line each, e.g. `[x] read the tests`."""
    running: Sequence[str] = ()
    """Background commands, one line each."""


@dataclass(frozen=True, slots=True)
class OutputsTaken:
    """Old results, to be saved before references take their place."""

    text: str
    """All of them, for one file."""
    lines: dict[int, tuple[int, int]]
    """By the message's index: its first and last line in that file, from 1."""


def tail_start(messages: Sequence[Message], budget: int) -> int:
    """Where the part begins that stays word for word: what the model has not answered yet, and before it as
    many whole exchanges as `budget` tokens hold. The first message is never part of it."""
    start = _unanswered(messages)
    room = budget
    for begin, end in reversed(_exchanges(messages[:start])):
        room -= estimate_messages(messages[begin:end])
        if room < 0 or begin < 1:
            break
        start = begin
    return max(start, 1)


def _unanswered(messages: Sequence[Message]) -> int:
    for index in range(len(messages) - 1, -1, -1):
        if messages[index].role == "assistant":
            return index if messages[index].tool_calls and index < len(messages) - 1 else index + 1
    return 1


def _exchanges(messages: Sequence[Message]) -> list[tuple[int, int]]:
    """Beginning and end of each user message, and of each answer with the results of its calls."""
    starts = [index for index, message in enumerate(messages) if message.role != "tool"]
    return list(zip(starts, [*starts[1:], len(messages)], strict=True))


def take_outputs(messages: Sequence[Message], end: int) -> OutputsTaken:
    """The long results among `messages[1:end]`."""
    calls = {call.id: call for message in messages for call in message.tool_calls}
    rows: list[str] = []
    lines: dict[int, tuple[int, int]] = {}
    for index, message in enumerate(messages[:end]):
        if message.role != "tool" or len(message.text) < LEAST_OUTPUT:
            continue
        rows += [f"=== {_described(calls.get(message.tool_call_id))}"]
        first = len(rows) + 1
        rows += message.text.split("\n")
        lines[index] = (first, len(rows))
    return OutputsTaken("\n".join(rows) + "\n", lines)


def with_references(messages: Sequence[Message], taken: OutputsTaken, path: Path) -> list[Message]:
    """`messages` with references to `path` in the place of the results that were taken."""
    shortened = list(messages)
    for index, (first, last) in taken.lines.items():
        text = f"[left out to make room: lines {first}-{last} of {path.name}]"
        shortened[index] = replace(messages[index], text=text)
    note = (
        "To make room, older tool results were replaced by references to a file. It is "
        f"{path}: where a detail is needed again, search it with grep_search or read those lines of it."
    )
    return [*shortened, Message("user", note, by_harness=True)]


def with_summary(
    messages: Sequence[Message],
    start: int,
    summary: str,
    *,
    by_model: bool,
    facts: Facts,
    requests_budget: int,
    saved_to: str,
) -> list[Message]:
    """The first message, the summary, and `messages[start:]`.

    Args:
        requests_budget: characters for what the person said in between, in their own words.
    """
    sections = [
        _requests(messages[1:start], requests_budget),
        f"Files changed so far: {', '.join(facts.files_changed)}" if facts.files_changed else "",
        "\n".join(["To-do list:", *facts.todos]) if facts.todos else "",
        "\n".join(["Still running:", *facts.running]) if facts.running else "",
        f"All that was said is in {saved_to}: where a detail is missing, search it with grep_search or read "
        "a part of it."
        if saved_to
        else "",
    ]
    template = (PACKAGE / "prompts" / "shortened.md").read_text("utf-8").strip()
    text = _filled(
        template,
        whose="This is your own summary" if by_model else "These are the program's notes",
        summary=summary.strip(),
        facts="".join(f"\n{section}\n" for section in sections if section),
    )
    return [messages[0], Message("user", text, by_harness=True), *messages[start:]]


def _filled(template: str, **values: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda match: values.get(match[1], match[0]), template)


def summary_request(words: int, focus: str) -> str:
    """The message that asks the model for a summary."""
    text = (PACKAGE / "prompts" / "compaction.md").read_text("utf-8").strip()
    asked = f"\n\nThe user wants kept above all: {focus.strip()}" if focus.strip() else ""
    return _filled(text, words=str(words)) + asked


def _requests(messages: Sequence[Message], budget: int) -> str:
    """What the person said, the newest first to be kept, in its order."""
    said: list[str] = []
    for message in messages:
        if message.role != "user":
            continue
        if not message.by_harness:
            said.append(message.text)
        elif earlier := _REQUESTS.search(message.text):
            said += [item.strip().replace("\n  ", "\n") for item in _ITEM.split(earlier[1])[1:]]
    kept: list[str] = []
    for text in reversed(said):
        allowed = budget if not kept else budget // 2
        if budget < 80:
            break
        text = text if len(text) <= allowed else f"{text[:allowed]} [...]"
        budget -= len(text)
        kept.insert(0, "- " + text.strip().replace("\n", "\n  "))
    if not kept:
        return ""
    items = "\n".join(kept)
    return f"What the user asked since the first message, in their words:\n<requests>\n{items}\n</requests>"


def digest(messages: Sequence[Message], budget: int) -> str:
    """Notes made without a model: what was said and called last, in `budget` characters."""
    notes: list[str] = []
    for message in reversed(messages):
        calls = [f"called {_described(call)}" for call in message.tool_calls]
        said = [f"said: {_line(message.text, 300)}"] if message.role == "assistant" and message.text else []
        for note in [*reversed(calls), *said]:
            budget -= len(note) + 3
            if budget < 0:
                return "\n".join(reversed(notes))
            notes.append(f"- {note}")
    return "\n".join(reversed(notes))


def as_text(messages: Sequence[Message]) -> str:
    """A conversation as a file that can be searched."""
    parts: list[str] = []
    for message in messages:
        parts.append(f"=== {message.role}")
        if message.text:
            parts.append(message.text)
        parts += [f"--- call {_described(call, None)}" for call in message.tool_calls]
    return "\n".join(parts) + "\n"


def _described(call: ToolCall | None, width: int | None = 200) -> str:
    if call is None:
        return "a result"
    text = f"{call.name} {json.dumps(call.arguments, ensure_ascii=False, default=str)}"
    return text if width is None else _line(text, width)


def _line(text: str, width: int) -> str:
    line = " ".join(text[: 4 * width].split())
    return line if len(line) <= width else line[: width - 3] + "..."
