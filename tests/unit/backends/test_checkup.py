from __future__ import annotations

import asyncio

import pytest

from qwen_code.backends import open_backend
from qwen_code.errors import BackendUnavailable, EndpointMisconfigured, QwenCodeError
from qwen_code.settings.model import ModelSettings, Settings
from tests.support.chat_server import ChatServer


def check(url: str, model: str = "test-model") -> None:
    async def run() -> None:
        backend = open_backend(Settings(model=ModelSettings(name=model, base_url=url, api_key="k")), {})
        try:
            await backend.check()
        finally:
            await backend.aclose()

    asyncio.run(run())


def test_an_endpoint_that_lists_the_model_is_fine_and_its_model_is_not_asked() -> None:
    with ChatServer() as server:
        check(server.base_url)
    assert not server.requests


def test_an_endpoint_without_a_list_is_fine() -> None:
    with ChatServer(prefix="/v1", paths={"/v1/models": None}) as server:
        check(server.base_url)


def test_a_server_that_is_not_there_is_named() -> None:
    with pytest.raises(BackendUnavailable) as error:
        check("http://127.0.0.1:9/v1")
    assert "127.0.0.1:9" in str(error.value)
    assert str(error.value).endswith("is the port right?")


def test_an_unknown_host_is_a_matter_of_configuration() -> None:
    with pytest.raises(QwenCodeError) as error:
        check("http://no-such-host.invalid/v1")
    assert isinstance(error.value, EndpointMisconfigured)
