"""Ends a background command."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from qwen_code.tool import Access, CommandBlock, Tool, ToolContext, ToolResult


@dataclass(frozen=True, slots=True)
class TaskStopParams:
    task_id: str


class TaskStop(Tool[TaskStopParams]):
    name = "task_stop"
    params = TaskStopParams

    def accesses(self, params: TaskStopParams, ctx: ToolContext) -> Sequence[Access]:
        return ()

    async def run(self, params: TaskStopParams, ctx: ToolContext, emit: Callable[[str], None]) -> ToolResult:
        task = await ctx.commands.stop(params.task_id)
        state = "could not be ended" if task.running else f"ended, exit code {task.exit_code}"
        text = task.text.rstrip("\n")
        for_model = f"{text}\n[{task.id} {state}]" if text else f"[{task.id} {state}]"
        block = CommandBlock(task.command, "", task.text, task.exit_code)
        return ToolResult(not task.running, for_model, block)

    def title(self, params: TaskStopParams, ctx: ToolContext) -> str:
        return params.task_id
