"""What a server tells about itself: the models it has, and how many tokens of context it really serves.

The window is read from the server because the model's own limit is rarely what it was loaded with: Ollama's
default is 4,096 tokens, LM Studio's too, and llama-server divides its own among its slots.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from typing import Any, Literal, cast
from urllib.parse import quote

from qwen_code.backends.endpoint import Endpoint
from qwen_code.http import HttpClient
from qwen_code.transport_error import TransportError

LOOKUP_S = 10.0
OLLAMA_DEFAULT_WINDOW = 4096
"""Of a model that is not loaded and whose Modelfile says nothing (docs/context-length in ollama/ollama)."""

_MAX_BYTES = 16 * 1024 * 1024


class ServerInfo:
    """Questions to one server. An answer that doesn't come, or isn't understood, is None or empty."""

    def __init__(self, client: HttpClient, endpoint: Endpoint) -> None:
        self._client = client
        self._endpoint = endpoint

    async def models(self) -> list[dict[str, Any]]:
        """The entries of `/models`."""
        return _entries(await self._ask("GET", self._endpoint.url("models")))

    async def model_names(self) -> list[str]:
        return [name for entry in await self.models() if isinstance(name := entry.get("id"), str)]

    async def is_api(self, base_url: str) -> bool:
        """True when a models list is at `base_url`."""
        found = await self._ask("GET", f"{base_url}/models{self._endpoint.query}")
        return isinstance(_fields(found).get("data"), list)

    async def context_window(self, model: str) -> int | None:
        """Tokens that the server really holds for `model`."""
        source = self._endpoint.provider.window
        if source == "llama-server":
            return await self._llama_server(model)
        if source == "ollama":
            return await self._ollama(model)
        if source == "lmstudio":
            return await self._lm_studio(model)
        if source == "none":
            return None
        entries = await self.models()
        entry = _entry_for(entries, model)
        if window := _listed_window(entry):
            return window
        if source == "models" or not self._endpoint.is_local:
            return None
        owner = str(entry.get("owned_by", "")).lower()
        if owner == "llamacpp":
            return await self._llama_server(model)
        return await self._lm_studio(model) or await self._ollama(model) or await self._llama_server(model)

    async def _llama_server(self, model: str) -> int | None:
        """https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md, GET /props.

        `n_ctx` is that of one slot; a router of several models wants to know which one is meant.
        """
        url = self._endpoint.root_url("props")
        props = _fields(await self._ask("GET", url))
        window = _window_of_props(props)
        if window is None and model:
            window = _window_of_props(_fields(await self._ask("GET", f"{url}?model={quote(model, safe='')}")))
        return window

    async def _ollama(self, model: str) -> int | None:
        """https://github.com/ollama/ollama/blob/main/docs/api.md: what is loaded, else what would be."""
        loaded = _fields(await self._ask("GET", self._endpoint.root_url("api/ps")))
        if not isinstance(loaded.get("models"), list):
            return None
        for entry in _dicts(loaded["models"]):
            same = _same_model(model, entry.get("name")) or _same_model(model, entry.get("model"))
            if same and (window := _positive(entry.get("context_length"))):
                return window
        shown = _fields(
            await self._ask("POST", self._endpoint.root_url("api/show"), {"model": model, "name": model})
        )
        for line in str(shown.get("parameters", "")).splitlines():
            name, _, value = line.strip().partition(" ")
            if name == "num_ctx" and value.strip().isdigit():
                return int(value)
        trained = [
            window
            for key, value in _fields(shown.get("model_info")).items()
            if key.endswith(".context_length") and (window := _positive(value))
        ]
        return min([OLLAMA_DEFAULT_WINDOW, *trained]) if shown else None

    async def _lm_studio(self, model: str) -> int | None:
        """https://lmstudio.ai/docs/api/rest-api: `loaded_context_length` since 0.3.16."""
        entries = _entries(await self._ask("GET", self._endpoint.root_url("api/v0/models")))
        entry = _entry_for(entries, model)
        return _positive(entry.get("loaded_context_length"))

    async def _ask(self, method: Literal["GET", "POST"], url: str, body: dict[str, Any] | None = None) -> Any:
        content = json.dumps(body).encode() if body is not None else None
        try:
            async with asyncio.timeout(LOOKUP_S):
                async with self._client.request(
                    method, url, headers=self._endpoint.headers, body=content
                ) as response:
                    if response.status != 200:
                        return None
                    return json.loads(await response.read(_MAX_BYTES))
        except (TransportError, TimeoutError, ValueError, RecursionError):
            return None


def _listed_window(entry: dict[str, Any]) -> int | None:
    """The window in an entry of `/models`: vLLM and SGLang, then OpenRouter, Together and others, Groq."""
    for name in ("max_model_len", "context_length", "context_window", "max_context_length"):
        if window := _positive(entry.get(name)):
            return window
    # DeepInfra; llama-server's own `meta` tells only what the model was trained for.
    return _positive(_fields(entry.get("metadata")).get("context_length"))


def _window_of_props(props: dict[str, Any]) -> int | None:
    settings = _fields(props.get("default_generation_settings"))
    return (
        _positive(settings.get("n_ctx"))
        or _positive(_fields(settings.get("params")).get("n_ctx"))
        or _positive(props.get("n_ctx"))
    )


def _entry_for(entries: list[dict[str, Any]], model: str) -> dict[str, Any]:
    for entry in entries:
        if _same_model(model, entry.get("id")):
            return entry
    return entries[0] if len(entries) == 1 else {}


def _same_model(asked: str, listed: object) -> bool:
    """Ollama lists `name:latest` for what is asked as `name`."""
    return isinstance(listed, str) and asked.lower() in (
        listed.lower(),
        listed.lower().removesuffix(":latest"),
    )


def _entries(answer: Any) -> list[dict[str, Any]]:
    return list(_dicts(answer)) or list(_dicts(_fields(answer).get("data")))


def _dicts(values: Any) -> Iterable[dict[str, Any]]:
    if isinstance(values, list):
        for value in cast("list[Any]", values):
            if isinstance(value, dict):
                yield cast("dict[str, Any]", value)


def _fields(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _positive(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
