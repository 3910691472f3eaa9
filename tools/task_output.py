"""Shows what a background command has printed since the last look."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from qwen_code.tool import Access, CommandBlock, Tool, ToolContext, ToolFailure, ToolResult

MAX_WAIT_S = 600.0


@dataclass(frozen=True, slots=True)
class TaskOutputParams:
    task_id: str
    wait: float = 0.0


class TaskOutput(Tool[TaskOutputParams]):
    name = "task_output"
    params = TaskOutputParams
    read_only = True

    def accesses(self, params: TaskOutputParams, ctx: ToolContext) -> Sequence[Access]:
        return ()

    async def run(
        self, params: TaskOutputParams, ctx: ToolContext, emit: Callable[[str], None]
    ) -> ToolResult:
        if not 0 <= params.wait <= MAX_WAIT_S:
            raise ToolFailure(f"wait must be between 0 and {MAX_WAIT_S:.0f} seconds.", "schema")
        task = await ctx.commands.look(params.task_id, wait_s=params.wait)
        state = "still running" if task.running else f"ended, exit code {task.exit_code}"
        text = task.text.rstrip("\n") or "(no new output)"
        block = CommandBlock(task.command, "", task.text, task.exit_code)
        return ToolResult(True, f"{text}\n[{task.id} {state}]", block)

    def title(self, params: TaskOutputParams, ctx: ToolContext) -> str:
        return params.task_id
