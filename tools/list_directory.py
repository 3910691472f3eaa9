"""Lists one directory."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from stat import S_ISREG

from qwen_code.tool import Access, TextBlock, Tool, ToolContext, ToolResult
from qwen_code.workspace.file_failures import file_failures
from qwen_code.workspace.no_follow import listing
from qwen_code.workspace.paths import ResolvedPath, printable


@dataclass(frozen=True, slots=True)
class ListDirectoryParams:
    path: str = "."


class ListDirectory(Tool[ListDirectoryParams]):
    name = "list_directory"
    params = ListDirectoryParams
    read_only = True

    def accesses(self, params: ListDirectoryParams, ctx: ToolContext) -> Sequence[Access]:
        return [ctx.workspace.access("read", ctx.workspace.resolve(params.path))]

    async def run(
        self, params: ListDirectoryParams, ctx: ToolContext, emit: Callable[[str], None]
    ) -> ToolResult:
        path = ctx.workspace.resolve_granted(params.path, ctx.granted)
        with file_failures(path, "list"), listing(path.real, path.root) as descriptor:
            directories, files, ignored = _entries(path, descriptor)
        entries = [*sorted(directories), *sorted(files)]
        lines = entries[: ctx.limits.lines]
        notes = [f"{len(entries) - len(lines)} more"] if len(entries) > len(lines) else []
        if ignored:
            notes.append(f"{ignored} ignored")
        if notes:
            lines.append(f"[{', '.join(notes)}]")
        summary = f"{len(directories)} directories, {len(files)} files"
        return ToolResult(True, "\n".join(lines) or "[the directory is empty]", TextBlock(summary))

    def title(self, params: ListDirectoryParams, ctx: ToolContext) -> str:
        return ctx.workspace.shorten(params.path)


def _entries(path: ResolvedPath, descriptor: int) -> tuple[list[str], list[str], int]:
    """Directories, everything else, and how many entries ignore rules leave out."""
    from qwen_code.workspace.ignore import IgnoreRules

    rules = IgnoreRules(path.root) if path.root else None
    if rules is not None and rules.ignored(path.real, directory=True):
        rules = None  # asked for by name, so its content is what is wanted
    directories: list[str] = []
    files: list[str] = []
    ignored = 0
    with os.scandir(descriptor) as entries:
        for entry in entries:
            is_directory = entry.is_dir(follow_symlinks=False)
            if rules is not None and rules.ignored(path.real / entry.name, directory=is_directory):
                ignored += 1
            elif is_directory:
                directories.append(f"{printable(entry.name)}/")
            else:
                files.append(_described(entry, descriptor))
    return directories, files, ignored


def _described(entry: os.DirEntry[str], descriptor: int) -> str:
    name = printable(entry.name)
    if entry.is_symlink():
        return f"{name} -> {printable(os.readlink(entry.name, dir_fd=descriptor))}"
    info = os.stat(entry.name, dir_fd=descriptor, follow_symlinks=False)
    return f"{name} {_size(info.st_size)}" if S_ISREG(info.st_mode) else f"{name} (special file)"


def _size(count: int) -> str:
    size, unit = float(count), ""
    for larger in "KMGT":
        if size < 1000:
            break
        size, unit = size / 1024, larger
    return f"{size:.1f}{unit}" if unit and size < 10 else f"{size:.0f}{unit}"
