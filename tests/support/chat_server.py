"""An OpenAI-style chat server on loopback whose answers and faults a test decides.

    with ChatServer([Reply(calls=[("read_file", {"file_path": "a.py"})]), Reply("Done.")]) as server:
        environ["OPENAI_BASE_URL"] = server.base_url

Replies are given in turn, or by a function of the request. `server.requests` has every chat request as it
came, `server.other` the rest. Only the standard library is used, so subprocess tests can start it as well:
`python -m tests.support.chat_server`.
"""

from __future__ import annotations

import json
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, Literal, TypeAlias

FaultKind: TypeAlias = Literal[
    "reset",  # the connection is reset in the middle of the stream
    "reset_before",  # ... before any answer
    "close_mid",  # closed in the middle, without an end mark
    "empty",  # 200 and no body
    "html",  # 200 and a web page
    "hang",  # accepted, never answered
    "stall",  # silent after the first part
]


@dataclass(frozen=True)
class Reply:
    """One answer, or what goes wrong instead of it."""

    text: str = ""
    calls: Sequence[tuple[str, Mapping[str, Any] | str]] = ()
    """Tool name and arguments; arguments given as text are sent as they are, broken or not."""
    reasoning: str = ""
    usage: Mapping[str, Any] | None = None
    finish: str | None = None
    """`stop` or `tool_calls` as it fits, when None."""
    events: Sequence[Mapping[str, Any] | bytes] | None = None
    """The whole stream, instead of all the above; bytes are sent as they are."""
    whole: Mapping[str, Any] | None = None
    """A body that is not streamed."""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: str = '{"error": {"message": "injected", "type": "server_error"}}'
    """With a status other than 200."""
    fault: FaultKind | None = None
    delay_s: float = 0.0
    """Before the answer."""
    rate: float = 0.0
    """Events a second; 0 is as fast as the socket takes them."""
    end_mark: bool = True


@dataclass
class Request:
    """A chat request as it came."""

    body: dict[str, Any]
    raw: bytes
    headers: dict[str, str]
    path: str
    arrived: float
    prompt_tokens: int = 0
    """Where the server has a window."""
    disconnected: threading.Event = field(default_factory=threading.Event)
    """Set when the client closed the connection before the answer's end."""
    finished: threading.Event = field(default_factory=threading.Event)
    """Set when the answer, or the fault, was carried out to its end."""

    @property
    def messages(self) -> list[dict[str, Any]]:
        return self.body["messages"]


Script: TypeAlias = Callable[[Request, int], Reply]
"""The request and its number, from 0, to a reply."""


