"""A model behind an OpenAI-compatible chat completions endpoint, hosted or local."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import Any

from qwen_code.backends.answer import AnswerReader, ErrorEvent
from qwen_code.backends.attempt import NotAnEndpoint, Transient, UnknownModel, UnsupportedParameter
from qwen_code.backends.endpoint import Endpoint
from qwen_code.backends.request import RequestBody
from qwen_code.backends.retry import RetryPolicy, with_retries
from qwen_code.backends.server_info import ServerInfo
from qwen_code.backends.token_estimate import PromptMeter
from qwen_code.backends.watch import Patience, Sink, watched
from qwen_code.chunks import Chunk, Finish
from qwen_code.errors import BackendError, ContextOverflow
from qwen_code.http import HttpClient, HttpResponse
from qwen_code.messages import Prompt
from qwen_code.settings.model import ModelSettings
from qwen_code.transport_error import TransportError

FIRST_BYTE_S = 60.0
PREFILL_TOKENS_PER_S = 100
"""A hosted model reads a prompt at least this fast; local ones are given four times as long."""
LOCAL_FACTOR = 4
BYTES_PER_TOKEN = 3
AT_HAND_S = 3.0
"""How long a session may wait at its start for a server nearby to tell its window."""


class OpenAICompatible:
    """Streams `POST /chat/completions`, through retries and time limits.

    One request at a time. No request is made but those for answers, unless something is asked that only
    another can tell: the context window, which models there are.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        settings: ModelSettings,
        *,
        proxy: str = "",
        ca_file: str = "",
        retry: RetryPolicy | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._settings = settings
        self._client = HttpClient(proxy=proxy, ca_file=ca_file)
        self._server = ServerInfo(self._client, endpoint)
        self._policy = retry or RetryPolicy(max(1, settings.max_retries), settings.retry_total_s)
        self._meter = PromptMeter()
        self._model = endpoint.model
        self._body: RequestBody | None = None
        self._window: int | None = settings.context_window
        self._proven = False
        self._asked_at_hand = False

    @property
    def name(self) -> str:
        return self._model or "the endpoint's model"

    @property
    def location(self) -> str:
        return self._endpoint.host

    async def context_window(self) -> int:
        """As the settings say, else as the server says, else as known of the model's name, else 32,768."""
        if self._window is None:
            from qwen_code.backends.known_models import UNKNOWN_WINDOW, known_window

            served = await self._server.context_window(self._model)
            by_name = None if self._endpoint.is_local else known_window(self._model)
            self._window = served or by_name or UNKNOWN_WINDOW
        return self._window

    async def window_at_hand(self) -> int | None:
        if self._window is None and not self._endpoint.is_local:
            from qwen_code.backends.known_models import known_window

            return known_window(self._model)
        if self._window is None and not self._asked_at_hand:
            self._asked_at_hand = True
            with suppress(TimeoutError):
                async with asyncio.timeout(AT_HAND_S):
                    self._window = await self._server.context_window(self._model)
        return self._window

    async def count_tokens(self, prompt: Prompt) -> int:
        return self._meter.count(prompt)

    async def stream(self, prompt: Prompt) -> AsyncGenerator[Chunk, None]:
        await self._choose_model()
        try:
            async with aclosing(with_retries(lambda: self._attempt(prompt), self._policy)) as chunks:
                async for chunk in chunks:
                    if isinstance(chunk, Finish):
                        self._proven = True
                        self._meter.observe(prompt, chunk.usage)
                    yield chunk
        except ContextOverflow as error:
            if error.window is not None and self._settings.context_window is None:
                self._window = error.window
            raise
        except (NotAnEndpoint, UnknownModel) as error:
            from qwen_code.backends.diagnosis import explained

            raise await explained(error, self._endpoint, self._model, self._server) from None

    async def check(self) -> None:
        from qwen_code.backends.checkup import check_endpoint

        await self._choose_model()
        await check_endpoint(self._client, self._endpoint, self._model, self._server)

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _choose_model(self) -> None:
        if not self._model:
            from qwen_code.backends.diagnosis import only_model

            self._model = await only_model(self._endpoint, self._server)

    async def _attempt(self, prompt: Prompt) -> AsyncGenerator[Chunk, None]:
        if self._body is None:
            self._body = RequestBody(self._endpoint, self._settings, self._model)
        while True:
            body = self._body.encode(prompt)
            try:
                async with aclosing(
                    watched(lambda sink, body=body: self._read(prompt, body, sink), self._patience(body))
                ) as chunks:
                    async for chunk in chunks:
                        yield chunk
                return
            except UnsupportedParameter as refused:
                if not self._body.drop(str(refused)):
                    raise BackendError(f"{self._endpoint.host} refuses the parameter {refused}.") from None

    def _patience(self, body: bytes) -> Patience:
        prefill = len(body) / BYTES_PER_TOKEN / PREFILL_TOKENS_PER_S
        if self._endpoint.is_local:
            prefill *= LOCAL_FACTOR
        first = self._settings.timeout_s or FIRST_BYTE_S + prefill
        return Patience(first, self._settings.stream_idle_timeout_s)

    async def _read(self, prompt: Prompt, body: bytes, sink: Sink) -> None:
        """One request and its whole answer, put into `sink`."""
        from qwen_code.backends.body_reader import NotACompletion, read_body

        answer = AnswerReader(prompt)
        url = self._endpoint.url("chat/completions")
        headers = self._endpoint.headers
        try:
            async with self._client.request("POST", url, headers=headers, body=body) as response:
                if not 200 <= response.status < 300:
                    raise await self._refused(response)
                await read_body(response.chunks(), answer, sink)
        except TransportError as error:
            if not answer.done:
                raise self._broken(error, answer) from None
        except ErrorEvent as event:
            raise self._failed_inside(event.data) from None
        except NotACompletion as found:
            from qwen_code.backends.failures import not_an_answer

            raise not_an_answer(self._endpoint, str(found), proven=self._proven) from None

    async def _refused(self, response: HttpResponse) -> Exception:
        from qwen_code.backends.failures import failure_of
        from qwen_code.backends.refusal import MAX_BYTES, read_refusal

        refusal = read_refusal(response.status, response.headers, await response.read(MAX_BYTES))
        return failure_of(refusal, self._endpoint, self._model, max_tokens_set=self._limits_answer)

    def _failed_inside(self, data: dict[str, Any]) -> Exception:
        from qwen_code.backends.failures import failure_of
        from qwen_code.backends.refusal import refusal_in

        return failure_of(refusal_in(data), self._endpoint, self._model, max_tokens_set=self._limits_answer)

    def _broken(self, error: TransportError, answer: AnswerReader) -> Exception:
        if answer.events:
            return Transient(str(error))
        from qwen_code.backends.failures import transport_failure

        return transport_failure(error, self._endpoint, proven=self._proven)

    @property
    def _limits_answer(self) -> bool:
        return self._body is not None and self._body.limits_answer
