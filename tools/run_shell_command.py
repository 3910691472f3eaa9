"""Runs a shell command, to its end or in the background."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from qwen_code.tool import (
    Access,
    BackgroundTask,
    CommandBlock,
    CommandResult,
    Draft,
    Tool,
    ToolContext,
    ToolFailure,
    ToolResult,
)

MAX_TIMEOUT_S = 600.0


@dataclass(frozen=True, slots=True)
class RunShellCommandParams:
    command: str
    description: str = ""
    is_background: bool = False
    timeout: int | None = None
    directory: str | None = None


class RunShellCommand(Tool[RunShellCommandParams]):
    name = "run_shell_command"
    params = RunShellCommandParams

    def accesses(self, params: RunShellCommandParams, ctx: ToolContext) -> Sequence[Access]:
        if not params.command.strip():
            raise ToolFailure("The command is empty.", "schema")
        directory = ctx.commands.directory
        if params.directory is not None:
            directory = ctx.workspace.resolve(params.directory).real
        return [Access("run", params.command, str(directory))]

    async def preview(self, params: RunShellCommandParams, ctx: ToolContext) -> CommandBlock:
        (access,) = self.accesses(params, ctx)
        return CommandBlock(params.command, access.resolved)

    async def draft(self, params: RunShellCommandParams, ctx: ToolContext) -> Draft:
        return Draft(params.command, ".sh")

    def redrafted(self, params: RunShellCommandParams, text: str, ctx: ToolContext) -> RunShellCommandParams:
        return replace(params, command=text)

    async def run(
        self, params: RunShellCommandParams, ctx: ToolContext, emit: Callable[[str], None]
    ) -> ToolResult:
        directory = None
        if params.directory is not None:
            path = ctx.workspace.resolve_granted(params.directory, ctx.granted)
            if not path.real.is_dir():
                raise ToolFailure(f"There is no directory {path.name}.", "not_found")
            directory = path.real
        if params.is_background:
            task = await ctx.commands.start(params.command, directory=directory)
            return _started(task, directory or ctx.commands.directory)
        before = ctx.commands.directory
        seconds = _seconds(params.timeout, ctx)
        result = await ctx.commands.run(
            params.command,
            directory=directory,
            timeout_s=seconds,
            on_output=emit,
            confined=not ctx.unconfined,
        )
        notes = [*_ending(result, seconds), *result.notes]
        ok = result.exit_code == 0 and not result.timed_out
        if ctx.commands.directory != before and not result.notes:
            notes.append(f"now in {ctx.workspace.display(ctx.commands.directory)}")
        elif not ok and directory is None and before != ctx.workspace.root:
            notes.append(f"ran in {ctx.workspace.display(before)}")
        text = result.text.rstrip("\n")
        for_model = "\n".join([*([text] if text else ["(no output)"]), *(f"[{note}]" for note in notes)])
        block = CommandBlock(
            params.command, str(directory or before), result.text, result.exit_code, result.hosts
        )
        return ToolResult(ok, for_model, block, confinement=result.confinement)

    def title(self, params: RunShellCommandParams, ctx: ToolContext) -> str:
        first, _, more = params.command.strip().partition("\n")
        return f"{first} ..." if more else first


def _seconds(timeout_ms: int | None, ctx: ToolContext) -> float:
    if timeout_ms is None:
        return ctx.shell_timeout_s
    if timeout_ms < 1:
        raise ToolFailure("timeout is in milliseconds and must be 1 or more.", "schema")
    return min(timeout_ms / 1000, MAX_TIMEOUT_S)


def _ending(result: CommandResult, seconds: float) -> list[str]:
    """What the exit says, when it does not just say that all is well."""
    if result.timed_out:
        return [
            f"timed out after {seconds:g} s; it and all that it started was ended. "
            f"Set timeout (milliseconds, at most {MAX_TIMEOUT_S * 1000:.0f}) or is_background"
        ]
    if result.exit_code is None:
        return [f"ended by {result.signal or 'a signal'}"]
    if result.exit_code == 0:
        return []
    return [f"exit code {result.exit_code}{_by_signal(result.exit_code)}"]


def _by_signal(code: int) -> str:
    """How shells report a child that a signal has ended: 128 and its number."""
    import signal

    if code <= 128:
        return ""
    try:
        return f", {signal.Signals(code - 128).name}"
    except ValueError:
        return ""


def _started(task: BackgroundTask, directory: Path) -> ToolResult:
    if task.running:
        state = f"runs in the background as {task.id} (pid {task.pid}); see task_output, task_stop"
    else:
        state = f"{task.id} has already ended, exit code {task.exit_code}"
    text = task.text.rstrip("\n")
    for_model = f"{text}\n[{state}]" if text else f"[{state}]"
    block = CommandBlock(task.command, str(directory), task.text, task.exit_code)
    return ToolResult(task.running or task.exit_code == 0, for_model, block)
