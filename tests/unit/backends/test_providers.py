from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from qwen_code.backends.providers import PROVIDERS, Provider, provider_at, provider_named

HOSTED = [p for p in PROVIDERS if p.hosts]
LOCAL = [p for p in PROVIDERS if not p.hosts]


def test_names_are_unique() -> None:
    assert len({p.name for p in PROVIDERS}) == len(PROVIDERS)


@pytest.mark.parametrize("provider", HOSTED, ids=lambda p: p.name)
def test_a_hosted_provider_is_found_by_its_own_address_and_has_a_key_and_tls(provider: Provider) -> None:
    parts = urlsplit(provider.base_url)
    assert parts.scheme == "https"
    assert provider_at(parts.hostname or "") is provider
    assert provider.key_env


@pytest.mark.parametrize("provider", LOCAL, ids=lambda p: p.name)
def test_a_local_server_says_how_to_start_it_and_listens_here(provider: Provider) -> None:
    assert urlsplit(provider.base_url).hostname == "localhost"
    assert provider.start
    assert not provider.key_env


def test_names_are_found_in_any_case() -> None:
    assert provider_named(" OpenRouter ") is provider_named("openrouter")
    assert provider_named("nowhere") is None
