from __future__ import annotations

from typing import Any

import pytest

from tests.unit.wire.offered import READ_A, A, B, calls, decoded, kinds, xml

PATH = "<parameter=path>\na.py\n</parameter>\n"
READ_B = xml("read_file", path="b.py")
LS: tuple[str, dict[str, Any]] = ("run_shell_command", {"command": "ls"})


def wrapped(body: str, name: str = "read_file") -> str:
    return f"<tool_call>\n<function={name}>\n{body}</function>\n</tool_call>"


def bare(path: str) -> str:
    return f"<function=read_file>\n<parameter=path>\n{path}\n</parameter>\n</function>"


def test_a_call_as_the_template_writes_it_is_read() -> None:
    found = decoded("I'll look.\n\n" + READ_A)
    assert (found.content, calls(found), found.errors) == ("I'll look.", [A], ())


def test_several_calls_are_read_in_order() -> None:
    assert calls(decoded(f"{READ_A}\n{READ_B}")) == [A, B]
    assert calls(decoded(READ_A + READ_B)) == [A, B]


def test_a_call_without_parameters_has_no_arguments() -> None:
    found = decoded(wrapped("", "list_tools"))
    assert (calls(found), found.errors) == ([("list_tools", {})], ())


@pytest.mark.parametrize(
    "value",
    ["", "\n", "\n\n", " ", "a\n", "\na", "\n\na\n\n", "  x  ", "\t", "\r\n", "a\r\nb\r\n", "\r", " \na\n "],
)
def test_exactly_one_line_break_at_each_end_of_a_value_belongs_to_its_tags(value: str) -> None:
    found = decoded(xml("write_file", file_path="f", content=value))
    assert calls(found) == [("write_file", {"file_path": "f", "content": value})]


@pytest.mark.parametrize("prose", ["I'll use it.\n\n", "Ok:\n", "Ok ", ""])
@pytest.mark.parametrize("closing", ["\n</tool_call>", ""])
def test_a_function_of_a_known_tool_needs_no_opening_tag(prose: str, closing: str) -> None:
    found = decoded(prose + bare("a.py") + closing)
    assert (found.content, calls(found)) == (prose.strip(), [A])


def test_a_function_of_no_tool_without_opening_tag_is_text() -> None:
    text = f"<function=foo>\n{PATH}</function>\n</tool_call>"
    found = decoded(text)
    assert (found.content, found.calls, found.errors) == (text, (), ())


@pytest.mark.parametrize(
    "text",
    [
        f"{bare('a.py')}\n{bare('b.py')}",
        f"{READ_A}\n{bare('b.py')}\n</tool_call>",
        f"<tool_call>\n{bare('a.py')}\n{bare('b.py')}\n</tool_call>",
        f"<tool_call>\n{bare('a.py')}\n{READ_B}",
        f"<tool_call>\n<function=read_file>\n{PATH}{READ_B}",
    ],
    ids=["both bare", "second bare", "in one tag", "first not closed", "first function not closed"],
)
def test_calls_whose_outer_tags_are_missing_are_all_read(text: str) -> None:
    assert calls(decoded(text)) == [A, B]


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        (
            "<parameter=path>\na.py\n<parameter=limit>\n5\n</parameter>\n</function>\n</tool_call>",
            {"limit": 5},
        ),
        ("<parameter=path>\na.py\n</function>\n</tool_call>", {}),
        ("<parameter=path>\na.py\n</tool_call>", {}),
        ("<parameter=path>a.py<parameter=limit>5</parameter></function></tool_call>", {"limit": 5}),
        ("<parameter=path>a.py</function>\n</tool_call>", {}),
        (
            "<parameter=path>\na.py\n<parameter=offset>\n1\n<parameter=limit>\n5\n</function>\n</tool_call>",
            {"offset": 1, "limit": 5},
        ),
        (f"{PATH}</function>", {}),
        (f"{PATH}</tool_call>", {}),
        (PATH.rstrip(), {}),
    ],
    ids=[
        "parameter before parameter",
        "parameter before function",
        "parameter and function",
        "on one line",
        "on one line before function",
        "all parameters",
        "tool_call",
        "function",
        "function and tool_call",
    ],
)
def test_missing_closing_tags_are_made_good(text: str, arguments: dict[str, Any]) -> None:
    found = decoded(f"<tool_call>\n<function=read_file>\n{text}")
    assert (calls(found), found.errors) == ([("read_file", {"path": "a.py", **arguments})], ())


