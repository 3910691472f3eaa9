"""A scripted chat server on loopback with no think time, which notes when each request came."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer: text, calls, and tokens of filler to stream before them."""

    text: str = ""
    calls: tuple[tuple[str, dict[str, Any]], ...] = ()
    filler: int = 0
    pieces: tuple[str, ...] = ()
    """Text that is streamed in these pieces."""
    rate: float = 0.0
    """Events a second; 0 is all at once."""


Script = Callable[[int], Reply]
"""From the number of answers so far (0 for the first request) to the next one."""


@dataclass(slots=True)
class ChatServer:
    """Serves one script; use as a context manager."""

    script: Script
    on_request: Callable[[], None] = lambda: None
    bodies: list[bytes] = field(default_factory=list[bytes])
    arrived: list[float] = field(default_factory=list[float])
    answered: list[float] = field(default_factory=list[float])
    _listener: socket.socket = field(init=False)

    def __enter__(self) -> ChatServer:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=16)
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}/v1"

    def requests(self) -> list[Body]:
        return [json.loads(body) for body in self.bodies]

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as reader:
            while line := reader.readline():
                length = 0
                while (header := reader.readline()) not in (b"\r\n", b""):
                    if header.lower().startswith(b"content-length:"):
                        length = int(header.split(b":")[1])
                body = reader.read(length)
                if line.startswith(b"POST"):
                    self._chat(connection, body)
                else:
                    self._models(connection)

    def _models(self, connection: socket.socket) -> None:
        body = b'{"object":"list","data":[{"id":"bench","object":"model","max_model_len":1000000}]}'
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        connection.sendall(head % len(body) + body)

    def _chat(self, connection: socket.socket, body: bytes) -> None:
        self.on_request()
        self.arrived.append(time.monotonic())
        self.bodies.append(body)
        reply = self.script(body.count(b'"role":"assistant"') or body.count(b'"role": "assistant"'))
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        pieces = [head]
        for event in events(reply, len(self.bodies), len(body) // 4):
            data = b"data: " + event + b"\n\n"
            pieces.append(b"%x\r\n%s\r\n" % (len(data), data))
        pieces.append(b"0\r\n\r\n")
        if reply.rate:
            _paced(connection, pieces, reply.rate)
        else:
            connection.sendall(b"".join(pieces))
        self.answered.append(time.monotonic())


def _paced(connection: socket.socket, pieces: list[bytes], rate: float) -> None:
    began = time.monotonic()
    with suppress(OSError):  # who reads it may leave at any moment
        for number, piece in enumerate(pieces):
            time.sleep(max(0.0, began + number / rate - time.monotonic()))
            connection.sendall(piece)


WORDS = [
    "the",
    "parser",
    "keeps",
    "the",
    "**last**",
    "open",
    "fence",
    "and",
    "returns",
    "it",
    "with",
    "`state.pos`",
    "for",
    "later",
]


def events(reply: Reply, number: int, prompt_tokens: int) -> list[bytes]:
    """The reply as the data of server-sent events."""

    def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return json.dumps({"id": "bench", "object": "chat.completion.chunk", "choices": [choice]}).encode()

    result = [chunk({"role": "assistant", "content": ""})]
    for index in range(reply.filler):
        word = WORDS[index % len(WORDS)]
        result.append(chunk({"content": word + ("\n\n" if index % 80 == 79 else " ")}))
    result += [chunk({"content": piece}) for piece in reply.pieces]
    if reply.text:
        result.append(chunk({"content": reply.text}))
    for index, (name, arguments) in enumerate(reply.calls):
        function = {"name": name, "arguments": json.dumps(arguments)}
        call = {"index": index, "id": f"call_{number}_{index}", "type": "function", "function": function}
        result.append(chunk({"tool_calls": [call]}))
    result.append(chunk({}, "tool_calls" if reply.calls else "stop"))
    usage = {"prompt_tokens": min(prompt_tokens, 9_000), "completion_tokens": 20}
    result.append(json.dumps({"id": "bench", "choices": [], "usage": usage}).encode())
    result.append(b"[DONE]")
    return result
