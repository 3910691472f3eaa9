from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from qwen_code.tool import Todo, TodoBlock
from qwen_code.tools.todo_write import TodoWrite
from tests.support.tool_calls import Bench, at_bench, failure, outcome

TODO = TodoWrite()


def items(*statuses: str) -> list[dict[str, Any]]:
    return [{"content": f"step {n}", "status": status} for n, status in enumerate(statuses, 1)]


@pytest.mark.parametrize(
    ("statuses", "for_model"),
    [
        (["completed", "in_progress", "pending"], "1 of 3 done. Now: step 2"),
        (["pending", "pending"], "0 of 2 done."),
        (["completed", "completed"], "2 of 2 done."),
        (["in_progress", "in_progress"], "0 of 2 done. 2 are in_progress; work on one at a time."),
        ([], "The list is empty."),
    ],
)
def test_the_answer_says_where_the_work_stands(tmp_path: Path, statuses: list[str], for_model: str) -> None:
    result = outcome(tmp_path, TODO, todos=items(*statuses))
    assert (result.ok, result.for_model) == (True, for_model)


def test_each_list_replaces_the_one_before(tmp_path: Path) -> None:
    async def body(bench: Bench) -> list[Todo]:
        await bench.call(TODO, todos=items("pending", "pending"))
        result = await bench.call(TODO, todos=items("completed"))
        assert result.for_user == TodoBlock((Todo("step 1", "completed"),))
        return bench.context.todos

    assert at_bench(tmp_path, body) == [Todo("step 1", "completed")]


def test_the_ids_that_other_agents_ask_for_do_no_harm(tmp_path: Path) -> None:
    todos = [{"id": "1", "content": "a", "status": "pending"}]
    assert outcome(tmp_path, TODO, todos=todos).for_model == "0 of 1 done."


@pytest.mark.parametrize(
    "todos",
    ["a", [{"content": "a"}], [{"content": "a", "status": "done"}], [{"content": " ", "status": "pending"}]],
)
def test_a_malformed_list_changes_nothing(tmp_path: Path, todos: Any) -> None:
    assert failure(tmp_path, TODO, todos=todos).kind == "schema"
