"""Downloads a model while a bar in the prompt's place shows how far it is; Esc stops, a later try goes on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from rich.text import Text

from qwen_code.ui.painter import Line, Painter
from qwen_code.ui.quantities import duration
from qwen_code.ui.repl.panel import Key, Panel
from qwen_code.ui.terminal_text import clipped, shown_line
from qwen_code.ui.transfer import size

if TYPE_CHECKING:
    from qwen_code.local.library import ModelLibrary
    from qwen_code.ui.repl.questions import Ask

BAR_WIDTH = 30
_FRAME_S = 0.25


class Stopped(BaseException):
    """Ends a download from within its progress callback; no library may take it for a failure."""


class DownloadPanel(Panel[None]):
    """The bar. Dismissed means: stop."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self._file, self._here, self._total = "", 0, 0
        self._began: tuple[float, int] | None = None

    def progressed(self, file: str, here: int, total: int) -> None:
        if file != self._file or self._began is None:
            self._began = (time.monotonic(), here)
        self._file, self._here, self._total = file, here, total

    def done(self) -> None:
        self._answered(None)

    def lines(self, painter: Painter, rows: int) -> list[Line]:
        title = Text(f"Downloading {shown_line(self._name)}", "strong")
        if self._began is None:
            return [title, Text("  asking for the file · esc stops", "dim")]
        share = min(self._here / self._total, 1.0) if self._total else 0.0
        filled = round(share * BAR_WIDTH)
        line = Text("  ")
        if not painter.plain and painter.width >= BAR_WIDTH + 40:
            line.append("━" * filled, "bar.done").append("─" * (BAR_WIDTH - filled) + " ", "bar.rest")
        line.append(f"{share:.0%}  {size(self._here)} of {size(self._total)}")
        file = Text(f"  {clipped(shown_line(self._file), painter.width - 24)} · esc stops", "dim")
        return [title, line.append(self._left(), "dim"), file]

    def _left(self) -> str:
        began, from_here = self._began or (0.0, 0)
        seconds, fresh = time.monotonic() - began, self._here - from_here
        if seconds < 1 or fresh <= 0:
            return ""
        rate = fresh / seconds
        return f"  {size(int(rate))}/s, {duration((self._total - self._here) / rate)} left"

    def press(self, key: Key) -> None:
        """Only Esc means something."""


async def download(name: str, library: ModelLibrary, ask: Ask, refresh: Callable[[], None]) -> bool:
    """Get the model; False when the person stopped it.

    Raises:
        QwenCodeError: it could not be had; what has come stays and is used by the next try.
    """
    from qwen_code.local.download import pull

    panel, loop, shown = DownloadPanel(name), asyncio.get_running_loop(), 0.0

    def progress(file: str, here: int, total: int) -> None:
        nonlocal shown
        if panel.answer.done():
            raise Stopped
        panel.progressed(file, here, total)
        if time.monotonic() - shown > _FRAME_S:
            shown = time.monotonic()
            loop.call_soon_threadsafe(refresh)

    showing = asyncio.create_task(ask(panel))
    try:
        await asyncio.to_thread(pull, name, library, progress)
    except Stopped:
        return False
    finally:
        panel.done()
        await showing
    return True
