"""Finds sessions by what was said in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from qwen_code.errors import SessionError
from qwen_code.sessions.lines import Record, decode_lines
from qwen_code.sessions.plain_text import one_line
from qwen_code.sessions.session_file import read_file
from qwen_code.sessions.summary import SessionSummary
from qwen_code.sessions.timeline import effective

_AROUND = 60
"""Characters shown before a hit."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One place in one session."""

    session: SessionSummary
    turn: int
    said_by: str
    """`you`, `model`, or a tool's name."""
    text: str
    """The words and what stands around them, on one line without control sequences."""


def search(sessions: Iterable[SessionSummary], words: str, *, per_session: int = 3) -> Iterator[Hit]:
    """Places that hold all of `words`, in any case and order; prompts, answers, calls and results count.

    What was rewound, and what can't be read, has no hits.
    """
    wanted = words.casefold().split()
    if not wanted:
        return
    for session in sessions:
        try:
            records = effective(decode_lines(read_file(session.path)).records)
        except SessionError:
            continue
        found, turn = 0, 0
        for record in records:
            turn += record.get("type") == "TurnStarted"
            said_by, text = _said(record)
            folded = text.casefold()
            if found < per_session and text and all(word in folded for word in wanted):
                found += 1
                at = max(0, folded.find(wanted[0]) - _AROUND)
                yield Hit(session, turn, said_by, one_line(("... " if at else "") + text[at:], 160))


def _said(record: Record) -> tuple[str, str]:
    """Who said what, for a person who looks for it."""
    match record:
        case {"type": "TurnStarted", "prompt": str(text)} | {"type": "Steered", "text": str(text)}:
            return "you", text
        case {"type": "AnswerEnded", "message": {"text": str(text)}}:
            return "model", text
        case {
            "type": "ToolFinished",
            "call": {"name": str(name), "arguments": dict()},
            "for_model": str(text),
        }:
            return name, f"{record['call']['arguments']} {text}"
        case {"type": "title", "title": str(text)}:
            return "title", text
        case _:
            return "", ""
