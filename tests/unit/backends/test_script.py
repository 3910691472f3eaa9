from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_code.backends.script import load_script, parse_script
from qwen_code.errors import ConfigurationError


def test_a_list_of_steps_is_a_script() -> None:
    script = parse_script('[{"text": "One."}, "Two."]', "s.json")
    assert [step.text for step in script.steps] == ["One.", "Two."]
    assert script.name == "scripted"


def test_a_step_a_line_is_a_script() -> None:
    script = parse_script('{"text": "One."}\n\n"Two."\n', "s.jsonl")
    assert [step.text for step in script.steps] == ["One.", "Two."]


def test_one_step_alone_on_one_line_needs_its_list() -> None:
    with pytest.raises(ConfigurationError, match="`text` is unknown; known are steps, rules"):
        parse_script('{"text": "One."}', "s.json")


def test_an_object_says_more_about_the_model() -> None:
    script = parse_script(
        '{"name": "demo", "context_window": 4096, "rate": 50, "at_end": "repeat", "continues": true, '
        '"steps": ["x"], "rules": [{"when": {"last_contains": "hi"}, "text": "y"}]}',
        "s.json",
    )
    assert (script.name, script.context_window, script.rate, script.at_end) == ("demo", 4096, 50, "repeat")
    assert script.continues
    assert script.rules[0].when is not None
    assert script.rules[0].when.last_contains == ("hi",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "s.json, line 1, column 2"),
        ('"a"\n{\n', "s.json, line 2, column 2"),
        ("[]", "s.json has no steps"),
        ("7", "s.json: must be a JSON object"),
        ('[{"txt": "x"}]', "s.json, step 1: `txt` is unknown"),
        ('["a", 7]', "s.json, step 2: must be a JSON object"),
        ('[{"text": 7}]', "`text` must be text"),
        ('[{"calls": [{}]}]', "step 1, call 1: `name` is missing"),
        ('[{"calls": [{"name": "x", "arguments": "{}"}]}]', "`arguments` must be an object"),
        ('[{"delay_s": -1}]', "`delay_s` must be a number that is not negative"),
        ('[{"delay_s": true}]', "`delay_s` must be a number"),
        ('[{"finish": "soon"}]', "`finish` must be one of stop"),
        ('[{"error": {"kind": "flood"}}]', "step 1, error: `kind` must be one of unavailable"),
        ('[{"expect": {"last_contains": [1]}}]', "`last_contains` must be text or a list of texts"),
        ('{"steps": ["x"], "at_end": "explode"}', "`at_end` must be one of error, repeat"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(text: str, words: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_script(text, "s.json")
    assert words in str(caught.value)


def test_a_file_that_can_not_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere\.json can't be read: No such file"):
        load_script(tmp_path / "nowhere.json")
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigurationError, match="not UTF-8"):
        load_script(tmp_path / "binary.json")


names = st.sampled_from(["steps", "rules", "text", "calls", "when", "usage", "x"])
values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)


@given(values)
def test_no_json_value_breaks_the_reader(value: object) -> None:
    with suppress(ConfigurationError):
        assert parse_script(json.dumps(value), "s.json").steps is not None
