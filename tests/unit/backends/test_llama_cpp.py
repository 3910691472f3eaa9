from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from qwen_code.backends import open_backend
from qwen_code.backends.base import Host
from qwen_code.backends.llama_cpp import LlamaCppBackend
from qwen_code.chunks import (
    BadCall,
    CallChunk,
    CallStarted,
    Chunk,
    Finish,
    PrefillProgress,
    TextChunk,
    Waiting,
)
from qwen_code.errors import ConfigurationError, ContextOverflow
from qwen_code.local.runtime import RuntimeOptions, Saving
from qwen_code.messages import Message, Prompt, ToolSpec
from qwen_code.settings.model import LocalSettings, ModelSettings, SamplingSettings, Settings
from tests.support.tiny_models import Architecture, TinyModel, needs_llama_cpp
from tests.unit.local.models import small_context

READ = ToolSpec(
    "read_file",
    "Read a file.",
    {"type": "object", "properties": {"file_path": {"type": "string"}}, "required": ["file_path"]},
)
LIST = ToolSpec(
    "list_directory",
    "List a directory.",
    {
        "type": "object",
        "properties": {"path": {"type": "string"}, "deep": {"type": "boolean"}},
        "required": ["path"],
    },
)
CALLS = (
    "\n<tool_call>" * 2,
    "<tool_call>\n<function=read_file>\n<parameter=file_path>\na.py\n</parameter>\n</function>\n</tool_call><|im_end|>",
)
"""Habits of a model that calls a tool as soon as it may speak."""
ENOUGH = 60
"""Answers among which such a model surely makes some calls."""
PROMPT = Prompt("You are a coding agent.", (READ, LIST), (Message("user", "Look at a.py."),))


def _backend(
    architecture: Architecture = "qwen3moe",
    *,
    habits: Sequence[str] = (),
    window: int = 6144,
    batch: int = 64,
    saving: Path | None = None,
    sampling: SamplingSettings | None = None,
) -> LlamaCppBackend:
    options = RuntimeOptions(
        small_context(window, sequences=3, batch=batch),
        saving=Saving(saving, least_seconds=0.0) if saving else None,
    )
    path = TinyModel(architecture, habits=tuple(habits)).build()
    return LlamaCppBackend(
        path,
        lambda files: (options, []),
        sampling or SamplingSettings(max_tokens=24, seed=1),
        host=Host(lambda: "one"),
    )


def _with(backend: LlamaCppBackend, work: Callable[[LlamaCppBackend], Awaitable[None]]) -> None:
    async def main() -> None:
        try:
            await work(backend)
        finally:
            await backend.aclose()

    asyncio.run(main())


async def _ask(backend: LlamaCppBackend, prompt: Prompt) -> list[Chunk]:
    return [chunk async for chunk in backend.stream(prompt) if not isinstance(chunk, Waiting)]


def _message(chunks: Sequence[Chunk]) -> Message:
    """As the agent keeps it."""
    text = "".join(chunk.text for chunk in chunks if isinstance(chunk, TextChunk)).strip()
    return Message("assistant", text, tool_calls=tuple(c.call for c in chunks if isinstance(c, CallChunk)))


def _finish(chunks: Sequence[Chunk]) -> Finish:
    last = chunks[-1]
    assert isinstance(last, Finish)
    return last


def _grown(prompt: Prompt, *messages: Message) -> Prompt:
    return replace(prompt, messages=(*prompt.messages, *messages))


@needs_llama_cpp
def test_chunks_come_in_the_order_of_the_contract() -> None:
    async def work(backend: LlamaCppBackend) -> None:
        chunks = await _ask(backend, PROMPT)
        kinds = [type(chunk) for chunk in chunks]
        progress = kinds.count(PrefillProgress)
        assert progress > 2
        assert set(kinds[:progress]) == {PrefillProgress}
        assert set(kinds[progress:-1]) <= {TextChunk, BadCall}
        assert kinds[-1] is Finish
        done = [chunk.done for chunk in chunks if isinstance(chunk, PrefillProgress)]
        assert done == sorted(done)
        usage = _finish(chunks).usage
        assert usage.prompt_tokens == done[-1] == await backend.count_tokens(PROMPT)
        assert (usage.cached_tokens, usage.completion_tokens) == (0, 24)
        assert _finish(chunks).reason == "length"

    _with(_backend(), work)


