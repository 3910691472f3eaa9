"""Reads a text file, or a range of its lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from qwen_code.tool import Access, TextBlock, Tool, ToolContext, ToolFailure, ToolResult
from qwen_code.workspace.line_ranges import LineRange


@dataclass(frozen=True, slots=True)
class ReadFileParams:
    file_path: str
    offset: int | None = None
    limit: int | None = None


class ReadFile(Tool[ReadFileParams]):
    name = "read_file"
    params = ReadFileParams
    read_only = True

    def accesses(self, params: ReadFileParams, ctx: ToolContext) -> Sequence[Access]:
        return [ctx.workspace.access("read", ctx.workspace.resolve(params.file_path))]

    async def run(self, params: ReadFileParams, ctx: ToolContext, emit: Callable[[str], None]) -> ToolResult:
        offset = params.offset or 0
        count = ctx.limits.lines if params.limit is None else params.limit
        if offset < 0 or count < 1:
            raise ToolFailure("offset must be 0 or more, and limit 1 or more.", "schema")
        path = ctx.workspace.resolve_granted(params.file_path, ctx.granted)
        part = ctx.files.read_lines(path, offset=offset, count=count, max_bytes=ctx.limits.bytes)
        if offset and not part.count:
            raise ToolFailure(
                f"{path.name} has {part.total} lines; offset {offset} is past its end.", "failed"
            )
        ctx.files.remember(path.real, part.sha256)
        return ToolResult(True, _for_model(part), TextBlock(_for_user(part)))

    def title(self, params: ReadFileParams, ctx: ToolContext) -> str:
        return ctx.workspace.shorten(params.file_path)


def _for_model(part: LineRange) -> str:
    if not part.total:
        return "[the file is empty]"
    if part.complete:
        return part.text
    end = part.first + part.count
    more = f"; continue with offset={end}" if end < part.total else ""
    return f"[lines {part.first + 1}-{end} of {part.total}{more}]\n{part.text}"


def _for_user(part: LineRange) -> str:
    if part.complete:
        return f"{part.total} line{'' if part.total == 1 else 's'}"
    return f"lines {part.first + 1}-{part.first + part.count} of {part.total}"
