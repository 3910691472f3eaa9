"""Our remote backend against the real llama-server, with a model of random weights."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from qwen_code.backends.openai_compatible import OpenAICompatible
from qwen_code.chunks import Finish, PrefillProgress
from qwen_code.errors import ContextOverflow, EndpointMisconfigured
from qwen_code.events import AnswerEnded, CompactionStarted, Event, RequestStarted
from qwen_code.messages import Message, Prompt
from qwen_code.settings.model import SamplingSettings
from tests.support.agents import play
from tests.support.llama_server import LlamaServer, needs_llama_server
from tests.support.tiny_models import TinyModel
from tests.support.windows import compactions, grown, windowed_agent
from tests.unit.backends.asking import ask, collect, finish_of, prompt, remote, text_of

pytestmark = [needs_llama_server, pytest.mark.real_server]

WINDOW = 2048


@pytest.fixture(scope="module")
def server() -> Iterator[LlamaServer]:
    with LlamaServer(TinyModel("qwen3", layers=2).build(), window=WINDOW) as running:
        yield running


def backend(server: LlamaServer, *, max_tokens: int = 12, **settings: Any) -> OpenAICompatible:
    return remote(server.base_url, sampling=SamplingSettings(max_tokens=max_tokens, seed=7), **settings)


def test_an_answer_streams_with_tools_offered(server: LlamaServer) -> None:
    chunks = ask(backend(server))
    finish = finish_of(chunks)
    assert text_of(chunks)
    assert finish.usage.prompt_tokens > 100  # the tools are part of it
    assert finish.usage.completion_tokens == 12
    assert finish.reason == "length"


def test_prefill_progress_is_told_from_the_first_request_on(server: LlamaServer) -> None:
    long = prompt(Message("user", "Some words that take a while to read. " * 60))
    progress = [chunk for chunk in ask(backend(server), long) if isinstance(chunk, PrefillProgress)]
    assert len(progress) > 2
    assert [p.done for p in progress] == sorted({p.done for p in progress})
    assert progress[-1].done == progress[-1].total


def test_the_next_request_finds_all_of_the_one_before_in_the_servers_cache(server: LlamaServer) -> None:
    async def two_turns() -> tuple[Finish, Finish, int]:
        model = backend(server)
        first = prompt(Message("user", "Say something."))
        answered = await collect(model, first)
        again = Prompt(
            first.system,
            first.tools,
            (*first.messages, Message("assistant", text_of(answered)), Message("user", "More.")),
        )
        finish = finish_of(await collect(model, again))
        counted = await model.count_tokens(again)
        await model.aclose()
        return finish_of(answered), finish, counted

    first, second, counted = asyncio.run(two_turns())
    # All but the marker after which the model began to write: the server reads that one again.
    assert second.usage.cached_tokens >= first.usage.prompt_tokens - 8
    assert counted == second.usage.prompt_tokens


def test_the_window_is_what_the_server_was_started_with(server: LlamaServer) -> None:
    assert asyncio.run(backend(server).context_window()) == WINDOW


def test_with_several_slots_the_window_is_one_slots_share() -> None:
    with LlamaServer(TinyModel("qwen3", layers=2).build(), window=1024, slots=2) as shared:
        assert asyncio.run(backend(shared).context_window()) == 1024


def test_leaving_a_stream_stops_the_servers_work(server: LlamaServer) -> None:
    async def leave_early() -> bool:
        model = backend(server, max_tokens=1800)
        async with aclosing(model.stream(prompt())) as chunks:
            async for chunk in chunks:
                if not isinstance(chunk, PrefillProgress):
                    break
        await model.aclose()
        for _ in range(100):
            if not _is_busy(server):
                return True
            await asyncio.sleep(0.02)
        return False

    assert asyncio.run(leave_early())


def _is_busy(server: LlamaServer) -> bool:
    with urlopen(f"{server.url}/slots") as answer:
        slots = json.load(answer)
    return any(slot["is_processing"] for slot in slots)


def test_a_prompt_longer_than_the_window_is_refused_with_its_size(server: LlamaServer) -> None:
    with pytest.raises(ContextOverflow) as caught:
        ask(backend(server), prompt(Message("user", "too long " * WINDOW)))
    assert caught.value.window == WINDOW


def test_what_the_real_server_refuses_as_too_long_is_shortened_and_goes_on(
    server: LlamaServer, tmp_path: Path
) -> None:
    """Somebody has told us a window that the server does not have."""

    async def scenario() -> list[Event]:
        model = backend(server, context_window=32_768)
        agent, _ = windowed_agent(model, tmp_path)
        agent.conversation.replace(grown(turns=16))
        try:
            return await play(agent, "Go on.")
        finally:
            await model.aclose()

    events = asyncio.run(scenario())
    started = next(event for event in events if isinstance(event, CompactionStarted))
    assert (started.reason, started.window) == ("overflow", WINDOW)
    assert all(done.after < WINDOW for done in compactions(events))
    answers = [event for event in events if isinstance(event, AnswerEnded)]
    assert answers
    assert all(0 < answer.usage.prompt_tokens < WINDOW for answer in answers)
    windows = [event.window for event in events if isinstance(event, RequestStarted)]
    assert windows == [32_768] + [WINDOW] * len(answers)


def test_a_wrong_path_is_answered_with_the_right_one(server: LlamaServer) -> None:
    with pytest.raises(EndpointMisconfigured, match=f"did you mean {server.base_url}"):
        ask(remote(f"{server.url}/openai"))


def test_without_a_model_name_the_servers_only_model_is_used(server: LlamaServer) -> None:
    model = backend(server, name="")
    assert finish_of(ask(model)).usage.completion_tokens == 12
    assert model.name.endswith(".gguf")


def test_a_server_that_wants_a_key_asks_for_it() -> None:
    with LlamaServer(TinyModel("qwen3", layers=2).build(), keys=["secret"]) as guarded:
        with pytest.raises(EndpointMisconfigured, match="OPENAI_API_KEY"):
            ask(backend(guarded))
        assert finish_of(ask(backend(guarded, api_key="secret")))
