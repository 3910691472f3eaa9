from __future__ import annotations

from typing import Any

import pytest

from tests.unit.wire.offered import READ_A, A, B, calls, decoded, kinds, xml

CALL = '{"name": "read_file", "arguments": {"path": "a.py"}}'
OTHER = CALL.replace("a.py", "b.py")


def tagged(body: str) -> str:
    return f"<tool_call>\n{body}\n</tool_call>"


@pytest.mark.parametrize(
    "text",
    [
        tagged(CALL),
        f"<tool_call>{CALL}</tool_call>",
        f"<tool_call>\n  {CALL}  \n</tool_call>",
        f"<tool_call>\n{CALL}",
        tagged(CALL + "}"),
        tagged(CALL[:-1]),
        tagged(CALL[:-2]),
        tagged('{"name": "read_file", "arguments": {"path": "a.py",},}'),
        tagged("{'name': 'read_file', 'arguments': {'path': 'a.py'}}"),
        tagged("{name: 'read_file', arguments: {path: \"a.py\"}}"),
        tagged('{"name": "read_file", "parameters": {"path": "a.py"}}'),
        tagged('{"tool": "read_file", "args": {"path": "a.py"}}'),
        tagged('{"name": "read_file", "arguments": "{\\"path\\": \\"a.py\\"}"}'),
        tagged(
            '{"type": "function", "function": {"name": "read_file", "arguments": "{\\"path\\": \\"a.py\\"}"}}'
        ),
        tagged('{"name": "read_file", "path": "a.py"}'),
        tagged('{"function_name": "read_file", "arguments": {"path": "a.py"}}'),
        tagged("{" + CALL + "}"),
        tagged(f"```json\n{CALL}\n```"),
        tagged(f"```\n[{CALL}]\n```"),
        f"<tool_call>\n```json\n{CALL}\n```",
        tagged("{" + CALL),
        tagged('{"read_file": {"path": "a.py"}}'),
        tagged('{"arguments": {"path": "a.py"}, "name": "read_file"}'),
        tagged('{"tool_calls": [{"function": {"name": "read_file", "arguments": {"path": "a.py"}}}]}'),
    ],
)
def test_a_call_in_json_is_read_in_all_its_shapes(text: str) -> None:
    found = decoded(text)
    assert (found.content, calls(found), found.errors) == ("", [A], ())


@pytest.mark.parametrize(
    "text",
    [
        f"{tagged(CALL)}\n{tagged(OTHER)}",
        tagged(f"{CALL}\n{OTHER}"),
        tagged(f"{CALL},\n{OTHER}"),
        tagged(f"[{CALL}, {OTHER}]"),
        f"<tool_call>\n{CALL}\n{tagged(OTHER)}",
        f"{tagged(CALL)}\n{xml('read_file', path='b.py')}",
        f"{tagged(f'```json{chr(10)}{CALL}{chr(10)}```')}\n{tagged(OTHER)}",
    ],
    ids=["two tags", "one tag", "comma", "list", "first not closed", "both formats", "fenced"],
)
def test_several_calls_in_json_are_read(text: str) -> None:
    assert calls(decoded(text)) == [A, B]


@pytest.mark.parametrize(
    "arguments", ['"arguments": {}', '"arguments": null', '"arguments": ""', '"id": "1"']
)
def test_a_call_in_json_may_have_no_arguments(arguments: str) -> None:
    assert calls(decoded(tagged(f'{{"name": "list_tools", {arguments}}}'))) == [("list_tools", {})]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("echo a\necho b", "echo a\necho b"),
        (r"grep '\d+\s'", r"grep '\d+\s'"),
        (r"grep '\bfoo\d'", r"grep '\bfoo\d'"),
        (r"a\tb\n", "a\tb\n"),
        (r"\u00e9 \ud83d\ude00", "é 😀"),
        ("x </tool_call> y <tool_call> {", "x </tool_call> y <tool_call> {"),
        ("it's", "it's"),
    ],
)
def test_strings_in_json_mean_what_they_say(written: str, meant: str) -> None:
    found = decoded(tagged(f'{{"name": "run_shell_command", "arguments": {{"command": "{written}"}}}}'))
    assert (calls(found), found.errors) == ([("run_shell_command", {"command": meant})], ())


