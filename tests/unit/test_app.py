from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from qwen_code.api import open_app
from qwen_code.errors import SessionError


@pytest.fixture
def model(tmp_path: Path) -> str:
    path = tmp_path / "script.json"
    path.write_text(json.dumps(["First.", "Second.", "Third."]))
    return f"scripted:{path}"


def test_a_session_that_can_not_be_resumed_leaves_the_running_one_as_it_is(
    tmp_path: Path, model: str
) -> None:
    async def body() -> tuple[str, str, int]:
        async with open_app(tmp_path, model=model) as app:
            await app.complete("one")
            first = app.session_id
            await app.clear()
            await app.complete("two")
            second = app.session_id
            log = app.store.find(first)
            log.write_text("{}\n" + log.read_text())
            with pytest.raises(SessionError):
                await app.resume(first)
            ended = await app.complete("three")
            return app.session_id, second, len(ended.text)

    running, second, answered = asyncio.run(body())
    assert running == second
    assert answered


def test_the_running_session_can_be_resumed_itself(tmp_path: Path, model: str) -> None:
    async def body() -> list[str]:
        async with open_app(tmp_path, model=model) as app:
            await app.complete("one")
            before = app.session_id
            await app.resume(before)
            await app.complete("two")
            return [before, app.session_id]

    before, after = asyncio.run(body())
    assert before == after
