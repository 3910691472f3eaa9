"""The terminal: finished lines are printed once above, one small region at the bottom is redrawn.

prompt-toolkit owns the region (live lines, input, status) and the keys. Everything else is ordinary output
that scrolls away into the terminal's own scrollback. Both reach the terminal in one write a frame, and frames
are limited by time, not by tokens.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TextIO

from prompt_toolkit.application import Application
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import Input
from prompt_toolkit.key_binding import KeyBindingsBase
from prompt_toolkit.layout import Layout
from prompt_toolkit.layout.screen import Screen as DrawnScreen
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.styles import DynamicStyle, Style

from qwen_code.ui.painter import Line, Painter
from qwen_code.ui.repl.reflow import extra_rows, reflows

FRAME_S = 0.1
"""Seconds between two frames while text streams."""
ESCAPE_S = 0.03
"""How long a lone Esc may be the beginning of a longer key; two of these pass before it counts."""

MOST_DEFECTS = 3
"""Defects that a session survives; one that comes back with every frame must not go on for ever."""

_DEPTHS = {
    "none": ColorDepth.DEPTH_1_BIT,
    "sixteen": ColorDepth.DEPTH_4_BIT,
    "many": ColorDepth.DEPTH_8_BIT,
    "all": ColorDepth.DEPTH_24_BIT,
}
_BEGIN_FRAME, _END_FRAME = "\x1b[?2026h", "\x1b[?2026l"
"""Synchronized output (https://gist.github.com/christianparpart/d8a62cc1ab659194337d73e399004036)."""

_ERASE_DOWN = "\x1b7\x1b[K\x1b[B\x1b[J\x1b8"
"""Save the cursor, clear its line, go down, clear the rest, come back."""


class FrameOutput(Vt100_Output):
    """Keeps what is written during a frame back until the frame is whole."""

    in_frame = False
    lost = False
    """The terminal is gone; what is written goes nowhere."""

    def flush(self) -> None:
        if self.in_frame:
            return
        try:
            super().flush()
        except OSError:
            self.lost = True
            self._discard()

    def _discard(self) -> None:
        """Let what is still buffered, and what others write, go nowhere instead of failing at the exit."""
        with suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.stdout.fileno())
            os.close(nowhere)

    def erase_down(self) -> None:
        """Clear from the cursor on, never with one sequence from the top left corner: there tmux takes it
        for a clear of the screen and moves what was on it into the scrollback, for ever."""
        self.write_raw(_ERASE_DOWN)

    def begin_frame(self) -> None:
        self.in_frame = True
        self.write_raw(_BEGIN_FRAME)

    def end_frame(self) -> None:
        self.write_raw(_END_FRAME)
        self.in_frame = False
        self.flush()


