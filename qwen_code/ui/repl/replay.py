"""Shows again what happened in a stored session: the end of it, at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.text import Text

from qwen_code.events import AnswerEnded, Event, TextDelta, ToolFinished, ToolStarted, TurnStarted
from qwen_code.sessions.restore import RecordedEvents
from qwen_code.tool import CommandBlock, DiffBlock
from qwen_code.ui.painter import Line, Painter
from qwen_code.ui.repl.transcript import Transcript

TURNS_SHOWN = 3
LINES_SHOWN = 300


def ending(events: Sequence[Event]) -> tuple[Sequence[Event], bool]:
    """The last turns of a session, and whether there is more before them."""
    if isinstance(events, RecordedEvents):
        return events.ending(TURNS_SHOWN)
    starts = [number for number, event in enumerate(events) if isinstance(event, TurnStarted)]
    first = starts[-TURNS_SHOWN] if len(starts) > TURNS_SHOWN else 0
    return events[first:], first > 0


def replayed(events: Sequence[Event], painter: Painter, clock: Callable[[], float]) -> list[Line]:
    """The last turns of `events` (those that a session log keeps: no deltas, no live output)."""
    shown, earlier = ending(events)
    transcript = Transcript(painter, clock)
    lines: list[Line] = []
    for event in shown:
        match event:
            case TurnStarted(prompt):
                lines += transcript.settle(None)
                transcript.prompt(prompt)
            case AnswerEnded(message=message):
                transcript.take(TextDelta(message.text))
                transcript.take(event)
            case ToolFinished():
                transcript.take(ToolStarted(event.call, _title(event)))
                transcript.take(event)
            case ToolStarted():
                pass
            case _:
                transcript.take(event)
        lines += transcript.settle(None)
    hidden = earlier or len(lines) > LINES_SHOWN
    if hidden:
        lines = [
            Text(),
            Text("· Earlier parts of this session are not shown again.", "dim"),
            *lines[-LINES_SHOWN:],
        ]
    return lines


def _title(event: ToolFinished) -> str:
    """What the call was about, as far as its result and arguments tell."""
    match event.for_user:
        case DiffBlock(path=path):
            return path
        case CommandBlock(command=command):
            return command
        case _:
            words = [value for value in event.call.arguments.values() if isinstance(value, str)]
            return words[0] if words else ""