def test_arguments_in_json_get_the_types_of_the_schema() -> None:
    body = '{"name": "read_file", "arguments": {"path": "a.py", "limit": "10", "offset": 5.0}}'
    assert calls(decoded(tagged(body))) == [("read_file", {"path": "a.py", "limit": 10, "offset": 5})]


@pytest.mark.parametrize(
    "body",
    [
        "{invalid json}",
        '{"foo": 1}',
        '{"name": "run_shell_command", "arguments": {"command": "echo "hi" there"}}',
        '{"name": "read_file", "arguments": "hello"}',
        '{"name": "read_file", "arguments": [1, 2]}',
        '{"name": "write_file", "arguments": {"content": "never closed...',
    ],
)
def test_json_whose_meaning_is_not_plain_is_malformed(body: str) -> None:
    found = decoded(tagged(body))
    assert (found.content, found.calls, kinds(found)) == ("", (), ["malformed"])


def test_a_call_behind_json_that_is_malformed_is_read() -> None:
    found = decoded(f"{tagged('{invalid json}')}\n{tagged(CALL)}")
    assert (calls(found), kinds(found)) == ([A], ["malformed"])


@pytest.mark.parametrize("reason", ["stop", "length"])
def test_json_that_is_cut_is_never_used(reason: str) -> None:
    text = '<tool_call>\n{"name": "write_file", "arguments": {"file_path": "a.py", "content": "x = 12\\n"}}'
    for end in range(text.index("{") + 1, text.index("}}")):
        found = decoded(text[:end], reason)
        assert (found.calls, kinds(found)) == ((), ["truncated"]), text[:end]


def test_json_that_lacks_only_its_last_bracket_is_complete_unless_a_limit_was_reached() -> None:
    text = f"<tool_call>\n{CALL[:-1]}"
    assert calls(decoded(text, "stop")) == [A]
    assert kinds(decoded(text, "length")) == ["truncated"]


@pytest.mark.parametrize(
    "text",
    [
        '<tool_call>\n<function=read_file>{"path": "a.py"}</function>\n</tool_call>',
        '<function=read_file>{"path": "a.py"}</function>',
        '<tool_call>\n<function=read_file>\n{"path": "a.py"}\n</function>\n</tool_call>',
        f"<tool_call>\n<function=read_file>\n{CALL}\n</function>\n</tool_call>",
    ],
)
def test_json_may_stand_where_parameters_belong(text: str) -> None:
    assert calls(decoded(text)) == [A]


def test_json_without_tags_is_a_call_if_it_is_the_whole_message() -> None:
    assert calls(decoded(CALL)) == [A]
    assert calls(decoded(f"```json\n{CALL}\n```")) == [A]


@pytest.mark.parametrize(
    "text",
    [
        f"The call is {CALL}",
        f"{CALL}\nIs that right?",
        '{"name": "read_file", "version": "1.0"}',
        '{"name": "no_such_tool", "arguments": {}}',
        '{"name": "read_',
        '{"nam',
        "{",
        '{"a": 1}',
    ],
)
def test_other_json_without_tags_is_text(text: str) -> None:
    found = decoded(text)
    assert (found.content, found.calls, found.errors) == (text, (), ())


def test_an_object_where_a_string_belongs_is_json_text_again() -> None:
    body = '{"name": "write_file", "arguments": {"file_path": "a.json", "content": {"a": [1, true]}}}'
    arguments: dict[str, Any] = {"file_path": "a.json", "content": '{"a": [1, true]}'}
    assert calls(decoded(tagged(body))) == [("write_file", arguments)]


def test_nothing_behind_a_call_in_json_is_used_but_calls() -> None:
    assert calls(decoded(f"{tagged(CALL)}\nDone.")) == [A]
    assert calls(decoded(f"{tagged(CALL)}\n<tool_response>\n1\n</tool_response>\n{READ_A}")) == [A]
