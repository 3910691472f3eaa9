"""The endpoint as an ASGI application: who may ask, one answer at a time, and an end when the client leaves.

https://asgi.readthedocs.io/en/latest/specs/www.html
"""

from __future__ import annotations

import asyncio
import hmac
import json
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress
from typing import Any, Protocol, TypeAlias

from qwen_code.chunks import Chunk, PrefillProgress
from qwen_code.errors import BackendUnavailable, ConfigurationError, ContextOverflow, QwenCodeError
from qwen_code.local.runtime import Demand
from qwen_code.messages import Prompt
from qwen_code.serving.chat_request import ChatRequest, read_request
from qwen_code.serving.chat_response import DONE, ChatResponse, encoded
from qwen_code.serving.refusal import Refusal
from qwen_code.settings.model import SamplingSettings

_MOST_BYTES = 64 * 2**20
"""Of a request's body."""
_MOST_WAITING = 32
"""Requests beyond the one at work."""
_SIGN_S = 5.0
"""Seconds of silence after which a stream gets a comment, so that nobody takes it for dead."""
_HEADERS = [(b"content-type", b"application/json")]
_STREAM_HEADERS = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-cache")]

Scope: TypeAlias = dict[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[dict[str, Any]]]
Send: TypeAlias = Callable[[dict[str, Any]], Awaitable[None]]


class Answering(Protocol):
    """What the endpoint needs of a model; see `backends.llama_cpp.LlamaCppBackend`."""

    @property
    def name(self) -> str: ...

    async def context_window(self) -> int: ...

    def stream(
        self, prompt: Prompt, demand: Demand | None = None, sampling: SamplingSettings | None = None
    ) -> AsyncGenerator[Chunk, None]: ...


