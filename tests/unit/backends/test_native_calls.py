from __future__ import annotations

from typing import Any

import pytest

from qwen_code.backends.native_calls import NativeCalls

ONE, TWO = '{"file_path": "a"}', '{"file_path": "b"}'


def delta(index: int | None = 0, identity: str | None = None, **function: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {"function": function}
    if index is not None:
        fields["index"] = index
    if identity is not None:
        fields["id"] = identity
    return fields


def joined(*deltas: Any) -> list[tuple[str, str, str]]:
    calls = NativeCalls()
    for one in deltas:
        calls.add([one])
    return [(call.id, call.name, call.arguments) for call in calls.calls]


def test_the_pieces_of_two_calls_are_joined_by_index() -> None:
    assert joined(
        delta(0, "c1", name="read_file", arguments=""),
        delta(1, "c2", name="glob", arguments=""),
        delta(0, arguments='{"file_path"'),
        delta(1, arguments="{}"),
        delta(0, arguments=': "a"}'),
    ) == [("c1", "read_file", ONE), ("c2", "glob", "{}")]


def test_calls_that_all_have_index_zero_are_told_apart_by_id_and_name() -> None:
    assert joined(
        delta(0, "c1", name="read_file", arguments=ONE),
        delta(0, "c2", name="read_file", arguments=TWO),
        delta(0, "", name="glob", arguments="{}"),
    ) == [("c1", "read_file", ONE), ("c2", "read_file", TWO), ("", "glob", "{}")]


def test_equal_names_without_ids_are_two_calls_once_the_first_is_complete() -> None:
    assert joined(
        delta(0, "", name="read_file", arguments=ONE),
        delta(0, "", name="read_file", arguments=TWO),
    ) == [("", "read_file", ONE), ("", "read_file", TWO)]


def test_a_name_and_id_repeated_in_every_delta_are_one_call() -> None:
    assert joined(
        delta(0, "c1", name="read_file", arguments='{"file_path"'),
        delta(0, "c1", name="read_file", arguments=': "a"}'),
    ) == [("c1", "read_file", ONE)]


def test_a_name_in_pieces_is_put_together_and_told_when_it_is_whole() -> None:
    calls = NativeCalls(["read_file", "read", "glob"])
    deltas = [
        delta(0, "c1", name="read_"),
        delta(0, name="file"),
        delta(0, arguments=ONE),
        delta(1, "c2", name="gl"),
        delta(1, "c2", name="ob", arguments="{}"),
    ]
    assert [calls.add([one]) for one in deltas] == [[], ["read_file"], [], [], ["glob"]]
    assert [(call.id, call.name, call.arguments) for call in calls.calls] == [
        ("c1", "read_file", ONE),
        ("c2", "glob", "{}"),
    ]


def test_a_whole_name_is_never_taken_for_a_piece_of_the_next_one() -> None:
    calls = NativeCalls(["read", "read_file", "_file"])
    for name in ("read", "_file", "read_file", "unknown"):
        calls.add([delta(0, "", name=name)])
    assert [call.name for call in calls.calls] == ["read", "_file", "read_file", "unknown"]


def test_deltas_without_an_index_go_on_with_the_last_call() -> None:
    assert joined(
        delta(None, "c1", name="read_file", arguments='{"file_path"'),
        delta(None, arguments=': "a"}'),
        delta(None, "c2", name="glob", arguments="{}"),
    ) == [("c1", "read_file", ONE), ("c2", "glob", "{}")]


def test_arguments_given_as_an_object_are_taken() -> None:
    assert joined(delta(0, "c1", name="read_file", arguments={"file_path": "a"})) == [
        ("c1", "read_file", ONE)
    ]


def test_fields_beside_instead_of_inside_function_are_taken() -> None:
    assert joined({"index": 0, "id": "c1", "name": "read_file", "arguments": ONE}) == [
        ("c1", "read_file", ONE)
    ]


def test_the_names_of_calls_are_told_when_they_begin_and_only_then() -> None:
    calls = NativeCalls()
    assert calls.add([delta(0, "c1", name="read_file"), delta(1, "c2", name="glob")]) == ["read_file", "glob"]
    assert calls.add([delta(0, arguments=ONE)]) == []


@pytest.mark.parametrize(
    "rubbish", [None, "text", 7, [None], [[]], [{}], [{"function": None}], [{"index": []}]]
)
def test_what_is_no_call_is_passed_over(rubbish: Any) -> None:
    calls = NativeCalls()
    assert calls.add(rubbish) == []
    assert calls.calls == []
