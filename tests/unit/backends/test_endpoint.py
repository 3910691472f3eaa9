from __future__ import annotations

from typing import Any

import pytest

from qwen_code.backends.endpoint import Endpoint, resolve_endpoint
from qwen_code.errors import ConfigurationError
from qwen_code.settings.model import ModelSettings


def resolve(environ: dict[str, str] | None = None, **settings: Any) -> Endpoint | None:
    return resolve_endpoint(ModelSettings(**settings), environ or {})


def resolved(environ: dict[str, str] | None = None, **settings: Any) -> Endpoint:
    endpoint = resolve(environ, **settings)
    assert endpoint is not None
    return endpoint


def test_a_model_name_alone_is_no_endpoint() -> None:
    assert resolve(name="qwen3-coder-plus") is None
    assert resolve(name="qwen3-coder:30b") is None
    assert resolve({"OPENROUTER_API_KEY": "k"}, name="m") is None


def test_a_provider_before_the_model_name_is_enough() -> None:
    endpoint = resolved({"OPENROUTER_API_KEY": "k"}, name="openrouter:qwen/qwen3-coder:free")
    assert endpoint.base_url == "https://openrouter.ai/api/v1"
    assert endpoint.model == "qwen/qwen3-coder:free"
    assert endpoint.headers["authorization"] == "Bearer k"


def test_a_provider_may_be_named_in_the_settings() -> None:
    endpoint = resolved({"DASHSCOPE_API_KEY": "k"}, name="qwen3-coder-plus", provider="DashScope")
    assert endpoint.provider.name == "dashscope"
    assert endpoint.api_key == "k"


def test_an_unknown_provider_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match=r"no provider named 'nowhere'.*openrouter"):
        resolve(name="m", provider="nowhere")


def test_a_host_tells_the_provider() -> None:
    assert (
        resolved(base_url="https://dashscope-intl.aliyuncs.com/compatible-mode/v1").provider.name
        == "dashscope"
    )
    assert resolved(base_url="https://evil-openrouter.ai.example.com/v1").provider.hosts == ()


def test_the_general_key_never_goes_to_a_provider_that_it_was_not_given_for() -> None:
    environ = {"OPENAI_API_KEY": "sk-openai"}
    assert resolved(environ, name="openrouter:m", api_key="sk-openai").api_key == ""
    assert resolved(environ, name="openai:m", api_key="sk-openai").api_key == "sk-openai"
    pair = {**environ, "OPENAI_BASE_URL": "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY": "sk-or"}
    by_pair = resolved(pair, name="m", base_url="https://openrouter.ai/api/v1", api_key="sk-openai")
    assert by_pair.api_key == "sk-openai"


def test_a_key_from_the_settings_wins_over_the_providers_variable() -> None:
    assert resolved({"OPENROUTER_API_KEY": "env"}, name="openrouter:m", api_key="own").api_key == "own"


@pytest.mark.parametrize(
    ("given", "base_url"),
    [
        ("http://localhost:8080/v1/", "http://localhost:8080/v1"),
        ("https://example.com/v1/chat/completions", "https://example.com/v1"),
        ("localhost:8080/v1", "http://localhost:8080/v1"),
        ("192.168.1.5:8000/v1", "http://192.168.1.5:8000/v1"),
        ("api.example.com/v1", "https://api.example.com/v1"),
        (" https://example.com/v1 ", "https://example.com/v1"),
    ],
)
def test_what_people_paste_becomes_the_base_url(given: str, base_url: str) -> None:
    assert resolved(base_url=given).base_url == base_url


@pytest.mark.parametrize(
    "given", ["ftp://example.com", "http://", "https://a b/v1", "http://[::1", "http://h:99999"]
)
def test_what_is_no_web_address_is_refused_with_an_example(given: str) -> None:
    with pytest.raises(ConfigurationError, match="must look like http://localhost:8080/v1"):
        resolve(base_url=given)


def test_a_query_stays_at_the_end() -> None:
    endpoint = resolved(base_url="https://example.com/v1?api-version=2")
    assert endpoint.url("chat/completions") == "https://example.com/v1/chat/completions?api-version=2"


def test_a_servers_own_interface_is_beside_the_versioned_one() -> None:
    assert resolved(base_url="http://localhost:8080/v1").root_url("props") == "http://localhost:8080/props"
    assert resolved(base_url="http://localhost:8080").root_url("props") == "http://localhost:8080/props"


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://localhost:1/v1", True),
        ("http://127.0.0.1:1/v1", True),
        ("http://[::1]:1/v1", True),
        ("http://192.168.0.9/v1", True),
        ("http://172.20.0.9/v1", True),
        ("http://gpu-box:8000/v1", True),
        ("http://studio.local:1234/v1", True),
        ("http://172.32.0.9/v1", False),
        ("https://8.8.8.8/v1", False),
        ("https://api.openai.com/v1", False),
    ],
)
def test_local_is_this_machine_and_its_network(url: str, local: bool) -> None:
    assert resolved(base_url=url).is_local is local


def test_credentials_in_the_address_are_not_shown() -> None:
    assert resolved(base_url="https://me:secret@example.com:8443/v1").host == "example.com:8443"


def test_the_key_is_not_shown_where_an_endpoint_is_printed() -> None:
    endpoint = resolved(base_url="https://example.com/v1", api_key="sk-1", custom_headers={"X-Key": "sk-2"})
    assert "sk-" not in repr(endpoint)


def test_custom_headers_are_sent_and_win() -> None:
    headers = resolved(
        base_url="https://example.com/v1",
        api_key="k",
        custom_headers={"Authorization": "Basic x", "X-A": "b"},
    ).headers
    assert headers["authorization"] == "Basic x"
    assert headers["x-a"] == "b"