@needs_llama_cpp
@pytest.mark.parametrize("architecture", ["qwen3moe", "qwen3next"])
def test_a_conversation_with_calls_evaluates_only_what_is_new(architecture: Architecture) -> None:
    async def work(backend: LlamaCppBackend) -> None:
        prompt, calls, new = PROMPT, 0, 0
        for turn in range(ENOUGH):
            chunks = await _ask(backend, prompt)
            usage, answer = _finish(chunks).usage, _message(chunks)
            if new:
                assert usage.prompt_tokens - usage.cached_tokens == new
            whole = _finish(chunks).reason == "tool_calls"
            results = [Message("tool", f"result {turn}", tool_call_id=call.id) for call in answer.tool_calls]
            before = usage.prompt_tokens + usage.completion_tokens
            prompt = (
                _grown(prompt, answer, *results) if whole else _grown(PROMPT, Message("user", f"Try {turn}."))
            )
            new = await backend.count_tokens(prompt) - before if whole else 0
            calls += len(results)
            if calls > 3:
                return
        pytest.fail("the model called no tools")

    _with(_backend(architecture, habits=CALLS, sampling=SamplingSettings(max_tokens=100)), work)


@needs_llama_cpp
def test_calls_are_announced_whole_and_valid() -> None:
    async def work(backend: LlamaCppBackend) -> None:
        made = 0
        for turn in range(ENOUGH):
            chunks = await _ask(backend, _grown(PROMPT, Message("user", f"Try {turn}.")))
            calls = [chunk.call for chunk in chunks if isinstance(chunk, CallChunk)]
            started = [chunk.name for chunk in chunks if isinstance(chunk, CallStarted)]
            assert started[: len(calls)] == [call.name for call in calls]
            for call in calls:
                assert call.name in ("read_file", "list_directory")
                assert isinstance(call.arguments["file_path" if call.name == "read_file" else "path"], str)
            assert all(chunk.kind == "truncated" for chunk in chunks if isinstance(chunk, BadCall))
            if calls and _finish(chunks).reason != "length":
                assert _finish(chunks).reason == "tool_calls"
            made += len(calls)
            if made > 5:
                return
        pytest.fail("the model called no tools")

    _with(_backend(habits=CALLS, sampling=SamplingSettings(max_tokens=60)), work)


@needs_llama_cpp
def test_ids_of_calls_never_repeat() -> None:
    async def work(backend: LlamaCppBackend) -> None:
        ids: list[str] = []
        for turn in range(ENOUGH):
            chunks = await _ask(backend, _grown(PROMPT, Message("user", f"Try {turn}.")))
            ids += [chunk.call.id for chunk in chunks if isinstance(chunk, CallChunk)]
            if len(ids) > 2:
                break
        assert len(set(ids)) == len(ids) > 2

    _with(_backend(habits=CALLS, sampling=SamplingSettings(max_tokens=60)), work)


@needs_llama_cpp
@pytest.mark.parametrize("architecture", ["qwen3moe", "qwen3next"])
def test_resuming_in_another_process_evaluates_nothing_old(
    architecture: Architecture, tmp_path: Path
) -> None:
    prompt = PROMPT

    async def first(backend: LlamaCppBackend) -> None:
        nonlocal prompt
        for turn in range(3):
            answer = _message(await _ask(backend, prompt))
            results = [Message("tool", "ok", tool_call_id=call.id) for call in answer.tool_calls]
            prompt = _grown(prompt, answer, *(results or [Message("user", f"Go on, {turn}.")]))

    async def second(backend: LlamaCppBackend) -> None:
        usage = _finish(await _ask(backend, prompt)).usage
        assert usage.prompt_tokens - usage.cached_tokens < 40 < usage.cached_tokens

    _with(_backend(architecture, habits=CALLS, saving=tmp_path), first)
    _with(_backend(architecture, habits=CALLS, saving=tmp_path), second)


@needs_llama_cpp
@pytest.mark.parametrize("architecture", ["qwen3moe", "qwen3next"])
def test_leaving_in_the_middle_of_the_prompt_stops_it_and_the_backend_goes_on(
    architecture: Architecture,
) -> None:
    long = _grown(PROMPT, Message("user", "word " * 900))

    async def work(backend: LlamaCppBackend) -> None:
        async with aclosing(backend.stream(long)) as chunks:
            async for chunk in chunks:
                if isinstance(chunk, PrefillProgress) and chunk.done > 900:
                    break
        chunks = await _ask(backend, long)
        first = chunks[0]
        assert isinstance(first, PrefillProgress)
        assert 900 < first.cached < first.total

    _with(_backend(architecture, batch=128), work)


