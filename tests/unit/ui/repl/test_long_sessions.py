from __future__ import annotations

import asyncio
import gc
import io
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path

from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import create_pipe_input

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
from qwen_code.settings.model import Settings
from qwen_code.tool import CommandBlock
from qwen_code.ui.painter import Painter
from qwen_code.ui.repl.activity import Activity
from qwen_code.ui.repl.record import Record
from qwen_code.ui.repl.repl import Repl
from qwen_code.ui.repl.screen import FrameOutput
from qwen_code.ui.repl.status import Meter
from qwen_code.ui.repl.transcript import Transcript
from tests.support.repl_app import FakeApp, Step

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


def calls_of(screen: Screen, turns: int) -> int:
    """How many functions run for so many turns: work that no busy machine changes."""
    count = 0

    def counted(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(counted)
    try:
        screen.play(turns)
    finally:
        sys.setprofile(None)
    return count


def test_an_event_costs_the_same_after_hours_as_at_the_beginning() -> None:
    screen = Screen()
    screen.play(25)
    early = calls_of(screen, 10)
    screen.play(200)
    assert calls_of(screen, 10) < 1.05 * early


class Blind(io.StringIO):
    """A terminal that nobody looks at."""

    def write(self, text: str, /) -> int:
        return len(text)


async def until(condition: Callable[[], bool]) -> None:
    for _ in iter(condition, True):
        await asyncio.sleep(0.001)


def test_two_hundred_turns_of_the_whole_program_keep_its_memory_flat(tmp_path: Path) -> None:
    steps: list[Step] = [*turn(1)]

    async def live() -> int:
        app = FakeApp(tmp_path)
        with create_pipe_input() as keys:
            size = Size(rows=40, columns=120)
            output = FrameOutput(Blind(), lambda: size, term="xterm-256color", enable_cpr=False)
            painter = Painter(120, environ={})
            history = tmp_path / "history"
            repl = Repl(Settings(), painter, directory=tmp_path, history=history, input=keys, output=output)
            running = asyncio.create_task(repl.run(app.open, None, None))
            await until(lambda: repl.turns is not None)

            async def work(turns: int) -> int:
                for _ in range(turns):
                    app.turns = [steps]
                    repl.submit("go on")
                    await until(lambda: not repl.busy and not repl.transcript.behind)
                gc.collect()
                return tracemalloc.get_traced_memory()[0]

            await work(40)
            tracemalloc.start()
            try:
                grown = -(await work(5)) + await work(155)
            finally:
                tracemalloc.stop()
            repl.leave(0)
            await running
        return grown

    assert asyncio.run(live()) < 400_000
