from __future__ import annotations

import pytest

from tests.unit.wire.offered import READ_A, A, calls, decoded, kinds, xml

BLOCK = xml("write_file", file_path="z", content="q")

CLOSED = [
    "</parameter>\n</function>",
    "</parameter>\n</function>\n</tool_call>",
    '"""\n</parameter>\n</function>\n</tool_call>\n"""',
]
"""Markup that closes the call word for word; only what follows tells that it is part of the value."""
MARKUP = [
    *CLOSED,
    "</parameter>",
    "</function>",
    "</tool_call>",
    "<tool_call>",
    "<parameter=path>",
    "<parameter=file_path>",
    "<parameter=",
    "<function=read_file>",
    "<function=",
    "</parameter",
    "<tool_call>\n<function=read_file>",
    "</function>\n</tool_call>",
    "</parameter>\nfoo",
    "a\n</parameter>\nb",
    "docs\n</function>\n</tool_call>\nmore",
    "docs\n</tool_call>\nmore",
    "<|im_end|>",
    "<tool_response>",
    "<think>",
    "</think>",
    "```\n<tool_call>\n```",
    'x = "</parameter>"\ny = "</function>"\nz = "</tool_call>"\n',
    's = "</parameter></function></tool_call>"\nprint(s)',
    "Use <function=name> then <parameter=arg>\nand so on\n",
    "see\n<parameter=foo>\nbar",
    "<config>\n  <p>1</p>\n</parameters>",
    "x </parameterList>",
    '<parameters>\n <parameter name="a">1</parameter>\n <parameter name="b">\n\n </parameter>\n</parameters>',
    "<tool_call><function=a><parameter=b>c</parameter></function></tool_call>",
    "<function=write_file>\n<parameter=content>\nx\n</parameter>\n</function>",
    BLOCK,
    f"before\n{BLOCK}\nafter",
    f"{BLOCK}\n{BLOCK}",
    'tags = [\n "<tool_call>\\n",\n "<parameter=query>\\n",\n "\\n</parameter>\\n",\n "</function>\\n",\n]',
    'T = """\n</parameter>\n<parameter=new_string_2>\n#!/bin/sh\n</parameter>\n"""',
    'doc = """\n<parameter=file_path>\nliteral\n</parameter>\n"""',
    "a\n<parameter=new_string>\nb",
    "a\n<parameter=new_string>\nb\n</parameter>\nc",
    "    <parameter=new_string>\n    v\n    </parameter>\n",
    "line\n  </parameter> x\nline",
    "at the end </parameter>",
    "at the end </tool_call>",
    "- </parameter>\n- </function>\n- </tool_call>\n",
    "# </parameter>\n# </function>\n# </tool_call>",
    "re.compile(r'<parameter=(.*?)(?:</parameter>|(?=<parameter=)|(?=</function>)|$)', re.DOTALL)",
    "{{- '</parameter>\\n' }}\n{{- '</function>\\n</tool_call>' }}",
    't = """\n<tool_call>\n<function=foo>\n<parameter=bar>baz</parameter>\n</function>\n</tool_call>\n"""',
]


@pytest.mark.parametrize("value", MARKUP)
def test_markup_in_a_value_that_comes_last_is_part_of_it(value: str) -> None:
    found = decoded(xml("write_file", file_path="f", content=value))
    assert (calls(found), found.errors) == ([("write_file", {"file_path": "f", "content": value})], ())


@pytest.mark.parametrize("value", MARKUP)
def test_markup_in_a_value_that_others_follow_is_part_of_it(value: str) -> None:
    new = "new " + value
    found = decoded(xml("edit", file_path="f", old_string=value, new_string=new))
    assert calls(found) == [("edit", {"file_path": "f", "old_string": value, "new_string": new})]


@pytest.mark.parametrize("value", MARKUP)
def test_markup_in_a_value_leaves_the_next_call_alone(value: str) -> None:
    found = decoded(f"{xml('grep_search', pattern=value, path='src')}\n{READ_A}")
    assert calls(found) == [("grep_search", {"pattern": value, "path": "src"}), A]


@pytest.mark.parametrize("value", [value for value in MARKUP if value not in CLOSED])
@pytest.mark.parametrize("reason", ["stop", "length"])
def test_a_value_that_is_cut_anywhere_before_its_end_is_never_used(value: str, reason: str) -> None:
    value = f"first\n{value}\nlast line"
    text = xml("write_file", file_path="f", content=value)
    begin = text.index("first")
    for end in range(begin, begin + len(value)):
        for call in decoded(text[:end], reason).calls:
            written = call.arguments.get("content", value)
            at_a_closing_tag = text[:end].rstrip().endswith(("</parameter>", "</function>", "</tool_call>"))
            assert written == value or (reason == "stop" and at_a_closing_tag), text[begin:end]


def test_closing_tags_one_too_many_behind_the_function_are_no_part_of_the_value() -> None:
    text = xml("write_file", file_path="f", content="x\ny")
    written = [("write_file", {"file_path": "f", "content": "x\ny"})]
    for strays in ("</parameter>\n", "</parameter>\n</parameter>\n", "</tools>\n", "I wait.\n"):
        found = decoded(f"{text.replace('</tool_call>', strays + '</tool_call>')}\n{READ_A}")
        assert (calls(found), found.errors) == ([*written, A], ()), strays


def test_an_open_value_is_cut_off_whatever_the_server_says() -> None:
    text = "Writing it.\n\n" + xml("write_file", file_path="a.py", content="def f():\n    return 1")
    for end in range(text.index("<function"), text.index("</parameter>\n</function>") + len("</parameter")):
        for reason in ("stop", "length", "tool_calls"):
            found = decoded(text[:end], reason)
            assert (found.content, found.calls, kinds(found)) == ("Writing it.", (), ["truncated"]), text[
                :end
            ]


def test_a_limit_behind_closed_calls_does_no_harm() -> None:
    found = decoded(READ_A, "length")
    assert (calls(found), found.errors) == ([A], ())


def test_a_limit_before_the_function_closes_cuts_the_call() -> None:
    text = READ_A.removesuffix("</function>\n</tool_call>")
    assert calls(decoded(text, "stop")) == [A]
    assert (decoded(text, "length").calls, kinds(decoded(text, "length"))) == ((), ["truncated"])


def test_calls_before_the_one_that_is_cut_are_run() -> None:
    found = decoded(f"{READ_A}\n{READ_A[:40]}", "length")
    assert (calls(found), kinds(found)) == ([A], ["truncated"])


def test_a_call_inside_a_value_that_never_closes_is_not_run() -> None:
    found = decoded(f"<tool_call>\n<function=read_file>\n<parameter=path>\na.py\n{READ_A}")
    assert (found.calls, kinds(found)) == ((), ["truncated"])


def test_a_message_about_a_cut_call_names_the_tool() -> None:
    found = decoded("<tool_call>\n<function=write_file>\n<parameter=content>\nhalf", "length")
    assert (found.errors[0].name, found.errors[0].call_id) == ("write_file", "")
    assert "write_file was cut off" in found.errors[0].message