class ChatServer:
    """Serves `/v1/chat/completions`, `/v1/models` and what `paths` has, until the block is left."""

    def __init__(
        self,
        replies: Sequence[Reply | str] | Script = ("Done.",),
        *,
        models: Sequence[Mapping[str, Any]] = ({"id": "test-model", "object": "model"},),
        paths: Mapping[str, Any] | None = None,
        server_name: str = "",
        prefix: str = "/v1",
        window: int | None = None,
        tells_window: bool = True,
    ) -> None:
        """
        Args:
            window: refuse longer prompts, counted with Qwen's own tokenizer, as llama-server does, and report
                true counts.
            tells_window: whether the list of models and the refusal say how long it is.
        """
        self._script: Script = replies if callable(replies) else _in_turn(replies)
        if window is not None and tells_window:
            models = [{**model, "max_model_len": window} for model in models]
        self._paths = {
            f"{prefix}/models": {"object": "list", "data": list(models)},
            **(paths or {}),
        }
        self._server_name = server_name
        self._prefix = prefix
        self._window = window
        self._tells_window = tells_window
        self.refused: list[Request] = []
        """Requests that did not fit the window."""
        self.requests: list[Request] = []
        self.other: list[str] = []
        """Method and path of requests that were no chat."""
        self.connections = 0
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.base_url = f"{self.url}{prefix}"
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self) -> ChatServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._stopping.set()
        self._socket.close()

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [request.body for request in self.requests]

    def _serve(self) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection, connection.makefile("rb") as incoming:
            try:
                while not self._stopping.is_set():
                    method, path, _ = incoming.readline().decode("latin1").split(" ", 2)
                    headers = dict(_header_lines(incoming))
                    raw = incoming.read(int(headers.get("content-length", 0)))
                    if not self._answer(connection, method, path, headers, raw):
                        return
            except (OSError, ValueError):
                return

    def _answer(
        self, connection: socket.socket, method: str, path: str, headers: dict[str, str], raw: bytes
    ) -> bool:
        """False when the connection is over."""
        if method == "POST" and path.partition("?")[0] == f"{self._prefix}/chat/completions":
            request = Request(json.loads(raw), raw, headers, path, time.monotonic())
            with self._lock:
                number = len(self.requests)
                self.requests.append(request)
            try:
                if self._window is not None and (refusal := self._measured(request, self._window)):
                    return self._reply(connection, request, refusal)
                return self._reply(connection, request, self._script(request, number))
            except OSError:
                request.disconnected.set()
                return False
            finally:
                request.finished.set()
        self.other.append(f"{method} {path}")
        found = self._paths.get(path, self._paths.get(path.partition("?")[0]))
        if callable(found):
            found = found(json.loads(raw) if raw else None)
        if isinstance(found, str):
            return self._send(connection, 200, found, {"content-type": "text/html"})
        return self._send(
            connection, 404 if found is None else 200, json.dumps(found or {"detail": "Not Found"})
        )

    def _measured(self, request: Request, window: int) -> Reply | None:
        """Count the prompt; a refusal where it is too long."""
        from tests.support.qwen_tokens import prompt_tokens

        request.prompt_tokens = prompt_tokens(request.body)
        if request.prompt_tokens < window:
            return None
        self.refused.append(request)
        error: dict[str, Any] = {
            "code": 400,
            "message": "the request exceeds the available context size, try increasing it",
            "type": "exceed_context_size_error",
        }
        if self._tells_window:
            error |= {"n_prompt_tokens": request.prompt_tokens, "n_ctx": window}
        return Reply(status=400, body=json.dumps({"error": error}))

    def _send(
        self, connection: socket.socket, status: int, body: str, headers: Mapping[str, str] | None = None
    ) -> bool:
        payload = body.encode()
        lines = {"content-type": "application/json", **(headers or {}), "content-length": str(len(payload))}
        connection.sendall(self._head(status, lines) + payload)
        return True

    def _head(self, status: int, headers: Mapping[str, str]) -> bytes:
        if self._server_name:
            headers = {"server": self._server_name, **headers}
        lines = [f"HTTP/1.1 {status} -", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        return "\r\n".join(lines).encode("latin1")

    def _reply(self, connection: socket.socket, request: Request, reply: Reply) -> bool:
        if self._left(connection, request, reply.delay_s):
            return False
        match reply.fault:
            case "hang":
                self._left(connection, request, 3600)
                return False
            case "reset_before":
                _reset(connection)
                return False
            case "empty":
                return self._send(connection, 200, "", {"content-type": "text/event-stream"})
            case "html":
                page = "<!doctype html><html><body>502 bad gateway</body></html>"
                return self._send(connection, 200, page, {"content-type": "text/html"})
            case _:
                pass
        if reply.status != 200:
            return self._send(connection, reply.status, reply.body, reply.headers)
        if reply.whole is not None:
            return self._send(connection, 200, json.dumps(reply.whole))
        return self._stream(connection, request, reply)

    def _stream(self, connection: socket.socket, request: Request, reply: Reply) -> bool:
        kind = {"content-type": "text/event-stream", "transfer-encoding": "chunked", **reply.headers}
        connection.sendall(self._head(200, kind))
        events = list(_events(_with_usage(reply, request), len(self.requests)))
        if reply.fault in ("reset", "close_mid", "stall"):
            joined = b"".join(events)
            connection.sendall(_chunk(joined[: len(joined) * 6 // 10]))
            if reply.fault == "stall":
                self._left(connection, request, 3600)
            elif reply.fault == "reset":
                time.sleep(0.1)
                _reset(connection)
            return False
        if not reply.rate:
            connection.sendall(b"".join(map(_chunk, events)) + b"0\r\n\r\n")
            return True
        for event in events:
            if self._left(connection, request, 1 / reply.rate):
                return False
            connection.sendall(_chunk(event))
        connection.sendall(b"0\r\n\r\n")
        return True

    def _left(self, connection: socket.socket, request: Request, seconds: float) -> bool:
        """Wait; True when the client, or the test, is gone before the time is over."""
        end = time.monotonic() + seconds
        while (rest := end - time.monotonic()) > 0:
            if self._stopping.is_set():
                return True
            readable, _, _ = select.select([connection], [], [], min(rest, 0.05))
            if readable and not _peek(connection):
                request.disconnected.set()
                return True
        return False


def _with_usage(reply: Reply, request: Request) -> Reply:
    """With the counts that a server with a window knows."""
    if not request.prompt_tokens or reply.usage is not None:
        return reply
    from tests.support.qwen_tokens import count

    said = reply.text + "".join(f"{name}{json.dumps(arguments)}" for name, arguments in reply.calls)
    usage = {"prompt_tokens": request.prompt_tokens, "completion_tokens": count(said)}
    return replace(reply, usage=usage)


def completion(text: str = "", calls: Sequence[tuple[str, str]] = ()) -> dict[str, Any]:
    """A completion that is not streamed, for `Reply.whole`."""
    message: dict[str, Any] = {"role": "assistant", "content": text}
    if calls:
        message["tool_calls"] = [
            {"id": f"whole_{n}", "type": "function", "function": {"name": name, "arguments": arguments}}
            for n, (name, arguments) in enumerate(calls)
        ]
    return {
        "object": "chat.completion",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
    }


def delta(finish: str | None = None, **fields: Any) -> dict[str, Any]:
    """One streamed event, for `Reply.events`."""
    return {
        "object": "chat.completion.chunk",
        "choices": [{"index": 0, "delta": fields, "finish_reason": finish}],
    }


def _in_turn(replies: Sequence[Reply | str]) -> Script:
    def script(request: Request, number: int) -> Reply:
        if number >= len(replies):
            return Reply(status=418, body=f'{{"error": {{"message": "request {number} was not expected"}}}}')
        reply = replies[number]
        return Reply(reply) if isinstance(reply, str) else reply

    return script


def _events(reply: Reply, request_number: int) -> Iterator[bytes]:
    if reply.events is not None:
        for event in reply.events:
            yield event if isinstance(event, bytes) else _data(event)
        if reply.end_mark:
            yield b"data: [DONE]\n\n"
        return
    yield _data(delta(role="assistant", content=""))
    for piece in _pieces(reply.reasoning):
        yield _data(delta(reasoning_content=piece))
    for piece in _pieces(reply.text):
        yield _data(delta(content=piece))
    for index, (name, arguments) in enumerate(reply.calls):
        text = arguments if isinstance(arguments, str) else json.dumps(arguments)
        identity = f"call_{request_number:03d}_{index}"
        opening = {
            "index": index,
            "id": identity,
            "type": "function",
            "function": {"name": name, "arguments": ""},
        }
        yield _data(delta(tool_calls=[opening]))
        for piece in _pieces(text):
            yield _data(delta(tool_calls=[{"index": index, "function": {"arguments": piece}}]))
    yield _data(delta(reply.finish or ("tool_calls" if reply.calls else "stop")))
    if reply.usage is not None:
        yield _data({"object": "chat.completion.chunk", "choices": [], "usage": reply.usage})
    if reply.end_mark:
        yield b"data: [DONE]\n\n"


def _pieces(text: str, size: int = 12) -> Iterable[str]:
    return [text[i : i + size] for i in range(0, len(text), size)]


def _data(event: Mapping[str, Any]) -> bytes:
    return f"data: {json.dumps(event)}\n\n".encode()


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def _header_lines(incoming: Iterable[bytes]) -> Iterator[tuple[str, str]]:
    for line in incoming:
        if line in (b"\r\n", b"\n"):
            return
        name, _, value = line.decode("latin1").partition(":")
        yield name.strip().lower(), value.strip()


def _reset(connection: socket.socket) -> None:
    # A linger time of zero turns close into a reset.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _peek(connection: socket.socket) -> bytes:
    try:
        return connection.recv(1, socket.MSG_PEEK)
    except OSError:
        return b""


if __name__ == "__main__":
    with ChatServer(lambda request, number: Reply("Done.")) as running:
        print(running.base_url, flush=True)
        threading.Event().wait()
