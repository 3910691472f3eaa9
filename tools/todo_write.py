"""Keeps the list of steps that the model works through."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from qwen_code.tool import Access, Todo, TodoBlock, Tool, ToolContext, ToolFailure, ToolResult


@dataclass(frozen=True, slots=True)
class TodoWriteParams:
    todos: list[Todo]


class TodoWrite(Tool[TodoWriteParams]):
    name = "todo_write"
    params = TodoWriteParams

    def accesses(self, params: TodoWriteParams, ctx: ToolContext) -> Sequence[Access]:
        return ()

    async def run(self, params: TodoWriteParams, ctx: ToolContext, emit: Callable[[str], None]) -> ToolResult:
        if any(not todo.content.strip() for todo in params.todos):
            raise ToolFailure("Every todo needs a content.", "schema")
        ctx.todos[:] = params.todos
        return ToolResult(True, _state(params.todos), TodoBlock(tuple(params.todos)))

    def title(self, params: TodoWriteParams, ctx: ToolContext) -> str:
        return f"{len(params.todos)} steps"


def _state(todos: Sequence[Todo]) -> str:
    if not todos:
        return "The list is empty."
    current = [todo.content for todo in todos if todo.status == "in_progress"]
    done = sum(todo.status == "completed" for todo in todos)
    state = f"{done} of {len(todos)} done."
    if len(current) > 1:
        return f"{state} {len(current)} are in_progress; work on one at a time."
    return f"{state} Now: {current[0]}" if current else state
