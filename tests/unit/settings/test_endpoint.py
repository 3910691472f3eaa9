from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from qwen_code.settings.layers import load_settings
from qwen_code.settings.loaded import LoadedSettings

PLUS = {"id": "qwen3-coder-plus", "baseUrl": "https://dash/v1", "envKey": "DASHSCOPE_API_KEY"}
LOCAL = {
    "id": "local",
    "name": "At home",
    "baseUrl": "http://localhost:8080/v1",
    "generationConfig": {
        "timeout": 9000,
        "samplingParams": {"temperature": 0},
        "reasoning": {"effort": "low"},
    },
}


@pytest.fixture
def load(tmp_path: Path) -> Any:
    def load(user: Any = None, flags: dict[str, object] | None = None, **environ: str) -> LoadedSettings:
        from json import dumps

        (tmp_path / ".qwen").mkdir(exist_ok=True)
        if user is not None:
            (tmp_path / ".qwen/settings.json").write_text(dumps(user))
        return load_settings(
            cwd=tmp_path / "p", home=tmp_path, environ=environ, flags=flags or {}, trusted=True
        )

    return load


def models(name: str, **more: Any) -> dict[str, Any]:
    return {
        "model": {"name": name, **more},
        "modelProviders": {"openai": [PLUS, LOCAL], "gemini": [{"x": 1}]},
    }


def test_a_file_of_qwen_code_is_enough_to_start_with(load: Any) -> None:
    loaded = load(models("qwen3-coder-plus"), DASHSCOPE_API_KEY=" sk-d\n")
    assert (loaded.settings.model.base_url, loaded.settings.model.api_key) == ("https://dash/v1", "sk-d")
    assert loaded.origins["model.api_key"].place == "DASHSCOPE_API_KEY"
    assert loaded.problems == ()


def test_variables_are_enough_to_start_with(load: Any) -> None:
    model = load(OPENAI_API_KEY="k", OPENAI_BASE_URL="http://localhost:1/v1", OPENAI_MODEL="m").settings.model
    assert (model.name, model.base_url, model.api_key) == ("m", "http://localhost:1/v1", "k")


def test_a_model_chosen_by_flag_brings_its_own_entry(load: Any) -> None:
    loaded = load(models("qwen3-coder-plus"), {"model.name": "local"}, DASHSCOPE_API_KEY="sk-d")
    model = loaded.settings.model
    assert (model.base_url, model.api_key) == ("http://localhost:8080/v1", "")
    assert (model.timeout_s, model.sampling.temperature) == (9.0, 0)
    assert [(m.id, m.name) for m in loaded.models] == [
        ("qwen3-coder-plus", "qwen3-coder-plus"),
        ("local", "At home"),
    ]


def test_an_entry_beats_the_general_configuration_and_a_variable_beats_the_entry(load: Any) -> None:
    user = models("local", generationConfig={"timeout": 5000, "maxRetries": 1})
    assert load(user).settings.model.timeout_s == 9.0
    assert load(user).settings.model.max_retries == 2
    assert load(user, QWEN_CODE_MODEL_GENERATION_CONFIG_TIMEOUT="7000").settings.model.timeout_s == 7.0


def test_the_generic_key_is_not_sent_to_the_endpoint_of_an_entry_with_its_own(load: Any) -> None:
    loaded = load(models("qwen3-coder-plus"), OPENAI_API_KEY="openai")
    assert loaded.settings.model.api_key == ""
    (problem,) = loaded.problems
    assert "DASHSCOPE_API_KEY, which holds the key of qwen3-coder-plus, is not set" in problem
    both = load(models("qwen3-coder-plus"), OPENAI_API_KEY="openai", DASHSCOPE_API_KEY="d")
    assert both.settings.model.api_key == "d"


def test_an_address_of_this_process_takes_neither_address_nor_key_from_the_entry(load: Any) -> None:
    environ = {"OPENAI_BASE_URL": "http://localhost:1", "DASHSCOPE_API_KEY": "d"}
    model = load(models("qwen3-coder-plus"), **environ).settings.model
    assert (model.base_url, model.api_key) == ("http://localhost:1", "")
    model = load(models("qwen3-coder-plus"), OPENAI_API_KEY="o", **environ).settings.model
    assert model.api_key == "o"


def test_a_key_given_on_the_command_line_is_used_for_whatever_endpoint(load: Any) -> None:
    flags = {"model.apiKey": "f"}
    assert load(models("qwen3-coder-plus"), flags, DASHSCOPE_API_KEY="d").settings.model.api_key == "f"


def test_a_files_key_stays_with_that_files_endpoint(load: Any) -> None:
    user = {"model": {"baseUrl": "https://a/v1", "apiKey": "a-key"}}
    assert load(user).settings.model.api_key == "a-key"
    loaded = load(user, OPENAI_BASE_URL="https://b/v1")
    assert (loaded.settings.model.base_url, loaded.settings.model.api_key) == ("https://b/v1", "")
    assert "given together with another endpoint" in loaded.problems[0]
    assert load({"model": {"apiKey": "any"}}, OPENAI_BASE_URL="https://b/v1").settings.model.api_key == "any"


def test_of_address_and_provider_the_stronger_source_wins(load: Any) -> None:
    user = {"model": {"baseUrl": "https://a/v1"}}
    model = load(user, {"model.provider": "openrouter"}).settings.model
    assert (model.base_url, model.provider) == ("", "openrouter")
    model = load({"model": {"provider": "openrouter"}}, OPENAI_BASE_URL="http://b").settings.model
    assert (model.base_url, model.provider) == ("http://b", "")


def test_the_generic_key_is_not_for_a_provider_with_a_name_of_its_own(load: Any) -> None:
    assert load(None, {"model.provider": "openrouter"}, OPENAI_API_KEY="o").settings.model.api_key == ""
    assert load(None, {"model.provider": "openai"}, OPENAI_API_KEY="o").settings.model.api_key == "o"
    assert load(None, {"model.provider": "x"}, OPENAI_API_KEY="o").variables["OPENAI_API_KEY"] == "o"
