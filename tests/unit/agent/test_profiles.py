from __future__ import annotations

import json

import pytest

from qwen_code.agent.prompting import load_profile
from qwen_code.agent.registry import load_tools
from qwen_code.errors import ConfigurationError
from tests.support import qwen_tokens


def test_a_profile_can_offer_tools_by_their_signature_alone() -> None:
    profile = load_profile("mini")
    edit, *_ = load_tools(only=profile.tools, signatures=profile.signatures).specs()
    assert (edit.name, edit.description) == ("edit", "")
    texts = ("file_path", "old_string", "new_string")
    assert edit.parameters["properties"] == {name: {"type": "string"} for name in texts}
    assert edit.parameters["required"] == list(texts)


def test_the_prompt_and_the_tools_of_the_bundled_model_are_300_tokens_at_most() -> None:
    profile = load_profile("mini")
    specs = load_tools(only=profile.tools, signatures=profile.signatures).specs()
    tools = [{"name": s.name, "description": s.description, "parameters": s.parameters} for s in specs]
    body = {
        "messages": [{"role": "system", "content": profile.text}],
        "tools": [{"type": "function", "function": tool} for tool in tools],
    }
    assert qwen_tokens.count(qwen_tokens.canonical(json.loads(json.dumps(body)))) <= 300


def test_other_profiles_describe_their_tools() -> None:
    profile = load_profile("lean")
    assert profile.tools
    assert all(
        spec.description for spec in load_tools(only=profile.tools, signatures=profile.signatures).specs()
    )


def test_an_unknown_profile_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no prompt profile"):
        load_profile("nothing")
