from __future__ import annotations

from qwen_code.messages import ToolSpec
from qwen_code.wire import decode
from tests.unit.wire.offered import READ_A, A, calls, decoded, kinds, tool, xml


def test_a_name_in_another_case_means_the_only_tool_it_can_mean() -> None:
    assert calls(decoded(READ_A.replace("read_file", "Read_File"))) == [A]


def test_a_name_in_another_case_that_fits_two_tools_means_none() -> None:
    tools = [tool("Read"), tool("READ")]
    found = decode(xml("read"), tools)
    assert (calls(found), kinds(found)) == ([("read", {})], ["unknown_tool"])
    assert calls(decode(xml("READ"), tools)) == [("READ", {})]


def test_a_call_of_no_tool_is_delivered_and_the_closest_names_are_told() -> None:
    found = decoded(xml("read_fill", path="a.py"))
    assert (calls(found), kinds(found)) == ([("read_fill", {"path": "a.py"})], ["unknown_tool"])
    assert found.errors[0].message == "There is no tool named `read_fill`. Did you mean `read_file`?"
    assert found.errors[0].call_id == found.calls[0].id


def test_where_no_name_is_close_all_are_told() -> None:
    message = decode(xml("zzz"), [tool("b"), tool("a")]).errors[0].message
    assert message == "There is no tool named `zzz`. The tools are: a, b."
    assert decode(xml("zzz"), []).errors[0].message.endswith("No tools can be called here.")


def test_a_missing_argument_is_told_and_the_call_delivered() -> None:
    found = decoded(xml("write_file", file_path="a"))
    assert (calls(found), kinds(found)) == ([("write_file", {"file_path": "a"})], ["schema"])
    assert found.errors[0].message == "Invalid call of write_file: missing required argument `content`."


def test_a_value_of_the_wrong_type_is_told_and_the_call_delivered_as_written() -> None:
    found = decoded(xml("read_file", path="a.py", limit="ten"))
    assert (calls(found), kinds(found)) == ([("read_file", {"path": "a.py", "limit": "ten"})], ["schema"])
    assert '`limit` must be an integer, not "ten"' in found.errors[0].message


def test_an_optional_argument_may_be_null() -> None:
    found = decoded(xml("read_file", path="a.py", limit="None"))
    assert (calls(found), found.errors) == ([("read_file", {"path": "a.py", "limit": None})], ())


def test_a_value_outside_of_an_enumeration_is_told() -> None:
    tools = [tool("plan", status={"type": "string", "enum": ["pending", "done"]})]
    assert decode(xml("plan", status="done"), tools).errors == ()
    (error,) = decode(xml("plan", status="finished"), tools).errors
    assert error.message.endswith('argument `status` must be one of "pending", "done", not "finished".')


def test_tools_with_odd_schemas_can_be_called() -> None:
    for parameters in (
        {},
        {"properties": None},
        {"type": "object", "properties": {"x": True}, "required": "x"},
    ):
        found = decode(xml("odd", x="1"), [ToolSpec("odd", "", parameters)])
        assert (calls(found), found.errors) == ([("odd", {"x": "1"})], ())


def test_further_properties_have_the_type_that_the_schema_gives_them() -> None:
    spec = ToolSpec("env", "", {"type": "object", "additionalProperties": {"type": "integer"}})
    assert calls(decode(xml("env", a="1", b="2"), [spec])) == [("env", {"a": 1, "b": 2})]
