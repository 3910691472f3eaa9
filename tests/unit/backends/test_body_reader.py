from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from qwen_code.backends import body_reader
from qwen_code.backends.answer import AnswerReader
from qwen_code.backends.attempt import Transient
from qwen_code.backends.body_reader import NotACompletion, read_body
from qwen_code.backends.watch import Sink
from qwen_code.chunks import Chunk
from qwen_code.errors import BackendError
from qwen_code.transport_error import TransportError
from tests.support.chat_server import completion, delta
from tests.unit.backends.asking import finish_of, prompt, text_of

HELLO = b"data: " + json.dumps(delta(content="Hello")).encode() + b"\n\n"
STOP = b"data: " + json.dumps(delta("stop")).encode() + b"\n\n"
USAGE = b'data: {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 1}}\n\n'
DONE = b"data: [DONE]\n\n"


def read(*pieces: bytes | Exception, hangs: bool = False) -> list[Chunk]:
    async def body() -> AsyncIterator[bytes]:
        for piece in pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece
        if hangs:
            await asyncio.sleep(60)

    async def run() -> list[Chunk]:
        sink = Sink()
        await read_body(body(), AnswerReader(prompt()), sink)
        return list(sink.chunks)

    return asyncio.run(run())


def test_events_are_read_to_the_end_mark() -> None:
    chunks = read(HELLO, STOP, USAGE, DONE)
    assert text_of(chunks) == "Hello"
    assert finish_of(chunks).usage.prompt_tokens == 9


def test_the_connection_is_not_waited_for_once_the_end_mark_came() -> None:
    assert text_of(read(HELLO, STOP, DONE, hangs=True)) == "Hello"


def test_a_server_that_sends_no_end_mark_is_done_when_the_model_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_reader, "USAGE_GRACE_S", 0.05)
    assert finish_of(read(HELLO, STOP, hangs=True)).reason == "stop"
    assert finish_of(read(HELLO, STOP, USAGE)).usage.prompt_tokens == 9


def test_an_end_mark_without_a_finish_reason_is_an_end() -> None:
    assert finish_of(read(HELLO, DONE)).reason == "stop"


def test_a_stream_that_ends_in_the_middle_is_a_failure_that_may_pass() -> None:
    with pytest.raises(Transient, match="middle"):
        read(HELLO)


def test_a_connection_that_breaks_after_the_model_was_done_does_not_matter() -> None:
    broken = TransportError("reset", "connection reset")
    assert text_of(read(HELLO, STOP, broken)) == "Hello"
    assert text_of(read(HELLO, STOP, DONE, broken)) == "Hello"
    with pytest.raises(TransportError):
        read(HELLO, broken)


@pytest.mark.parametrize("pieces", [(), (b"",), (b" \n", b"\n"), (DONE,)])
def test_an_empty_body_is_a_failure_that_may_pass(pieces: tuple[bytes, ...]) -> None:
    with pytest.raises(Transient, match="empty"):
        read(*pieces)


def test_an_answer_that_does_not_end_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_reader, "MAX_STREAMED_ANSWER", 1000)
    with pytest.raises(BackendError, match="does not end"):
        read(*[HELLO] * 20)


def test_an_answer_that_is_not_streamed_is_taken() -> None:
    body = json.dumps(completion("Hello")).encode()
    assert text_of(read(body[:20], body[20:])) == "Hello"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"<!DOCTYPE html><html></html>", "web page"),
        (b'{"status": "ok"}', "JSON"),
        (b"[1, 2]", "JSON"),
        (b"It works!", "plain text"),
    ],
)
def test_a_body_of_another_kind_is_named(body: bytes, kind: str) -> None:
    with pytest.raises(NotACompletion, match=kind):
        read(body)


def test_a_byte_order_mark_and_comments_before_the_first_event_are_no_matter() -> None:
    assert text_of(read(b"\xef\xbb\xbf: OPENROUTER PROCESSING\n\n", HELLO, STOP, DONE)) == "Hello"
