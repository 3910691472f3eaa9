"""Searches the contents of files for a regular expression."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qwen_code.tool import Access, OutputLimits, TextBlock, Tool, ToolContext, ToolFailure, ToolResult
from qwen_code.workspace.paths import ResolvedPath

if TYPE_CHECKING:
    from qwen_code.workspace.search import Found, Match

LINE_CHARACTERS = 300
"""Longer lines are cut to this part around the match."""
NOTE_BYTES = 600
"""Set aside for the last lines."""
NAMED_FILES = 3


@dataclass(frozen=True, slots=True)
class GrepSearchParams:
    pattern: str
    path: str = "."
    glob: str = ""
    limit: int | None = None


class GrepSearch(Tool[GrepSearchParams]):
    name = "grep_search"
    params = GrepSearchParams
    read_only = True

    def accesses(self, params: GrepSearchParams, ctx: ToolContext) -> Sequence[Access]:
        return [ctx.workspace.access("read", ctx.workspace.resolve(params.path))]

    async def run(
        self, params: GrepSearchParams, ctx: ToolContext, emit: Callable[[str], None]
    ) -> ToolResult:
        from qwen_code.workspace.search import InvalidPattern, Query, search
        from qwen_code.workspace.search_engines import Pattern, find_ripgrep

        if params.limit is not None and params.limit < 1:
            raise ToolFailure("limit must be 1 or more.", "schema")
        start = ctx.workspace.resolve_granted(params.path, ctx.granted)
        _require_searchable(start)
        query = Query(params.pattern, start.real, start.root, params.glob)
        try:
            found = await search(query, find_ripgrep(os.environ.get("PATH"), ctx.workspace.root))
        except InvalidPattern as error:
            literal = Pattern(params.pattern).escaped
            advice = f" For that very text use: {literal}" if literal != params.pattern else ""
            raise ToolFailure(f"Invalid pattern: {error}.{advice}", "schema") from None
        notes = _left_out(found, ctx)
        if not found.matches:
            text = f"No matches for {params.pattern}{_place(params)}."
            if not found.complete:
                text = f"Time was over before {params.pattern} was found{_place(params)}: narrow the path."
            return ToolResult(True, "\n".join([text, *notes]), TextBlock("no matches"))
        lines = _shown(found.matches, params.limit, ctx)
        if len(lines) < len(found.matches) or not found.complete:
            notes.insert(0, _summary(len(lines), found))
        return ToolResult(True, "\n".join([*lines, *notes]), TextBlock(_counted(found)))

    def title(self, params: GrepSearchParams, ctx: ToolContext) -> str:
        return f"{params.pattern}{_place(params)}"


def _require_searchable(start: ResolvedPath) -> None:
    from qwen_code.workspace.file_failures import file_failures

    with file_failures(start, "read"):
        start.real.stat()
    if not (start.real.is_dir() or start.real.is_file()):
        raise ToolFailure(f"{start.name} is neither a file nor a directory.", "not_regular_file")


def _shown(matches: Sequence[Match], limit: int | None, ctx: ToolContext) -> list[str]:
    """As many `path:line:text` lines as may be shown, and at least one."""
    limits: OutputLimits = ctx.limits
    most = min(limit or limits.lines, limits.lines)
    room = limits.bytes - NOTE_BYTES
    lines: list[str] = []
    names: dict[str, str] = {}
    for match in matches[:most]:
        if match.path not in names:
            names[match.path] = ctx.workspace.display(Path(match.path))
        line = f"{names[match.path]}:{match.line}:{_around(match.text, match.column)}"
        room -= len(line.encode("utf-8", "replace")) + 1
        if room < 0 and lines:
            break
        lines.append(line)
    return lines


def _around(text: str, column: int) -> str:
    if len(text) <= LINE_CHARACTERS:
        return text
    start = min(max(column - 1 - LINE_CHARACTERS // 3, 0), len(text) - LINE_CHARACTERS)
    part = text[start : start + LINE_CHARACTERS]
    return f"{'...' if start else ''}{part}{'...' if start + LINE_CHARACTERS < len(text) else ''}"


def _summary(shown: int, found: Found) -> str:
    return f"[{shown} of {_counted(found)}; narrow the pattern, path or glob]"


def _counted(found: Found) -> str:
    number, files = len(found.matches), len({match.path for match in found.matches})
    matches = f"{'' if found.complete else 'more than '}{number:,} match{'' if number == 1 else 'es'}"
    return f"{matches} in {files:,} file{'' if files == 1 else 's'}"


def _place(params: GrepSearchParams) -> str:
    place = f" in {params.path}" if params.path != "." else ""
    return f"{place} ({params.glob})" if params.glob else place


def _left_out(found: Found, ctx: ToolContext) -> list[str]:
    """Says which files were not searched since they may hold secrets."""
    if not found.left_out:
        return []
    names = ", ".join(ctx.workspace.display(Path(path)) for path in found.left_out[:NAMED_FILES])
    rest = len(found.left_out) - NAMED_FILES
    return [f"[not searched, may hold secrets: {names}{f' and {rest} more' if rest > 0 else ''}]"]
