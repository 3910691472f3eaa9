"""What this session's commands can look back on: the events that last, the last answer, the changes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from qwen_code.events import (
    AnswerEnded,
    Event,
    Steered,
    ToolFinished,
    TurnEnded,
    TurnStarted,
    VerificationFinished,
)
from qwen_code.tool import CommandBlock, DiffBlock

_LASTING = (TurnStarted, Steered, AnswerEnded, ToolFinished, VerificationFinished, TurnEnded)


class Record:
    """Fed with every event of the session, those of a resumed one too."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.changes: list[DiffBlock] = []
        self.last_answer = ""

    def take(self, event: Event) -> None:
        if not isinstance(event, _LASTING):
            return
        lean = replace(event, for_model="") if isinstance(event, ToolFinished) else event
        self.events.append(lean)
        match event:
            case AnswerEnded(message=message) if message.text:
                self.last_answer = message.text
            case ToolFinished(ok=True, for_user=DiffBlock() as block):
                self.changes.append(block)
            case _:
                pass


def as_markdown(events: Iterable[Event]) -> str:
    """The conversation as a document: prompts, answers, and each call with what came of it."""
    parts: list[str] = []
    for event in events:
        match event:
            case TurnStarted(prompt) | Steered(prompt):
                parts.append("\n".join(f"> {line}".rstrip() for line in prompt.split("\n")))
            case AnswerEnded(message=message) if message.text:
                parts.append(message.text)
            case ToolFinished():
                parts.append(_call(event))
            case TurnEnded(outcome=outcome, detail=detail) if detail:
                parts.append(f"*{outcome.value}: {detail}*")
            case _:
                pass
    return "\n\n".join(parts) + "\n"


def _call(event: ToolFinished) -> str:
    name, block = event.call.name, event.for_user
    outcome = "" if event.ok else " failed"
    if isinstance(block, DiffBlock):
        return f"**{name}** {block.path}{outcome}\n\n{_fenced(block.diff, 'diff')}"
    if isinstance(block, CommandBlock):
        shell = f"$ {block.command}\n{block.output}"
        return f"**{name}**{outcome}\n\n{_fenced(shell, '')}"
    return f"**{name}**{outcome}"


def _fenced(text: str, language: str) -> str:
    """`text` in a fence longer than any in it."""
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"
