from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

from qwen_code.params import parse, schema_of
from qwen_code.tool import ToolFailure


@dataclass(frozen=True, slots=True)
class Item:
    text: str
    state: Literal["open", "done"]


@dataclass(frozen=True, slots=True)
class Params:
    path: str
    limit: int | None = None
    all: bool = False
    items: list[Item] = field(default_factory=list[Item])


def test_the_schema_is_small_and_says_all() -> None:
    assert schema_of(Params, {"path": "where", "items.state": "how far"}) == {
        "type": "object",
        "properties": {
            "path": {"type": "string", "description": "where"},
            "limit": {"type": "integer"},
            "all": {"type": "boolean"},
            "items": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "text": {"type": "string"},
                        "state": {"type": "string", "description": "how far", "enum": ["open", "done"]},
                    },
                    "required": ["text", "state"],
                },
            },
        },
        "required": ["path"],
    }


def test_plain_meanings_are_understood() -> None:
    items = [{"text": "a", "state": "open"}]
    value = parse(Params, {"path": "x", "limit": "10", "all": "true", "items": items}, "t")
    assert value == Params("x", 10, True, [Item("a", "open")])
    assert parse(Params, {"path": "x", "limit": None, "all": None, "items": None}, "t") == Params("x")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, ["missing required argument `path`"]),
        ({"path": "x", "lmit": 1}, ["unknown argument `lmit`", "It takes: all, items, limit, path"]),
        ({"path": "x", "limit": "many"}, ["argument `limit`", "integer"]),
        ({"path": ["x"]}, ["argument `path`", "string"]),
        ({"path": "x", "items": [{"text": "a", "state": "later"}]}, ["`items.0.state`", "'open' or 'done'"]),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(arguments: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(ToolFailure) as failure:
        parse(Params, arguments, "t")
    assert failure.value.kind == "schema"
    for word in words:
        assert word in str(failure.value)
