from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import aclosing

import pytest

from qwen_code.local.worker import Worker


def test_jobs_run_one_after_the_other_on_one_thread_of_their_own() -> None:
    async def main() -> None:
        worker = Worker("model")
        threads = await asyncio.gather(*(worker.call(threading.current_thread) for _ in range(5)))
        assert {thread.name for thread in threads} == {"model"}
        assert threading.current_thread() not in threads
        await worker.aclose(lambda: None)

    asyncio.run(main())


def test_results_and_errors_come_back_to_the_caller() -> None:
    def fail() -> None:
        raise ValueError("no")

    async def main() -> None:
        worker = Worker("model")
        assert await worker.call(lambda: 3) == 3
        with pytest.raises(ValueError, match="no"):
            await worker.call(fail)
        assert await worker.call(lambda: 4) == 4
        await worker.aclose(lambda: None)

    asyncio.run(main())


def test_what_a_job_tells_arrives_in_order_and_then_its_error() -> None:
    def job(tell: Callable[[int], None]) -> None:
        for n in range(100):
            tell(n)
        raise RuntimeError("end")

    async def main() -> None:
        worker = Worker("model")
        got: list[int] = []

        async def read() -> None:
            async for item in worker.stream(job, lambda: None):
                got.append(item)

        with pytest.raises(RuntimeError, match="end"):
            await read()
        assert got == list(range(100))
        await worker.aclose(lambda: None)

    asyncio.run(main())


def test_leaving_a_stream_early_stops_its_job_and_the_next_one_runs() -> None:
    stopped = threading.Event()

    def job(tell: Callable[[int], None]) -> None:
        tell(1)
        assert stopped.wait(10)

    async def main() -> None:
        worker = Worker("model")
        async with aclosing(worker.stream(job, stopped.set)) as items:
            async for _ in items:
                break
        assert stopped.is_set()
        assert await worker.call(lambda: "next") == "next"
        await worker.aclose(lambda: None)

    asyncio.run(main())


def test_cancelling_the_reader_stops_the_job_too() -> None:
    stopped = threading.Event()
    started = threading.Event()

    def job(tell: Callable[[int], None]) -> None:
        started.set()
        assert stopped.wait(10)

    async def main() -> None:
        worker = Worker("model")

        async def read() -> None:
            async with aclosing(worker.stream(job, stopped.set)) as items:
                async for _ in items:
                    pass

        task = asyncio.create_task(read())
        await asyncio.to_thread(started.wait)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert stopped.is_set()
        await worker.aclose(lambda: None)

    asyncio.run(main())


def test_a_finished_stream_is_not_stopped() -> None:
    def stop() -> None:
        raise AssertionError("stopped")

    async def main() -> None:
        worker = Worker("model")
        assert [n async for n in worker.stream(lambda tell: tell(1), stop)] == [1]
        await worker.aclose(lambda: None)

    asyncio.run(main())


def test_closing_runs_the_last_job_and_ends_the_thread() -> None:
    async def main() -> None:
        worker = Worker("model")
        thread = await worker.call(threading.current_thread)
        last: list[str] = []
        await worker.aclose(lambda: last.append("closed"))
        assert last == ["closed"]
        await asyncio.to_thread(thread.join, 10)
        assert not thread.is_alive()

    asyncio.run(main())


def test_closing_what_never_ran_starts_nothing() -> None:
    async def main() -> None:
        before = threading.active_count()
        await Worker("model").aclose(lambda: pytest.fail("ran"))
        assert threading.active_count() == before

    asyncio.run(main())