@needs_llama_cpp
def test_leaving_in_the_middle_of_an_answer_keeps_what_was_said() -> None:
    async def work(backend: LlamaCppBackend) -> None:
        said = ""
        async with aclosing(backend.stream(PROMPT)) as chunks:
            async for chunk in chunks:
                if isinstance(chunk, TextChunk):
                    said += chunk.text
                    if len(said) > 30:
                        break
        prompt = _grown(PROMPT, Message("assistant", said.strip()), Message("user", "Go on."))
        usage = _finish(await _ask(backend, prompt)).usage
        assert usage.cached_tokens > await backend.count_tokens(PROMPT)

    _with(_backend(sampling=SamplingSettings(max_tokens=400, seed=1)), work)


@needs_llama_cpp
def test_cancelling_the_task_stops_the_model() -> None:
    async def work(backend: LlamaCppBackend) -> None:
        started = asyncio.Event()

        async def run() -> None:
            async for chunk in backend.stream(PROMPT):
                if isinstance(chunk, TextChunk):
                    started.set()

        task = asyncio.create_task(run())
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert _finish(await _ask(backend, PROMPT)).reason in ("stop", "length")

    _with(_backend(sampling=SamplingSettings(max_tokens=800)), work)


@needs_llama_cpp
def test_closing_while_it_writes_ends_soon() -> None:
    async def main() -> None:
        backend = _backend(sampling=SamplingSettings(max_tokens=3000))
        stream = backend.stream(PROMPT)
        async for chunk in stream:
            if isinstance(chunk, TextChunk):
                break
        await stream.aclose()
        await asyncio.wait_for(backend.aclose(), 20)

    asyncio.run(main())


@needs_llama_cpp
def test_leaving_while_the_weights_are_read_is_quiet() -> None:
    complaints: list[dict[str, object]] = []

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
        backend = _backend()
        asking = asyncio.create_task(_ask(backend, PROMPT))
        await asyncio.sleep(0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await backend.aclose()
        gc.collect()

    asyncio.run(main())
    assert complaints == []


@needs_llama_cpp
def test_what_does_not_fit_says_how_much_would() -> None:
    async def work(backend: LlamaCppBackend) -> None:
        with pytest.raises(ContextOverflow) as caught:
            await _ask(backend, _grown(PROMPT, Message("user", "word " * 700)))
        assert caught.value.window == await backend.context_window() == 1024
        assert _finish(await _ask(backend, PROMPT))

    _with(_backend(window=1024), work)


@needs_llama_cpp
def test_an_equal_seed_gives_an_equal_answer() -> None:
    async def answer() -> Message:
        backend = _backend(sampling=SamplingSettings(max_tokens=30, seed=11, temperature=1.0))
        try:
            return _message(await _ask(backend, PROMPT))
        finally:
            await backend.aclose()

    assert asyncio.run(answer()) == asyncio.run(answer())


@needs_llama_cpp
def test_the_event_loop_stays_alive_while_the_model_works() -> None:
    async def work(backend: LlamaCppBackend) -> None:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                await asyncio.sleep(0.001)
                ticks += 1

        ticking = asyncio.create_task(tick())
        await _ask(backend, _grown(PROMPT, Message("user", "word " * 700)))
        ticking.cancel()
        assert ticks > 10

    _with(_backend(), work)


def test_a_missing_model_is_said_before_anything_is_loaded(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="There is no model file at"):
        open_backend(Settings(model=ModelSettings(name=str(tmp_path / "none.gguf"))), {})


@needs_llama_cpp
def test_a_path_to_a_gguf_opens_it_with_the_settings() -> None:
    path = TinyModel("qwen3moe").build()
    model = ModelSettings(name=str(path), context_window=2048, sampling=SamplingSettings(max_tokens=4))
    settings = Settings(model=model, local=LocalSettings(threads=1))

    async def main() -> None:
        backend = open_backend(settings, {})
        assert (backend.name, backend.location) == (path.stem, "local")
        assert await backend.context_window() == 2048
        chunks = [chunk async for chunk in backend.stream(PROMPT)]
        assert isinstance(chunks[-1], Finish)
        assert chunks[-1].usage.completion_tokens <= 4
        await backend.aclose()

    asyncio.run(main())


@needs_llama_cpp
def test_an_answer_with_a_schema_is_a_document_of_it_and_no_call() -> None:
    schema = {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]}

    async def work(backend: LlamaCppBackend) -> None:
        chunks = await _ask(backend, replace(PROMPT, answer_schema=schema))
        assert not any(isinstance(chunk, CallChunk) for chunk in chunks)
        assert json.loads(_message(chunks).text)["ok"] in (True, False)

    _with(_backend(habits=CALLS, sampling=SamplingSettings(max_tokens=200, seed=1)), work)
