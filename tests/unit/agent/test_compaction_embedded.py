from __future__ import annotations

import asyncio
from contextlib import aclosing
from pathlib import Path

from qwen_code.backends.llama_cpp import LlamaCppBackend
from qwen_code.events import Compacted, Event, PrefillProgressed
from qwen_code.local.runtime import RuntimeOptions
from qwen_code.settings.model import SamplingSettings
from tests.support.agents import play
from tests.support.tiny_models import Architecture, TinyModel, needs_llama_cpp
from tests.support.windows import grown, windowed_agent
from tests.unit.local.models import small_context

WINDOW = 4_096
TURNS = 8


def prefilled(events: list[Event]) -> list[PrefillProgressed]:
    return [event for event in events if isinstance(event, PrefillProgressed)]


@needs_llama_cpp
def test_an_embedded_model_keeps_what_stands_before_the_summary(tmp_path: Path) -> None:
    kinds: tuple[Architecture, ...] = ("qwen3moe", "qwen3next")
    for kind in kinds:
        before, asked, done, after, kept = asyncio.run(scenario(kind, tmp_path / kind))
        # asking for the summary reads the request for it and no more
        assert asked[0].cached > 0.9 * before[-1].total
        assert done.before > 2 * done.after
        # and the next prompt goes on behind what is the same in both: of a model that can't be cut
        # anywhere, at least system prompt and tools
        assert after[0].cached >= (kept[1] if kind == "qwen3moe" else kept[0]) - 8
        assert after[0].total - after[0].cached <= done.evaluated_again + kept[1]


async def scenario(
    kind: Architecture, folder: Path
) -> tuple[list[PrefillProgressed], list[PrefillProgressed], Compacted, list[PrefillProgressed], list[int]]:
    options = RuntimeOptions(small_context(WINDOW, sequences=3, batch=64))
    sampling = SamplingSettings(max_tokens=30, seed=1)
    backend = LlamaCppBackend(TinyModel(kind).build(), lambda files: (options, []), sampling)
    agent, _ = windowed_agent(backend, folder)
    agent.conversation.replace(grown(TURNS))
    try:
        before = prefilled(await play(agent, "Go on."))
        async with aclosing(agent.compress()) as events:
            told = [event async for event in events]
        (done,) = [event for event in told if isinstance(event, Compacted)]
        after = prefilled(await play(agent, "And now?"))
        conversation = agent.conversation
        kept = [await backend.count_tokens(conversation.prompt_of(conversation.messages[:n])) for n in (0, 1)]
        return before, prefilled(told), done, after, kept
    finally:
        await backend.aclose()
