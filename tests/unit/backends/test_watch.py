from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import aclosing
from typing import Any

import pytest

from qwen_code.backends.attempt import Transient
from qwen_code.backends.watch import Patience, Sink, watched
from qwen_code.chunks import Chunk, PrefillProgress, TextChunk, Waiting

SHORT = Patience(first_s=0.2, idle_s=0.2, tick_s=0.05)


def watch(read: Callable[[Sink], Coroutine[Any, Any, None]], patience: Patience = SHORT) -> list[Chunk]:
    async def collect() -> list[Chunk]:
        return [chunk async for chunk in watched(read, patience)]

    return asyncio.run(collect())


def test_chunks_come_in_order_and_the_end_ends_it() -> None:
    async def read(sink: Sink) -> None:
        sink.put([TextChunk("a"), TextChunk("b")])
        await asyncio.sleep(0.01)
        sink.put([TextChunk("c")])

    assert watch(read) == [TextChunk("a"), TextChunk("b"), TextChunk("c")]


def test_silence_is_told_before_it_is_too_long() -> None:
    async def read(sink: Sink) -> None:
        await asyncio.sleep(0.12)
        sink.put([TextChunk("late")])

    chunks = watch(read)
    assert chunks[-1] == TextChunk("late")
    waits = [chunk.seconds for chunk in chunks if isinstance(chunk, Waiting)]
    assert waits
    assert waits == sorted(waits)


def test_a_first_chunk_that_never_comes_is_a_failure_that_may_pass() -> None:
    async def read(sink: Sink) -> None:
        await asyncio.sleep(30)

    with pytest.raises(Transient, match="nothing came"):
        watch(read)


def test_a_stream_that_stalls_is_a_failure_that_may_pass() -> None:
    async def read(sink: Sink) -> None:
        sink.put([TextChunk("begun")])
        await asyncio.sleep(30)

    with pytest.raises(Transient, match="nothing came"):
        watch(read, Patience(first_s=60, idle_s=0.1, tick_s=1))


def test_prefill_progress_is_a_sign_of_life_with_the_patience_of_a_first_chunk() -> None:
    async def read(sink: Sink) -> None:
        for done in range(3):
            sink.put([PrefillProgress(done, 3)])
            await asyncio.sleep(0.1)
        sink.put([TextChunk("answer")])

    assert watch(read, Patience(first_s=5, idle_s=0.03, tick_s=1))[-1] == TextChunk("answer")


def test_a_server_that_only_says_that_it_is_there_is_waited_for_longer_but_not_for_ever() -> None:
    signs = 0

    async def read(sink: Sink) -> None:
        nonlocal signs
        while True:
            await asyncio.sleep(0.02)
            sink.keepalive()
            signs += 1

    with pytest.raises(Transient):
        watch(read, Patience(first_s=0.1, idle_s=0.1, tick_s=1))
    assert signs > 6


def test_what_the_reader_raises_comes_after_what_it_read() -> None:
    async def read(sink: Sink) -> None:
        sink.put([TextChunk("a")])
        raise ValueError("broken")

    seen: list[Chunk] = []

    async def collect() -> None:
        async for chunk in watched(read, SHORT):
            seen.append(chunk)

    with pytest.raises(ValueError, match="broken"):
        asyncio.run(collect())
    assert seen == [TextChunk("a")]


def test_closing_the_generator_ends_the_reader_at_once() -> None:
    ended = asyncio.Event()

    async def read(sink: Sink) -> None:
        try:
            sink.put([TextChunk("a")])
            await asyncio.sleep(30)
        finally:
            ended.set()

    async def take_one() -> None:
        async with aclosing(watched(read, SHORT)) as chunks:
            async for _ in chunks:
                break
        assert ended.is_set()

    asyncio.run(take_one())


def test_being_cancelled_while_it_closes_is_not_lost() -> None:
    async def read(sink: Sink) -> None:
        sink.put([TextChunk("a")])
        try:
            await asyncio.sleep(30)
        finally:
            await asyncio.sleep(0.05)

    async def take_one() -> str:
        async with aclosing(watched(read, SHORT)) as chunks:
            async for _ in chunks:
                break
        return "went on"

    async def cancel() -> None:
        task = asyncio.create_task(take_one())
        await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())


def test_time_in_which_nobody_reads_is_not_the_servers_silence() -> None:
    async def read(sink: Sink) -> None:
        for _ in range(20):
            sink.put([TextChunk("x")])
            await asyncio.sleep(0.02)

    async def slowly() -> int:
        count = 0
        async for chunk in watched(read, Patience(first_s=0.15, idle_s=0.15, tick_s=1)):
            count += isinstance(chunk, TextChunk)
            if count == 1:
                await asyncio.sleep(0.25)
        return count

    assert asyncio.run(slowly()) == 20
