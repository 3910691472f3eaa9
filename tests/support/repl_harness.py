"""Runs the whole REPL inside the test: keys go in through a pipe, an emulator shows what comes out."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import PipeInput, create_pipe_input

from qwen_code.settings.model import Settings
from qwen_code.ui.painter import Painter
from qwen_code.ui.repl.port import AppFactory
from qwen_code.ui.repl.repl import Repl
from qwen_code.ui.repl.screen import FrameOutput
from tests.support.screen import Emulator

ESC, ENTER, CTRL_C, CTRL_D, CTRL_O, CTRL_Q, CTRL_J = "\x1b", "\r", "\x03", "\x04", "\x0f", "\x11", "\n"
UP, DOWN, TAB, SHIFT_TAB, ALT_ENTER = "\x1b[A", "\x1b[B", "\t", "\x1b[Z", "\x1b\r"
PATIENCE_S = 10.0


class _Tty(io.StringIO):
    """Where prompt-toolkit writes: straight into the emulator."""

    def __init__(self, emulator: Emulator) -> None:
        super().__init__()
        self._emulator = emulator

    def write(self, text: str, /) -> int:
        self._emulator.feed(text)
        return len(text)


class Driver:
    """The person at the terminal."""

    def __init__(self, repl: Repl, pipe: PipeInput, emulator: Emulator) -> None:
        self.repl = repl
        self.emulator = emulator
        self.input = self._pipe = pipe
        self.code: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def type(self, *keys: str) -> None:
        """Each argument reaches the program apart, as from a keyboard."""
        for key in keys:
            self._pipe.send_text(key)
            await asyncio.sleep(0.01 if key != ESC else 0.1)

    async def sees(self, text: str) -> None:
        """Wait until `text` is on the screen or in the scrollback."""
        await self.until(lambda: text in self.emulator.text(), f"{text!r} on the screen")

    async def loses(self, text: str) -> None:
        await self.until(lambda: text not in "\n".join(self.emulator.screen()), f"no {text!r} on the screen")

    async def until(self, condition: Callable[[], bool], what: str = "the condition") -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"waited in vain for {what}; the screen:\n{self.emulator.text()}")
            await asyncio.sleep(0.01)

    async def idle(self) -> None:
        """Wait until no turn runs and all is drawn."""
        await self.until(lambda: not self.repl.busy and not self.repl.transcript.behind, "an idle prompt")
        await asyncio.sleep(0.12)

    async def quiet(self) -> None:
        """Wait until what is on the screen has stood for a moment."""
        seen: list[str] | None = None
        while seen != self.emulator.painted():
            seen = self.emulator.painted()
            await asyncio.sleep(0.13)

    def resize(self, columns: int, rows: int) -> None:
        """What a terminal does when its window is dragged."""
        self.emulator.resize(columns, rows)
        os.kill(os.getpid(), signal.SIGWINCH)

    def close_input(self) -> None:
        self._pipe.close()

    async def left(self) -> int:
        async with asyncio.timeout(PATIENCE_S):
            return await self.code


@asynccontextmanager
async def running_repl(
    open_app: AppFactory,
    directory: Path,
    *,
    columns: int = 80,
    rows: int = 24,
    theme: str = "mono",
    settings: Settings | None = None,
    first_prompt: str | None = None,
    resume: str | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> AsyncGenerator[Driver, None]:
    """A REPL with a person in front of it; left with Ctrl+D at the end if it still runs."""
    settings = settings or Settings()
    emulator = Emulator(columns, rows)

    def size() -> Size:
        return Size(rows=emulator.rows, columns=emulator.columns)

    with create_pipe_input() as pipe:
        output = FrameOutput(_Tty(emulator), size, term="xterm-256color", enable_cpr=False)
        painter = Painter(columns, theme, environ={}, plain=settings.ui.screen_reader)
        repl = Repl(
            settings,
            painter,
            directory=directory,
            history=directory / ".history",
            input=pipe,
            output=output,
            clock=clock,
        )
        driver = Driver(repl, pipe, emulator)
        task = asyncio.create_task(repl.run(open_app, first_prompt, resume))
        task.add_done_callback(lambda done: _settle(done, driver.code))
        try:
            yield driver
        finally:
            if not task.done():
                repl.leave(0)
            await asyncio.wait([task])
            if not driver.code.done() or driver.code.exception() is not None:
                task.result()


def _settle(task: asyncio.Task[int], code: asyncio.Future[int]) -> None:
    if code.cancelled():
        return
    if error := task.exception():
        code.set_exception(error)
    else:
        code.set_result(task.result())
