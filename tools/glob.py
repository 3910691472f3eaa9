"""Finds files by a pattern over their paths."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from qwen_code.tool import Access, TextBlock, Tool, ToolContext, ToolFailure, ToolResult
from qwen_code.workspace.paths import ResolvedPath

SHOWN = 100


@dataclass(frozen=True, slots=True)
class GlobParams:
    pattern: str
    path: str = "."


class Glob(Tool[GlobParams]):
    name = "glob"
    params = GlobParams
    read_only = True

    def accesses(self, params: GlobParams, ctx: ToolContext) -> Sequence[Access]:
        start, _ = _start(params)
        return [ctx.workspace.access("read", ctx.workspace.resolve(start))]

    async def run(self, params: GlobParams, ctx: ToolContext, emit: Callable[[str], None]) -> ToolResult:
        from qwen_code.workspace.file_failures import file_failures
        from qwen_code.workspace.search import in_thread

        text, rest = _start(params)
        start = ctx.workspace.resolve_granted(text, ctx.granted)
        with file_failures(start, "list"):
            os.scandir(start.real).close()
        found = await in_thread(lambda stopped: _Found.of(start, rest, stopped))
        where = f" in {start.name}" if start.name != "." else ""
        if not found.paths:
            stopped = " before the time was over" if found.stopped else ""
            return ToolResult(True, f"No file matches {rest}{where}{stopped}.", TextBlock("no file"))
        notes = [found.note] if found.note else []
        if len(found.paths) > SHOWN:
            notes.append(f"{SHOWN} of {len(found.paths):,} files, newest first; narrow the pattern")
        if found.stopped:
            notes.append("stopped before all was looked at")
        lines = [ctx.workspace.display(start.absolute / path) for path in found.paths[:SHOWN]]
        lines += [f"[{note}]" for note in notes]
        return ToolResult(True, "\n".join(lines), TextBlock(_count(len(found.paths))))

    def title(self, params: GlobParams, ctx: ToolContext) -> str:
        return params.pattern if params.path == "." else f"{params.pattern} in {params.path}"


@dataclass(frozen=True, slots=True)
class _Found:
    paths: list[str]
    """Below the start, newest first."""
    stopped: bool
    note: str = ""

    @classmethod
    def of(cls, start: ResolvedPath, pattern: str, stopped: Callable[[], bool]) -> _Found:
        """Look below `start`; a bare name that is not right there is looked for at any depth."""
        from qwen_code.workspace.file_walk import walk
        from qwen_code.workspace.globs import compile_glob

        try:
            here, below = compile_glob(pattern).match, compile_glob(f"**/{pattern}").match
        except ValueError as error:
            raise ToolFailure(f"Invalid pattern: {error}.", "schema") from None
        direct: list[str] = []
        deeper: list[str] = []
        for path in walk(start.real, start.root, links=True, stopped=stopped):
            if here(path):
                direct.append(path)
            elif not direct and below(path):
                deeper.append(path)
        note = f"not directly in {start.name}, but below it" if deeper and not direct else ""
        return cls(sorted(direct or deeper, key=_Age(start.real)), stopped(), note)


class _Age:
    """Sorts by time of the last change, newest first, then by name."""

    def __init__(self, start: Path) -> None:
        self._prefix = f"{str(start).rstrip('/')}/"

    def __call__(self, path: str) -> tuple[int, str]:
        try:
            return -os.lstat(self._prefix + path).st_mtime_ns, path
        except OSError:
            return 0, path


def _start(params: GlobParams) -> tuple[str, str]:
    """The directory to walk, and the pattern below it. Raises ToolFailure for an empty pattern."""
    from qwen_code.workspace.globs import split_base

    if not params.pattern.strip("/ "):
        raise ToolFailure("The pattern is empty. `**/*` matches every file.", "schema")
    base, rest = split_base(params.pattern)
    if base.startswith(("/", "~/")) or base == "~":
        return base, rest or "**"
    return f"{params.path}/{base}" if base else params.path, rest or "**"


def _count(number: int) -> str:
    return f"{number:,} file{'' if number == 1 else 's'}"
