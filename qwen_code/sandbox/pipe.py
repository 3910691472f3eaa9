"""The pipe that a command prints into, read without blocking in pieces as large as the kernel gives."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from qwen_code.sandbox.output import Capture, LiveText

CHUNK_BYTES: Final = 256 * 1024
PIPE_BYTES: Final = 1024 * 1024
"""What an unprivileged process may ask for (pipe(7), F_SETPIPE_SZ); spares switches between both sides."""
TURN_BYTES: Final = 4 * 1024 * 1024
"""The most that is read before the event loop gets its turn."""
LIVE_S: Final = 0.1
PARTIAL_LINE_S: Final = 0.4
"""How long a line without its end is held back before it is shown."""


class OutputPipe:
    """Feeds a `Capture`, and a screen where there is one; the command prints into `end_for_child`."""

    def __init__(self, capture: Capture, live: LiveText | None) -> None:
        self._capture = capture
        self._live = live
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._descriptor, self.end_for_child = os.pipe()
        os.set_blocking(self._descriptor, False)
        self._widen()
        self._loop.add_reader(self._descriptor, self.drain)

    def drain(self) -> None:
        """Take what is there now."""
        taken = 0
        while taken < TURN_BYTES and self._descriptor >= 0:
            try:
                chunk = os.read(self._descriptor, CHUNK_BYTES)
            except BlockingIOError:
                break
            if not chunk:
                self._hang_up()
                break
            taken += len(chunk)
            self._capture.feed(chunk)
            if self._live is not None:
                self._live.feed(chunk)
        if taken and self._live is not None and self._timer is None:
            self._timer = self._loop.call_later(LIVE_S, self._show)

    def close_for_child(self) -> None:
        """Close the command's end here, once the command has its own."""
        os.close(self.end_for_child)

    def close(self) -> None:
        """Take and show the rest, then let go."""
        self.drain()
        self._hang_up()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._live:
            self._live.flush(partial=True)

    def _show(self) -> None:
        self._timer = None
        if self._live is not None:
            self._live.flush(partial=False)
            if self._live:
                self._timer = self._loop.call_later(PARTIAL_LINE_S, self._show_partial)

    def _show_partial(self) -> None:
        self._timer = None
        if self._live is not None:
            self._live.flush(partial=True)

    def _hang_up(self) -> None:
        if self._descriptor >= 0:
            self._loop.remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1

    def _widen(self) -> None:
        import fcntl

        if set_size := getattr(fcntl, "F_SETPIPE_SZ", None):
            try:
                fcntl.fcntl(self._descriptor, set_size, PIPE_BYTES)
            except OSError:
                return  # the user's share of pipe memory is used up; the default size does as well
