from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Callable
from pathlib import Path

from prompt_toolkit.data_structures import Size

from qwen_code.events import RequestStarted, TextDelta
from qwen_code.ui.repl.screen import FRAME_S, FrameOutput, terminal_output
from tests.support.repl_app import FakeApp, Hang, Pause, Step, says
from tests.support.repl_harness import ENTER, Driver, running_repl


def frames(person: Driver) -> int:
    return "".join(person.emulator.raw).count("\x1b[?2026h")


def during(
    root: Path, turn: list[Step], measure: Callable[[Driver], int], *, seconds: float
) -> tuple[int, float]:
    """How much `measure` grows in so many seconds after the prompt was sent, and how many it really were."""

    async def run() -> tuple[int, float]:
        app = FakeApp(root, [turn])
        async with running_repl(app.open, root) as person:
            await person.until(lambda: person.repl.turns is not None)
            await person.quiet()
            if turn:
                await person.type("go", ENTER)
            before, started = measure(person), time.monotonic()
            await asyncio.sleep(seconds)
            return measure(person) - before, time.monotonic() - started

    return asyncio.run(run())


def test_a_flood_of_text_is_drawn_in_few_frames(tmp_path: Path) -> None:
    turn: list[Step] = [
        RequestStarted(1),
        *[step for _ in range(300) for step in (TextDelta("word "), Pause(0.001))],
        Hang(),
    ]
    drawn, seconds = during(tmp_path, turn, frames, seconds=1.0)
    assert drawn <= seconds / FRAME_S + 5


def test_an_idle_prompt_draws_nothing_at_all(tmp_path: Path) -> None:
    assert during(tmp_path, [], lambda person: len(person.emulator.raw), seconds=0.6)[0] == 0


def test_a_frame_reaches_the_terminal_in_one_write(tmp_path: Path) -> None:
    async def run() -> list[str]:
        app = FakeApp(tmp_path, [says("One.\n\nTwo.\n\nThree.\n\n", 10)])
        async with running_repl(app.open, tmp_path) as person:
            await person.until(lambda: person.repl.turns is not None)
            await person.type("go", ENTER)
            await person.sees("Three.")
            await person.idle()
            return person.emulator.raw

    for write in asyncio.run(run()):
        assert write.count("\x1b[?2026h") == write.count("\x1b[?2026l")


def test_what_is_printed_is_never_printed_again(tmp_path: Path) -> None:
    paragraphs = [f"paragraph-{n}-end" for n in range(60)]

    async def run() -> str:
        app = FakeApp(tmp_path, [says("\n\n".join(paragraphs) + "\n\nlast one", 200)])
        async with running_repl(app.open, tmp_path) as person:
            await person.until(lambda: person.repl.turns is not None)
            await person.type("go", ENTER)
            await person.sees("last one")
            await person.idle()
            lines = person.emulator.lines()
            assert [line.strip() for line in lines if "paragraph" in line] == paragraphs
            return "".join(person.emulator.raw)

    raw = asyncio.run(run())
    assert all(raw.count(paragraph) <= 2 for paragraph in paragraphs)


def test_the_region_gives_rows_back_when_it_needs_fewer(tmp_path: Path) -> None:
    async def run() -> None:
        app = FakeApp(tmp_path)
        async with running_repl(app.open, tmp_path) as person:
            await person.until(lambda: person.repl.turns is not None)
            await person.type("one\n", "two\n", "three")
            await person.sees("three")
            await person.type("\x03")
            await person.loses("three")
            await person.sees("> Ask")
            await person.quiet()
            assert person.emulator.screen()[-1].strip().startswith("default")

    asyncio.run(run())


def size() -> Size:
    return Size(rows=24, columns=80)


def test_writing_to_a_lost_terminal_goes_nowhere_and_raises_nothing() -> None:
    class Gone(io.StringIO):
        def write(self, text: str, /) -> int:
            raise OSError(5, "Input/output error")

    output = FrameOutput(Gone(), size)
    output.lost = True
    output.begin_frame()
    output.write_raw("x")
    output.end_frame()


def test_a_terminal_without_a_size_is_taken_to_be_80_by_24(tmp_path: Path) -> None:
    with (tmp_path / "file").open("w") as file:
        assert terminal_output(file).get_size() == Size(rows=24, columns=80)
