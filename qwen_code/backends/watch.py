"""Watches a stream for silence: says how long it lasts, and ends it when it lasts too long."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from qwen_code.backends.attempt import Transient
from qwen_code.chunks import Chunk, PrefillProgress, Waiting

TICK_S = 5.0
"""How often silence is told."""
KEEPALIVE_PATIENCE = 4
"""A server that only says that it is still there gets this many times the limit, not for ever."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How much silence is normal, in seconds."""

    first_s: float
    """Until the first chunk; covers connecting, queueing and prefill."""
    idle_s: float
    """Between chunks once there was one."""
    tick_s: float = TICK_S


class Sink:
    """Where the reader of a stream puts what it has read."""

    def __init__(self) -> None:
        self.chunks: deque[Chunk] = deque()
        self._answering = False
        self._last_chunk = self._last_sign = time.monotonic()
        self._wake: asyncio.Future[None] | None = None

    def put(self, chunks: list[Chunk]) -> None:
        if chunks:
            # A server that tells of its prefill may take as long for each batch as for a whole short prompt.
            self._answering = not isinstance(chunks[-1], PrefillProgress)
            self._last_chunk = self._last_sign = time.monotonic()
            self.chunks.extend(chunks)
            self.wake()

    def keepalive(self) -> None:
        """The server said that it is still there, and nothing else."""
        self._last_sign = time.monotonic()

    def wake(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    async def wait(self, seconds: float) -> None:
        """Return when there is something new, at the latest after `seconds`."""
        loop = asyncio.get_running_loop()
        self._wake = loop.create_future()
        timer = loop.call_later(seconds, self.wake)
        try:
            await self._wake
        finally:
            timer.cancel()
            self._wake = None

    def silence(self, patience: Patience) -> tuple[float, float]:
        """Seconds without a chunk, and how many of them are normal at this point."""
        now = time.monotonic()
        limit = patience.idle_s if self._answering else patience.first_s
        if now - self._last_sign < limit and self._last_sign > self._last_chunk:
            limit *= KEEPALIVE_PATIENCE
        return now - self._last_chunk, limit


async def watched(
    read: Callable[[Sink], Coroutine[Any, Any, None]], patience: Patience
) -> AsyncGenerator[Chunk, None]:
    """What `read` puts into its sink, with a Waiting about every `tick_s` while there is nothing.

    `read` runs as a task of its own, so that the server's silence is measured and not the reader's of this
    generator; it is cancelled when the generator is closed.

    Raises:
        Transient: nothing came for too long.
    """
    sink = Sink()
    reader = asyncio.create_task(read(sink))
    reader.add_done_callback(lambda _: sink.wake())
    try:
        while True:
            while sink.chunks:
                yield sink.chunks.popleft()
            if reader.done():
                reader.result()
                return
            silent, limit = sink.silence(patience)
            if silent >= limit:
                raise Transient(f"nothing came from the server for {max(1, round(silent))} s")
            tick = (silent // patience.tick_s + 1) * patience.tick_s
            await sink.wait(min(tick, limit) - silent)
            silent, _ = sink.silence(patience)
            if silent >= tick and not sink.chunks:
                yield Waiting(silent)
    finally:
        reader.cancel()
        # Not `await reader`: its own cancellation must not be mistaken for one of the task that runs this.
        await asyncio.wait([reader])
        if not reader.cancelled():
            reader.exception()
