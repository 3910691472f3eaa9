from __future__ import annotations

from pathlib import Path

import pytest

from qwen_code.backends import open_backend
from qwen_code.errors import ConfigurationError
from qwen_code.settings.model import ModelSettings, Settings


def settings(name: str, base_url: str = "") -> Settings:
    return Settings(model=ModelSettings(name=name, base_url=base_url))


def test_a_script_is_played(tmp_path: Path) -> None:
    script = tmp_path / "demo.json"
    script.write_text('{"name": "demo", "steps": ["Hello."]}')
    backend = open_backend(settings(f"scripted:{script}"), {})
    assert (backend.name, backend.location) == ("demo", "scripted")


def test_a_script_that_is_not_there_is_a_matter_of_configuration() -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere\.json"):
        open_backend(settings("scripted:nowhere.json"), {})


def test_an_endpoint_is_used_when_there_is_one() -> None:
    backend = open_backend(settings("qwen3-coder:30b", "http://localhost:11434/v1"), {})
    assert (backend.name, backend.location) == ("qwen3-coder:30b", "localhost:11434")


def test_a_providers_key_is_looked_up_in_the_environment_that_is_given() -> None:
    backend = open_backend(settings("openrouter:qwen/qwen3-coder"), {"OPENROUTER_API_KEY": "k"})
    assert (backend.name, backend.location) == ("qwen/qwen3-coder", "openrouter.ai")


def test_without_anything_the_ways_to_configure_a_model_are_listed() -> None:
    with pytest.raises(ConfigurationError) as caught:
        open_backend(settings(""), {})
    for way in ("OPENAI_BASE_URL", "openrouter:", ".gguf", "settings.json"):
        assert way in str(caught.value)
