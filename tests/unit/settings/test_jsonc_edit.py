from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_code.settings.jsonc import parse
from qwen_code.settings.jsonc_edit import NotAnObject, set_value, value_at

names = st.sampled_from(["a", "b", "c", "long name", ""])
leaves = st.none() | st.booleans() | st.integers(-99, 99) | st.text(max_size=5)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)
documents = st.dictionaries(names, values, max_size=4)


def with_value(document: Any, path: list[str], value: Any) -> Any:
    document = copy.deepcopy(document)
    here = document
    for name in path[:-1]:
        if here.get(name) is None:
            here[name] = {}
        here = here[name]
    here[path[-1]] = value
    return document


def leads_through_a_scalar(document: Any, path: list[str]) -> bool:
    here = document.get(path[0])
    if len(path) == 1 or here is None:
        return False
    return not isinstance(here, dict) or leads_through_a_scalar(here, path[1:])


def layouts(document: Any) -> list[str]:
    wide = json.dumps(document, indent=3).replace("\n", " // note, with a } and a ]\n")
    return [
        json.dumps(document),
        json.dumps(document, indent=2),
        json.dumps(document, indent="\t").replace("\n", "\r\n"),
        wide + " // end",
    ]


@given(documents, st.lists(names, min_size=1, max_size=3), values)
def test_a_change_changes_that_value_and_nothing_else(document: Any, path: list[str], value: Any) -> None:
    for text in layouts(document):
        if leads_through_a_scalar(document, path):
            with pytest.raises(NotAnObject):
                set_value(text, path, value)
            continue
        changed = set_value(text, path, value)
        assert parse(changed).plain() == with_value(document, path, value)
        assert value_at(parse(changed), path) == value


@given(documents, st.lists(values, max_size=3), st.lists(values, min_size=1, max_size=3))
def test_a_growing_list_keeps_all_the_text_before_it(document: Any, old: list[Any], more: list[Any]) -> None:
    document = document | {"list": old}
    for text in layouts(document):
        changed = set_value(text, ["list"], old + more)
        assert parse(changed).plain() == document | {"list": old + more}
        if "//" in text:
            assert changed.count("// note") == text.count("// note")


def test_comments_and_layout_survive() -> None:
    before = """{
    // what I allow
    "permissions": {
        "allow": [
            "Bash(git status:*)", // harmless
            "Bash(npm test)" // slow
        ],
    },
    "somebodyElses": {"x": 1},   /* keep */
}
"""
    after = set_value(before, ["permissions", "allow"], ["Bash(git status:*)", "Bash(npm test)", "Bash(ls)"])
    assert after == before.replace(
        '"Bash(npm test)" // slow\n', '"Bash(npm test)", // slow\n            "Bash(ls)"\n'
    )


def test_windows_line_ends_stay() -> None:
    assert set_value('{\r\n  "a": 1\r\n}\r\n', ["b"], {"c": 1}) == (
        '{\r\n  "a": 1,\r\n  "b": {\r\n    "c": 1\r\n  }\r\n}\r\n'
    )


def test_a_file_of_comments_gets_its_first_object_below_them() -> None:
    assert set_value("// mine\n", ["a"], 1) == '// mine\n{\n  "a": 1\n}\n'


def test_the_same_list_again_is_no_change() -> None:
    text = '{"a": [1,2 ]}'
    assert set_value(text, ["a"], [1, 2]) == text