def test_a_missing_closing_tag_does_not_swallow_the_next_call() -> None:
    first = "<tool_call>\n<function=read_file>\n<parameter=path>\na.py\n</function>\n</tool_call>"
    assert calls(decoded(f"{first}\n{READ_B}")) == [A, B]


@pytest.mark.parametrize(
    "text",
    [
        wrapped("<parameter=path>\na.py\n</parameter>\n</parameter>\n"),
        wrapped(PATH + "</function>\n"),
        READ_A + "\n</tool_call>",
        wrapped(PATH).replace("</function>", "</function>\n</function_invocation>"),
        wrapped(PATH + "</function_invocation>\n"),
        wrapped(PATH).replace("</function>", "</function_invocation>"),
        "<tool_call>\n" + READ_A,
        "<tool_call>\n<function=read_file>\n" + READ_A,
    ],
    ids=[
        "parameter",
        "function",
        "tool_call",
        "stray behind",
        "stray before",
        "stray instead",
        "opening twice",
        "begun twice",
    ],
)
def test_doubled_and_stray_tags_are_ignored(text: str) -> None:
    found = decoded(text)
    assert (found.content, calls(found), found.errors) == ("", [A], ())


@pytest.mark.parametrize(
    "element",
    [
        "<parameter=timeout\n7\n</parameter>\n",
        "<parameter=timeout\n7\n",
        "<parameter=\necho $X\n</parameter>\n",
        "<parameter=\n",
        "<parameter=note=\nx\n</parameter>\n",
        "<parameter=>stray</parameter>\n",
        "<parameter=directory=create</parameter>\n",
        "<parameter={{ k }}>\nx\n</parameter>\n",
    ],
)
def test_a_parameter_without_a_proper_name_is_dropped_and_the_call_kept(element: str) -> None:
    command = "<parameter=command>\nls\n</parameter>\n"
    for body in (command + element, element + command):
        found = decoded(wrapped(body, "run_shell_command"))
        assert (calls(found), found.errors) == ([LS], ())


@pytest.mark.parametrize("tag", ["</parameter1>", "</parameter_function>", "</parameter", "</parameter/>"])
def test_a_closing_tag_that_drifted_closes(tag: str) -> None:
    body = f"<parameter=path>\na.py\n{tag}\n<parameter=limit>\n5\n</parameter>\n"
    assert calls(decoded(wrapped(body))) == [("read_file", {"path": "a.py", "limit": 5})]


@pytest.mark.parametrize(
    "text",
    [
        "<tool_call><function=read_file><parameter=path>a.py</parameter></function></tool_call>",
        wrapped("<parameter=path>\na.py</parameter>\n"),
        wrapped("<parameter=path>a.py</parameter>\n"),
        "  <tool_call>\n  <function=read_file>\n  <parameter=path>\na.py\n</parameter>\n  </function>",
        READ_A.replace("\n", "\r\n"),
        "<tool_call> <function = read_file>\n<parameter = path>\na.py\n</parameter>\n</function>",
        READ_A.replace("read_file", '"read_file"').replace("=path", '="path"'),
        READ_A.replace("=read_file", ' name="read_file"').replace("=path", ' name="path"'),
        '<invoke name="read_file">\n<parameter name="path">a.py</parameter>\n</invoke>',
        '<function_calls>\n<invoke name="read_file">\n<parameter name="path">a.py</parameter>\n</invoke>',
        f"<tool_calls>\n{READ_A}\n</tool_calls>",
        READ_A.replace("tool_call>", "|tool_call|>"),
        READ_A.replace("</parameter>", "</parameter=path>").replace("</function>", "</function=read_file>"),
        wrapped("<parameter=path><![CDATA[a.py]]></parameter>\n"),
        READ_A.replace("=path", "=Path"),
        READ_A.replace("<function=read_file>", "<function=read_file"),
        READ_A.replace("<tool_call>\n<function=read_file>", "<function=read_file"),
        READ_A.replace("=path", '=path type="string"'),
        READ_A.replace("<function=", "<parameter="),
    ],
    ids=[
        "on one line",
        "closed on its line",
        "compact",
        "indented",
        "CRLF",
        "blanks around =",
        "quoted names",
        "attributes",
        "invoke",
        "function_calls",
        "tool_calls",
        "bars",
        "names in closing tags",
        "CDATA",
        "case of a parameter",
        "torn function",
        "torn function without opening tag",
        "further attributes",
        "parameter for function",
    ],
)
def test_other_spellings_mean_the_same_call(text: str) -> None:
    found = decoded(text)
    assert (found.content, calls(found), found.errors) == ("", [A], ())


