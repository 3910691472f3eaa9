"""count_lines: how long are the files that match a pattern?

A tool says what it takes (`params`), what it will touch (`accesses`) and does its work (`run`). It never
asks for permission: the gate judges what `accesses` names. What the model is told stands in `count_lines.md`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from qwen_code.tool import Access, TextBlock, Tool, ToolContext, ToolFailure, ToolResult


@dataclass(frozen=True, slots=True)
class CountLinesParams:
    pattern: str
    at_least: int = 0


class CountLines(Tool[CountLinesParams]):
    """Counts the lines of files."""

    name: ClassVar[str] = "count_lines"
    params: ClassVar[type[Any]] = CountLinesParams
    read_only: ClassVar[bool] = True

    def title(self, params: CountLinesParams, ctx: ToolContext) -> str:
        return params.pattern

    def accesses(self, params: CountLinesParams, ctx: ToolContext) -> Sequence[Access]:
        return [Access("read", str(ctx.workspace.root), str(ctx.workspace.root))]

    async def run(
        self, params: CountLinesParams, ctx: ToolContext, emit: Callable[[str], None]
    ) -> ToolResult:
        try:
            paths = sorted(path for path in ctx.workspace.root.glob(params.pattern) if path.is_file())
        except (ValueError, NotImplementedError) as error:
            raise ToolFailure(f"{params.pattern!r} is not a pattern: {error}", "invalid_path") from error
        counts = {path: path.read_bytes().count(b"\n") for path in paths}
        lines = [
            f"{count} {path.relative_to(ctx.workspace.root)}"
            for path, count in sorted(counts.items(), key=lambda item: -item[1])
            if count >= params.at_least
        ]
        text = "\n".join(lines) or "No file is that long."
        return ToolResult(True, text, TextBlock(f"{len(lines)} files"))
