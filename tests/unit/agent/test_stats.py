from __future__ import annotations

import asyncio
from pathlib import Path

from qwen_code.agent.stats import ContextReport, SessionStats, context_report
from tests.support.agents import play
from tests.support.windows import WindowedBackend, looks, says, tokens_of, windowed_agent, words


def test_the_parts_of_the_window_add_up_to_what_is_used(tmp_path: Path) -> None:
    backend = WindowedBackend(lambda n: looks((400, n), say=words(50, n)) if n < 4 else says("Done."), 32_768)
    agent, _ = windowed_agent(backend, tmp_path)

    async def scenario() -> ContextReport:
        stats = SessionStats()
        for event in await play(agent, "Count the stars."):
            stats.take(event)
        return await context_report(backend, agent.conversation, stats, agent.compactor.plan)

    report = asyncio.run(scenario())
    assert report.exact
    assert report.used == backend.sizes[-1] + 50
    assert sum(part.tokens for part in report.parts) == report.used
    sizes = {part.name: part.tokens for part in report.parts}
    assert 1_500 <= sizes["tool results"] <= 1_800
    assert 180 <= sizes["answers and calls"] <= 350
    assert sizes["notes of the program"] == 0
    assert report.window > report.limit > report.used


def test_an_empty_conversation_can_be_looked_at(tmp_path: Path) -> None:
    backend = WindowedBackend(lambda n: says("Done."), 32_768)
    agent, _ = windowed_agent(backend, tmp_path)
    report = asyncio.run(context_report(backend, agent.conversation, SessionStats(), None))
    assert report.used == tokens_of(agent.conversation.prompt())