def test_cdata_on_lines_of_its_own_is_the_value() -> None:
    found = decoded(xml("write_file", file_path="f", content="<![CDATA[x]]>"))
    assert calls(found) == [("write_file", {"file_path": "f", "content": "<![CDATA[x]]>"})]


def test_a_torn_function_of_no_tool_is_malformed_and_the_next_call_is_read() -> None:
    found = decoded(f"<tool_call>\n<function=bad_func\n</function>\n</tool_call>\n{READ_A}")
    assert (calls(found), kinds(found)) == ([A], ["malformed"])


def test_a_template_that_was_not_filled_in_is_no_call() -> None:
    text = (
        "<tool_call>\n<function={{ tool.name }}>\n<parameter={{ k }}>\n{{ v }}\n</parameter>\n</function>\n"
    )
    found = decoded(f"{text}</tool_call>\n\n{READ_A}")
    assert calls(found) == [A]
    assert found.content.startswith("<tool_call>\n<function={{")


def test_a_repeated_parameter_with_the_same_value_is_ignored() -> None:
    twice = "<parameter=file_path>\na\n</parameter>\n"
    found = decoded(wrapped(f"{twice}<parameter=content>\nx\n</parameter>\n{twice}", "write_file"))
    assert (calls(found), found.errors) == ([("write_file", {"file_path": "a", "content": "x"})], ())


def test_a_repeated_parameter_with_another_value_is_not_guessed_at() -> None:
    body = "<parameter=path>\na\n</parameter>\n<parameter=path>\nb\n</parameter>\n"
    found = decoded(wrapped(body))
    assert (found.calls, kinds(found)) == ((), ["malformed"])
    assert "`path` is given twice" in found.errors[0].message


def test_parameters_that_the_tool_does_not_have_are_parameters_nevertheless() -> None:
    names = ("foo", "bar", "path", "baz")
    body = "".join(f"<parameter={name}>\n{name}\n</parameter>\n" for name in names)
    assert calls(decoded(wrapped(body))) == [("read_file", {name: name for name in names})]


def test_what_stands_behind_a_call_is_dropped() -> None:
    found = decoded(f"Ok.\n\n{READ_A}\nDone: the file is empty.")
    assert (found.content, calls(found)) == ("Ok.", [A])


def test_prose_between_two_calls_is_dropped_and_both_are_read() -> None:
    found = decoded(f"First.\n\n{READ_A}\n\nNow the other:\n\n{READ_B}")
    assert (found.content, calls(found)) == ("First.", [A, B])


@pytest.mark.parametrize(
    "invented", ["<tool_response>\nx\n</tool_response>\n", "<|im_end|>\n<|im_start|>user\n"]
)
def test_nothing_behind_an_invented_result_or_turn_is_believed(invented: str) -> None:
    assert calls(decoded(f"{READ_A}\n{invented}{READ_B}")) == [A]


def test_an_example_in_a_fence_behind_a_call_is_not_run() -> None:
    assert calls(decoded(f"{READ_A}\nThe format:\n```xml\n{READ_B}\n```")) == [A]
