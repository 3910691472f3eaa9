from __future__ import annotations

import gc
import tracemalloc

from qwen_code.events import (
    AnswerEnded,
    Event,
    Outcome,
    RequestStarted,
    TextDelta,
    ToolFinished,
    ToolOutput,
    ToolStarted,
    TurnEnded,
)
from qwen_code.messages import Message, ToolCall, Usage
from qwen_code.tool import CommandBlock
from qwen_code.ui.painter import Painter
from qwen_code.ui.repl.activity import Activity
from qwen_code.ui.repl.record import Record
from qwen_code.ui.repl.status import Meter
from qwen_code.ui.repl.transcript import Transcript

OUTPUT = "a line of output that is as long as such lines are\n" * 100


def turn(number: int) -> list[Event]:
    call = ToolCall(f"c{number}", "run_shell_command", {"command": "make"})
    text = f"Step {number}: run it.\n\n```python\nx = {number}\n```\n"
    return [
        RequestStarted(1),
        *(TextDelta(text[at : at + 5]) for at in range(0, len(text), 5)),
        AnswerEnded(Message("assistant", text, tool_calls=(call,)), Usage(9000, 8000, 40, decode_s=1.0)),
        ToolStarted(call, "make"),
        ToolOutput(call.id, OUTPUT),
        ToolFinished(call, True, OUTPUT, CommandBlock("make", "/", OUTPUT, 0)),
        TurnEnded(Outcome.DONE),
    ]


class Screen:
    """All that sees every event, without a terminal."""

    def __init__(self) -> None:
        self.parts = (Transcript(Painter(100, environ={}), lambda: 0.0), Meter(), Record(), Activity())

    def play(self, turns: int) -> None:
        """So many turns, drawn after every few events."""
        transcript, meter, record, activity = self.parts
        for number in range(turns):
            for count, event in enumerate(turn(number)):
                transcript.take(event)
                meter.take(event, 0.0)
                record.take(event)
                activity.take(event, 0.0)
                if count % 4 == 0:
                    transcript.settle()
                    transcript.live(20)


def test_a_session_of_hours_keeps_its_memory_flat() -> None:
    screen = Screen()
    screen.play(30)
    tracemalloc.start()
    try:
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        screen.play(120)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 400_000