class Screen:
    """One running terminal front end.

    `settle` gives the lines to print above in this frame and says whether more wait; it is called at the
    beginning of every frame, so that what is printed and what is live always fit together. `complain` is told
    of defects in what keys and frames do; after a few of them the screen gives up and `run` raises the last.
    """

    def __init__(
        self,
        painter: Painter,
        layout: Layout,
        keys: KeyBindingsBase,
        settle: Callable[[], tuple[Sequence[Line], bool]],
        complain: Callable[[Exception], None],
        *,
        input: Input,
        output: FrameOutput,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self.painter = painter
        self.output = output
        self._settle = settle
        self._complain = complain
        self._defects = 0
        self._styled_for = ""
        self._menu_style = Style([])
        self._reflows = reflows(environ)
        self.painted = asyncio.Event()
        """Set once the first frame is on the terminal."""
        self._frame: asyncio.TimerHandle | None = None
        self._frame_is_next = False
        """Whether the frame that is due comes as soon as one may."""
        self._last_frame = 0.0
        self._behind = False
        self.app: Application[int] = Application(
            layout=layout,
            key_bindings=keys,
            style=DynamicStyle(self._style),
            input=input,
            output=output,
            color_depth=lambda: _DEPTHS[painter.colours],
            erase_when_done=True,
            include_default_pygments_style=False,
            enable_page_navigation_bindings=False,
            terminal_size_polling_interval=None,
        )
        self.app.ttimeoutlen = self.app.timeoutlen = ESCAPE_S
        self.app.before_render += self._begin_frame
        self.app.after_render += self._end_frame

    def _style(self) -> Style:
        """prompt-toolkit's own parts in the theme's colours: the menu of completions."""
        if self._styled_for != self.painter.theme:
            self._styled_for = self.painter.theme
            self._menu_style = _menu_style(self.painter)
        return self._menu_style

    async def run(self) -> int:
        """Draw and take keys until `leave`; the terminal is as it was before when this returns."""
        loop = asyncio.get_running_loop()
        # once prompt-toolkit has set its own handler, which knows nothing of terminals that wrap rows anew
        loop.call_soon(loop.add_signal_handler, signal.SIGWINCH, self._resized)
        loop.set_exception_handler(self._defect)
        try:
            return await self.app.run_async(set_exception_handler=False)
        finally:
            loop.set_exception_handler(None)
            self._cancel_frame()
            self.output.in_frame = False
            self.output.flush()

    def leave(self, code: int) -> None:
        """Stop drawing; what is still to be printed is printed."""
        if self._is_open:
            self.app.exit(result=code)

    @property
    def _is_open(self) -> bool:
        return self.app.is_running and self.app.future is not None and not self.app.future.done()

    def _defect(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if not isinstance(error, Exception):
            loop.default_exception_handler(context)
            return
        self._defects += 1
        self.output.in_frame = False
        if self._defects <= MOST_DEFECTS:
            self._complain(error)
        elif self._is_open:
            self.app.exit(exception=error)

    def refresh(self, after_s: float = 0.0) -> None:
        """Something changed: draw it in the next frame, which comes no sooner than frames may."""
        if (self._frame_is_next and not after_s) or not self.app.is_running:
            return
        loop = asyncio.get_running_loop()
        due = max(self._last_frame + FRAME_S, loop.time() + after_s)
        if self._frame is not None:
            if self._frame.when() <= due:
                return
            self._frame.cancel()
        self._frame = loop.call_at(due, self._due)
        self._frame_is_next = not after_s

    def refresh_now(self) -> None:
        """Draw at once: the answer to a key."""
        if self.app.is_running:
            self.app.invalidate()

    def send_sequence(self, sequence: str) -> None:
        """Write a control sequence of our own that moves nothing on the screen."""
        self.output.write_raw(sequence)
        self.output.flush()

    def _resized(self) -> None:
        last = self.app.renderer.last_rendered_screen
        if last is not None and self._reflows:
            cursor = last.get_cursor_position(self.app.layout.current_window)
            widths = [_row_width(last, row) for row in range(cursor.y)]
            extra = extra_rows([*widths, cursor.x + 1], self.output.get_size().columns)
            if extra:
                self.output.cursor_up(extra)
        self.app.renderer.erase()
        self.app.invalidate()

    def _due(self) -> None:
        self._frame = None
        self._frame_is_next = False
        self.app.invalidate()

    def _cancel_frame(self) -> None:
        if self._frame is not None:
            self._frame.cancel()
            self._frame = None
            self._frame_is_next = False

    def _begin_frame(self, app: Application[int]) -> None:
        self.output.begin_frame()
        self._last_frame = asyncio.get_running_loop().time()
        size = self.output.get_size()
        self.painter.width = size.columns
        lines, more = self._settle()
        if lines:
            app.renderer.erase()
            self.output.write_raw(self.painter.ansi(lines))
        elif self._shrinks(size):
            app.renderer.erase()
        self._behind = more

    def _end_frame(self, app: Application[int]) -> None:
        self.output.end_frame()
        self.painted.set()
        if self._behind:
            app.invalidate()
        if self.output.lost:
            self.leave(128 + signal.SIGHUP)

    def _shrinks(self, size: Size) -> bool:
        """Whether the region needs fewer rows than it has; prompt-toolkit alone never gives rows back."""
        last = self.app.renderer.last_rendered_screen
        if last is None:
            return False
        wanted = self.app.layout.container.preferred_height(size.columns, size.rows).preferred
        return wanted < last.height


def _menu_style(painter: Painter) -> Style:
    plain = "bg:default fg:default noreverse"
    chosen, dim = painter.ptk_style("menu.chosen"), painter.ptk_style("dim")
    return Style(
        [
            ("completion-menu", plain),
            ("completion-menu.completion", plain),
            ("completion-menu.meta.completion", f"{plain} {dim}"),
            ("completion-menu.completion.current", f"{plain} {chosen}"),
            ("completion-menu.meta.completion.current", f"{plain} {chosen}"),
            ("scrollbar.background", plain),
            ("scrollbar.button", f"{plain} reverse"),
        ]
    )


def _row_width(drawn: DrawnScreen, row: int) -> int:
    """Columns that the row takes, blanks at its end not counted."""
    cells = drawn.data_buffer[row]
    return max((column + cell.width for column, cell in cells.items() if cell.char.strip()), default=0)


def terminal_output(stream: TextIO | None = None) -> FrameOutput:
    """The process's terminal. Never asks it for the cursor's position: answers get lost over slow links."""
    stdout = stream or sys.stdout
    return FrameOutput(stdout, terminal_size(stdout), term=os.environ.get("TERM"), enable_cpr=False)


def terminal_size(stream: TextIO) -> Callable[[], Size]:
    """Asks for the size each time; a terminal that claims to have none is taken to be 80 by 24."""
    from os import get_terminal_size

    def size() -> Size:
        try:
            columns, rows = get_terminal_size(stream.fileno())
        except OSError:
            columns, rows = 0, 0
        return Size(rows=rows or 24, columns=columns or 80)

    return size
