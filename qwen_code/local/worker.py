"""One thread that owns the engine, and the bridge from it to asyncio.

llama.cpp's context belongs to the thread that uses it, and a token takes long enough to stall an event
loop, so every call is a job of this thread and every step of an answer comes back through the loop.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")


class Worker:
    """Runs jobs one after the other. Starts its thread at the first job."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    async def call(self, job: Callable[[], T]) -> T:
        """Run `job` on the thread. When the caller is cancelled the job still runs to its end."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def run() -> None:
            try:
                result = job()
            except BaseException as error:  # carried over to the caller, whatever it is
                _post(loop, _settle, future, None, error)
            else:
                _post(loop, _settle, future, result, None)

        self._submit(run)
        return await future

    def post(self, job: Callable[[], object]) -> None:
        """Run `job` after all that were given before. Nobody waits for it or hears of its failure."""

        def run() -> None:
            with suppress(Exception):
                job()

        self._submit(run)

    async def stream(
        self, job: Callable[[Callable[[T], None]], None], stop: Callable[[], None]
    ) -> AsyncGenerator[T, None]:
        """Run `job` on the thread and yield what it tells.

        When the caller leaves early, `stop` is called, which must make the job end soon; the job's own
        end is not waited for.
        """
        loop = asyncio.get_running_loop()
        told: asyncio.Queue[tuple[T] | BaseException | None] = asyncio.Queue()

        def run() -> None:
            end: BaseException | None = None
            try:
                job(lambda item: _post(loop, told.put_nowait, (item,)))
            except BaseException as error:  # carried over to the caller, whatever it is
                end = error
            _post(loop, told.put_nowait, end)

        self._submit(run)
        finished = False
        try:
            while (item := await told.get()) is not None:
                if isinstance(item, BaseException):
                    finished = True
                    raise item
                yield item[0]
            finished = True
        finally:
            if not finished:
                stop()

    async def aclose(self, last: Callable[[], None]) -> None:
        """Run `last` after all jobs and end the thread."""
        if self._thread is None:
            return
        await self.call(last)
        self._jobs.put(None)
        self._thread = None

    def _submit(self, job: Callable[[], None]) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()
        self._jobs.put(job)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()


def _post(loop: asyncio.AbstractEventLoop, call: Callable[..., Any], *arguments: Any) -> None:
    with suppress(RuntimeError):  # the loop was closed: nobody is left to tell
        loop.call_soon_threadsafe(call, *arguments)


def _settle(future: asyncio.Future[T], result: T, error: BaseException | None) -> None:
    if future.done():
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(result)
