"""Reads the body of a successful response: a stream of events, one whole completion, or something else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from qwen_code.backends.answer import AnswerReader
from qwen_code.backends.attempt import Transient
from qwen_code.backends.sse import EventParser
from qwen_code.backends.watch import Sink
from qwen_code.errors import BackendError
from qwen_code.transport_error import TransportError

USAGE_GRACE_S = 2.0
"""How long usage may take after the model has said that it is done."""
DRAIN_S = 0.25
"""How long the rest of a finished stream is read, so that the connection can be used again."""
MAX_WHOLE_ANSWER = 64 * 1024 * 1024
MAX_STREAMED_ANSWER = 512 * 1024 * 1024
"""About two million tokens with their wrapping: no model's answer, and all of it would be kept."""


class NotACompletion(Exception):
    """A body of another kind; the text says which, as in `a web page`."""


async def read_body(chunks: AsyncIterator[bytes], answer: AnswerReader, sink: Sink) -> None:
    """Put what `chunks` hold into `sink`, with Finish as the last.

    What the body is, is seen from its first character: servers are not careful with `content-type`.

    Raises:
        NotACompletion: it is something else.
        Transient: it is empty, or ends in the middle.
        ErrorEvent: the server reports a failure inside it.
        TransportError: the connection broke before the model was done.
    """
    try:
        beginning = await _beginning(chunks)
        if not beginning:
            raise Transient("the server sent an empty answer")
        if beginning[:1] in b"{[":
            await _whole(beginning, chunks, answer, sink)
        elif beginning[:1] == b"<":
            raise NotACompletion("a web page")
        else:
            await _events(beginning, chunks, answer, sink)
    except TransportError:
        if not answer.complete:
            raise
        if not answer.done:
            sink.put(answer.finish())


async def _beginning(chunks: AsyncIterator[bytes]) -> bytes:
    """The first bytes that are not blank; empty at the end."""
    async for chunk in chunks:
        if beginning := chunk.lstrip(b"\xef\xbb\xbf\r\n\t "):
            return beginning
    return b""


async def _whole(beginning: bytes, chunks: AsyncIterator[bytes], answer: AnswerReader, sink: Sink) -> None:
    """A server that does not stream, or a proxy that collected the stream."""
    parts, size = [beginning], len(beginning)
    async for chunk in chunks:
        parts.append(chunk)
        size += len(chunk)
        if size > MAX_WHOLE_ANSWER:
            raise BackendError(
                "The server's answer is larger than any completion; it was not read to its end."
            )
        sink.keepalive()
    body = b"".join(parts)
    made = answer.feed([body]) if body.startswith(b"{") else []
    if not answer.events:
        raise NotACompletion("JSON of another kind")
    sink.put(made + answer.finish())


async def _events(beginning: bytes, chunks: AsyncIterator[bytes], answer: AnswerReader, sink: Sink) -> None:
    parser = EventParser()
    comments = size = 0
    loop = asyncio.get_running_loop()

    def take(payloads: list[bytes]) -> None:
        if payloads and not answer.done:
            sink.put(answer.feed(payloads))
            if answer.done and not answer.events:
                raise Transient("the server sent an empty answer")
            if answer.done:
                sink.put(answer.finish())

    take(parser.feed(beginning))
    try:
        async with asyncio.timeout(None) as grace:
            while True:
                if answer.done:
                    grace.reschedule(loop.time() + DRAIN_S)
                elif answer.complete and grace.when() is None:
                    grace.reschedule(loop.time() + USAGE_GRACE_S)
                chunk = await anext(chunks, None)
                if chunk is None:
                    break
                size += len(chunk)
                if size > MAX_STREAMED_ANSWER:
                    raise BackendError("The server's answer does not end; it was left.")
                take(parser.feed(chunk))
                if parser.comments != comments:
                    comments = parser.comments
                    sink.keepalive()
    except TimeoutError:
        pass
    take(parser.finish())
    if answer.done:
        return
    if answer.complete:
        sink.put(answer.finish())
    elif answer.events:
        raise Transient("the stream ended in the middle of the answer")
    elif parser.events or parser.comments:
        raise Transient("the server sent an empty answer")
    else:
        raise NotACompletion("plain text")
