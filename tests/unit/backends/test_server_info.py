from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from qwen_code.backends.openai_compatible import OpenAICompatible
from tests.support.chat_server import ChatServer
from tests.unit.backends.asking import remote


async def _window_and_close(backend: OpenAICompatible) -> int:
    try:
        return await backend.context_window()
    finally:
        await backend.aclose()


def window_at(
    model: Mapping[str, Any], paths: Mapping[str, Any] | None = None, **settings: Any
) -> tuple[int, list[str]]:
    """The window that is found, and what was asked for it."""
    with ChatServer(models=[model], paths=paths) as server:
        backend = remote(server.base_url, **settings)
        return asyncio.run(_window_and_close(backend)), server.other


@pytest.mark.parametrize(
    "model",
    [
        {"id": "test-model", "owned_by": "vllm", "max_model_len": 40_000},
        {"id": "test-model", "owned_by": "sglang", "max_model_len": 40_000},
        {"id": "test-model", "context_length": 40_000},
        {"id": "test-model", "context_window": 40_000},
        {"id": "test-model", "metadata": {"context_length": 40_000}},
    ],
)
def test_a_models_list_that_tells_the_window_is_believed(model: Mapping[str, Any]) -> None:
    window, asked = window_at(model)
    assert window == 40_000
    assert asked == ["GET /v1/models"]


@pytest.mark.parametrize(
    "props",
    [
        {"default_generation_settings": {"n_ctx": 8192, "params": {"top_k": 40}}, "total_slots": 2},
        {"default_generation_settings": {"params": {"n_ctx": 8192}}},
        {"default_generation_settings": {"top_k": 40}, "n_ctx": 8192},
    ],
)
def test_llama_server_tells_what_one_slot_holds_not_what_the_model_was_trained_for(
    props: Mapping[str, Any],
) -> None:
    model = {"id": "test-model", "owned_by": "llamacpp", "meta": {"n_ctx_train": 262_144}}
    assert window_at(model, {"/props": props})[0] == 8192


def test_a_router_of_several_models_is_asked_for_the_one() -> None:
    model = {"id": "test-model", "owned_by": "llamacpp"}
    props = {
        "/props": {"role": "router"},
        "/props?model=test-model": {"default_generation_settings": {"n_ctx": 16_384}},
    }
    assert window_at(model, props)[0] == 16_384


OLLAMA_MODEL = {"id": "test-model:latest", "owned_by": "library"}
SHOWN = {"model_info": {"qwen3moe.context_length": 262_144}, "parameters": 'stop "<|im_end|>"'}


def test_ollama_tells_what_the_model_was_loaded_with() -> None:
    loaded = {
        "models": [
            {"name": "other", "context_length": 1},
            {"name": "test-model:latest", "context_length": 32_768},
        ]
    }
    paths = {"/api/ps": loaded, "/api/show": SHOWN}
    assert window_at(OLLAMA_MODEL, paths)[0] == 32_768


def test_a_model_that_ollama_has_not_loaded_gets_its_modelfiles_window() -> None:
    shown = {**SHOWN, "parameters": 'stop "x"\nnum_ctx                        16384'}
    assert window_at(OLLAMA_MODEL, {"/api/ps": {"models": []}, "/api/show": shown})[0] == 16_384


def test_else_ollamas_small_default_is_assumed_and_not_what_the_model_could_do() -> None:
    assert window_at(OLLAMA_MODEL, {"/api/ps": {"models": []}, "/api/show": SHOWN})[0] == 4096


def test_lm_studio_tells_what_the_model_was_loaded_with() -> None:
    listed = {
        "data": [
            {
                "id": "test-model",
                "state": "loaded",
                "max_context_length": 131_072,
                "loaded_context_length": 8000,
            }
        ]
    }
    model = {"id": "test-model", "owned_by": "organization_owner"}
    assert window_at(model, {"/api/v0/models": listed})[0] == 8000


def test_a_named_provider_is_asked_in_its_own_way_at_once() -> None:
    props = {"/props": {"default_generation_settings": {"n_ctx": 8192}}}
    window, asked = window_at({"id": "test-model"}, props, provider="llama-server")
    assert window == 8192
    assert asked == ["GET /props"]


def test_the_settings_win_and_nothing_is_asked() -> None:
    window, asked = window_at({"id": "test-model", "max_model_len": 40_000}, context_window=20_000)
    assert window == 20_000
    assert asked == []


def test_a_local_server_that_tells_nothing_is_not_believed_to_serve_the_models_full_window() -> None:
    assert window_at({"id": "qwen3-coder"}, name="qwen3-coder")[0] == 32_768


@pytest.mark.parametrize(
    "answer", ["<html>", [], {"data": 7}, {"data": [None, {"id": 5}]}, {"data": [{"max_model_len": "x"}]}]
)
def test_nonsense_from_the_server_is_as_good_as_nothing(answer: Any) -> None:
    nonsense = {"/v1/models": answer, "/props": answer, "/api/ps": answer, "/api/v0/models": answer}
    assert window_at({"id": "test-model"}, nonsense)[0] == 32_768


def test_the_window_is_asked_for_once() -> None:
    with ChatServer(models=[{"id": "test-model", "max_model_len": 40_000}]) as server:
        backend = remote(server.base_url)

        async def twice() -> tuple[int, int]:
            return await backend.context_window(), await _window_and_close(backend)

        assert asyncio.run(twice()) == (40_000, 40_000)
        assert len(server.other) == 1
