from __future__ import annotations

import asyncio
import os
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar

import pytest

from qwen_code.errors import QwenCodeError
from qwen_code.local.library import ModelLibrary
from qwen_code.ui.painter import Painter
from qwen_code.ui.repl.download_panel import DownloadPanel, download
from qwen_code.ui.repl.panel import Panel
from tests.support.hub_server import HubServer

T = TypeVar("T")

needs_hub = pytest.mark.skipif(find_spec("huggingface_hub") is None, reason="downloads need huggingface-hub")

TINY = "hf:owner/tiny:t.gguf"


async def watching(panel: Panel[T]) -> T | None:
    return await panel.answer


async def stopping(panel: Panel[T]) -> T | None:
    panel.dismiss()
    return await panel.answer


@needs_hub
def test_a_model_arrives_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = os.urandom(100_000)
    library = ModelLibrary(tmp_path)
    with HubServer({"owner/tiny": {"t.gguf": content}}) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
        assert asyncio.run(download(TINY, library, watching, lambda: None))
    assert [path.read_bytes() for path in library.models()] == [content]


@needs_hub
def test_esc_stops_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = ModelLibrary(tmp_path)
    with HubServer({"owner/tiny": {"t.gguf": os.urandom(100_000)}}) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
        assert not asyncio.run(download(TINY, library, stopping, lambda: None))
    assert library.models() == []


@needs_hub
def test_what_goes_wrong_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with HubServer({"owner/other": {"t.gguf": b"x"}}) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
        with pytest.raises(QwenCodeError, match="There is no public repository owner/tiny"):
            asyncio.run(download(TINY, ModelLibrary(tmp_path), watching, lambda: None))


def test_the_bar_says_how_far_it_is() -> None:
    async def shown(width: int) -> list[str]:
        panel = DownloadPanel("tiny")
        panel.progressed("t.gguf", 2**30, 4 * 2**30)
        return [line.plain for line in panel.lines(Painter(width, "mono", environ={}), 10)]

    title, bar, file = asyncio.run(shown(100))
    assert title == "Downloading tiny"
    assert bar == "  " + "━" * 8 + "─" * 22 + " 25%  1.00 GiB of 4.00 GiB"
    assert file == "  t.gguf · esc stops"
    assert asyncio.run(shown(60))[1] == "  25%  1.00 GiB of 4.00 GiB"