class Service:
    """One model for all who know the token."""

    def __init__(
        self,
        model: Answering,
        token: str,
        *,
        aliases: tuple[str, ...] = (),
        log: Callable[[str], None] = lambda line: None,
    ) -> None:
        """
        Args:
            aliases: further names under which the model may be asked for.
            log: takes a line for each answer.
        """
        self._model = model
        self._token = token
        self._names = {name.lower() for name in (model.name, *aliases)}
        self._log = log
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._answers: set[asyncio.Task[Any]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        begun = False

        async def sending(message: dict[str, Any]) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._route(scope, receive, sending)
        except Refusal as refusal:
            if begun:
                return
            extra = [(b"www-authenticate", b"Bearer")] if refusal.status == 401 else []
            await _send_json(send, refusal.status, refusal.body, extra)

    def stop(self) -> None:
        """Break off what is being answered."""
        for task in self._answers:
            task.cancel()

    async def _route(self, scope: Scope, receive: Receive, send: Send) -> None:
        method, path = scope["method"], scope["path"].rstrip("/")
        if path == "/health":
            await _send_json(send, 200, {"status": "ok"})
            return
        self._check_token(dict(scope["headers"]).get(b"authorization", b""))
        match method, path.removeprefix("/v1"):
            case "GET", "/models":
                await _send_json(send, 200, {"object": "list", "data": [await self._entry()]})
            case "GET", name if name.startswith("/models/"):
                self._check_name(name.removeprefix("/models/"))
                await _send_json(send, 200, await self._entry())
            case "POST", "/chat/completions":
                await self._chat(read_request(await _body(receive)), receive, send)
            case _, "/models" | "/chat/completions":
                raise Refusal(405, f"{path} does not take {method}.")
            case _:
                raise Refusal(
                    404, f"There is nothing at {path or '/'}: only /v1/models and /v1/chat/completions."
                )

    def _check_token(self, given: bytes) -> None:
        scheme, _, token = given.partition(b" ")
        if scheme.lower() != b"bearer" or not hmac.compare_digest(token.strip(), self._token.encode()):
            raise Refusal(
                401,
                "The token is missing or wrong: send the one that `qwen-code serve` printed as the API key.",
                code="invalid_api_key",
            )

    def _check_name(self, name: str) -> None:
        if name and name.lower() not in self._names:
            raise Refusal(
                404,
                f"There is no model {name} here, only {self._model.name}.",
                code="model_not_found",
                param="model",
            )

    async def _entry(self) -> dict[str, Any]:
        return {
            "id": self._model.name,
            "object": "model",
            "created": 0,
            "owned_by": "qwen-code",
            "max_model_len": await self._model.context_window(),
        }

    async def _chat(self, request: ChatRequest, receive: Receive, send: Send) -> None:
        self._check_name(request.model)
        if self._waiting > _MOST_WAITING:
            raise Refusal(503, "Too many requests are waiting already. Try again later.", code="busy")
        answering = self._streamed if request.stream else self._whole
        task = asyncio.create_task(answering(request, send))
        self._answers.add(task)
        gone = asyncio.create_task(_until_gone(receive))
        try:
            await asyncio.wait((task, gone), return_when=asyncio.FIRST_COMPLETED)
        finally:
            gone.cancel()
            if not task.done():
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
                self._log("the client left")
            self._answers.discard(task)
        if not task.cancelled():
            task.result()
        elif not gone.done():
            raise Refusal(503, "The server is stopping.")

    async def _whole(self, request: ChatRequest, send: Send) -> None:
        response = ChatResponse(request, self._model.name)
        async with aclosing(self._chunks(request)) as chunks:
            async for chunk in chunks:
                for _ in response.take(chunk):
                    pass
        await _send_json(send, 200, response.whole())
        self._note(response)

    async def _streamed(self, request: ChatRequest, send: Send) -> None:
        response = ChatResponse(request, self._model.name)
        stream = _EventStream(send, encoded(response.opening()))
        try:
            async with aclosing(_with_signs(self._chunks(request))) as chunks:
                async for chunk in chunks:
                    if chunk is None:
                        await stream.comment()
                        continue
                    if isinstance(chunk, PrefillProgress):
                        await stream.begin()  # the prompt fits: nothing is refused any more
                    await stream.send(b"".join(map(encoded, response.take(chunk))))
        except Refusal as refusal:
            if not stream.begun:
                raise
            await stream.end(encoded(refusal.body))
            return
        await stream.end(b"".join(map(encoded, response.closing())) + DONE)
        self._note(response)

    async def _chunks(self, request: ChatRequest) -> AsyncGenerator[Chunk, None]:
        """The model's answer, once it is this request's turn.

        Raises:
            Refusal: the model can't answer this.
        """
        self._waiting += 1
        try:
            await self._turn.acquire()
        finally:
            self._waiting -= 1
        try:
            answer = self._model.stream(request.prompt, request.demand, request.sampling)
            async with aclosing(answer) as chunks:
                async for chunk in chunks:
                    yield chunk
        except ContextOverflow as error:
            raise Refusal(400, str(error), code="context_length_exceeded", param="messages") from None
        except (ConfigurationError, BackendUnavailable) as error:
            raise Refusal(503, str(error)) from None
        except QwenCodeError as error:
            raise Refusal(500, str(error)) from None
        finally:
            self._turn.release()

    def _note(self, response: ChatResponse) -> None:
        usage = response.usage
        per_second = usage.completion_tokens / usage.decode_s if usage.decode_s else 0.0
        self._log(
            f"{time.strftime('%H:%M:%S')}  read {usage.prompt_tokens:,} tokens, of which "
            f"{usage.cached_tokens:,} were known; wrote {usage.completion_tokens:,} at {per_second:.0f}/s"
        )


class _EventStream:
    """The body of a streamed answer. Its headers are sent with the first thing that must be."""

    def __init__(self, send: Send, opening: bytes) -> None:
        self._send = send
        self._opening = opening
        self.begun = False

    async def begin(self) -> None:
        if not self.begun:
            self.begun = True
            await self._send({"type": "http.response.start", "status": 200, "headers": _STREAM_HEADERS})
            await self._part(self._opening, more=True)

    async def send(self, data: bytes) -> None:
        if data:
            await self.begin()
            await self._part(data, more=True)

    async def comment(self) -> None:
        await self.send(b": working\n\n")

    async def end(self, data: bytes) -> None:
        await self.begin()
        await self._part(data, more=False)

    async def _part(self, data: bytes, *, more: bool) -> None:
        await self._send({"type": "http.response.body", "body": data, "more_body": more})


async def _with_signs(chunks: AsyncGenerator[Chunk, None]) -> AsyncGenerator[Chunk | None, None]:
    """`chunks`, and None whenever nothing came for a while."""
    async with aclosing(chunks):
        following = asyncio.ensure_future(anext(chunks, None))
        try:
            while True:
                done, _ = await asyncio.wait([following], timeout=_SIGN_S)
                if not done:
                    yield None
                    continue
                chunk = following.result()
                if chunk is None:
                    return
                yield chunk
                following = asyncio.ensure_future(anext(chunks, None))
        finally:
            following.cancel()
            with suppress(asyncio.CancelledError, Refusal):
                await following


async def _body(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise asyncio.CancelledError
        body += message.get("body", b"")
        if len(body) > _MOST_BYTES:
            raise Refusal(413, f"The body is larger than {_MOST_BYTES >> 20} MiB.")
        if not message.get("more_body"):
            return bytes(body)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send_json(
    send: Send, status: int, body: dict[str, Any], headers: list[tuple[bytes, bytes]] | None = None
) -> None:
    content = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
    length = (b"content-length", str(len(content)).encode())
    start = {
        "type": "http.response.start",
        "status": status,
        "headers": [*_HEADERS, length, *(headers or [])],
    }
    await send(start)
    await send({"type": "http.response.body", "body": content})
