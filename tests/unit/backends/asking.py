"""Asks a backend and collects what it answers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from qwen_code.backends.base import ModelBackend
from qwen_code.backends.endpoint import resolve_endpoint
from qwen_code.backends.openai_compatible import OpenAICompatible
from qwen_code.backends.retry import RetryPolicy
from qwen_code.chunks import CallChunk, Chunk, Finish, Retrying, TextChunk
from qwen_code.messages import Message, Prompt, ToolCall, ToolSpec
from qwen_code.settings.model import ModelSettings
from tests.support.chat_server import ChatServer

READ_FILE = ToolSpec(
    "read_file",
    "Read a file.",
    {
        "type": "object",
        "properties": {"file_path": {"type": "string"}, "limit": {"type": "integer"}},
        "required": ["file_path"],
    },
)
GLOB = ToolSpec(
    "glob",
    "Find files.",
    {"type": "object", "properties": {"pattern": {"type": "string"}}, "required": ["pattern"]},
)
TOOLS = (READ_FILE, GLOB)

HASTY = RetryPolicy(first_wait_s=0.01)


def prompt(*messages: Message, tools: Sequence[ToolSpec] = TOOLS, system: str = "Be brief.") -> Prompt:
    return Prompt(system, tuple(tools), messages or (Message("user", "Go."),))


def remote(url: str, *, retry: RetryPolicy = HASTY, **settings: Any) -> OpenAICompatible:
    model = replace(ModelSettings(name="test-model", base_url=url), **settings)
    endpoint = resolve_endpoint(model, {})
    assert endpoint is not None
    return OpenAICompatible(endpoint, model, retry=retry)


async def collect(backend: ModelBackend, asked: Prompt) -> list[Chunk]:
    async with aclosing(backend.stream(asked)) as chunks:
        return [chunk async for chunk in chunks]


def ask(backend: ModelBackend, asked: Prompt | None = None) -> list[Chunk]:
    async def conversation() -> list[Chunk]:
        try:
            return await collect(backend, asked or prompt())
        finally:
            await backend.aclose()

    return asyncio.run(conversation())


def ask_server(server: ChatServer, asked: Prompt | None = None, **settings: Any) -> list[Chunk]:
    return ask(remote(server.base_url, **settings), asked)


def last_attempt(chunks: Sequence[Chunk]) -> list[Chunk]:
    """What is left once the chunks before a retry are void."""
    starts = [i for i, chunk in enumerate(chunks) if isinstance(chunk, Retrying)]
    return list(chunks[starts[-1] + 1 :] if starts else chunks)


def text_of(chunks: Sequence[Chunk]) -> str:
    return "".join(chunk.text for chunk in last_attempt(chunks) if isinstance(chunk, TextChunk))


def calls_of(chunks: Sequence[Chunk]) -> list[ToolCall]:
    return [chunk.call for chunk in last_attempt(chunks) if isinstance(chunk, CallChunk)]


def finish_of(chunks: Sequence[Chunk]) -> Finish:
    """The one Finish, which must be the last chunk."""
    finishes = [chunk for chunk in chunks if isinstance(chunk, Finish)]
    assert len(finishes) == 1
    assert chunks[-1] is finishes[0]
    return finishes[0]
