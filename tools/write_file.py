"""Writes a whole file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath

from qwen_code.tool import Access, Block, DiffBlock, Draft, Tool, ToolContext, ToolResult
from qwen_code.workspace.encodings import UTF_8, Encoding
from qwen_code.workspace.paths import ResolvedPath
from qwen_code.workspace.text_files import TextFile


@dataclass(frozen=True, slots=True)
class WriteFileParams:
    file_path: str
    content: str


@dataclass(frozen=True, slots=True)
class _Plan:
    path: ResolvedPath
    old: TextFile | None
    text: str
    encoding: Encoding
    notes: tuple[str, ...]
    """What is not as the content says, for the model."""


class WriteFile(Tool[WriteFileParams]):
    name = "write_file"
    params = WriteFileParams

    def accesses(self, params: WriteFileParams, ctx: ToolContext) -> Sequence[Access]:
        return [ctx.workspace.access("write", ctx.workspace.resolve(params.file_path))]

    async def preview(self, params: WriteFileParams, ctx: ToolContext) -> Block | None:
        return _block(_plan(params, ctx))

    async def draft(self, params: WriteFileParams, ctx: ToolContext) -> Draft:
        return Draft(params.content, PurePath(params.file_path).suffix)

    def redrafted(self, params: WriteFileParams, text: str, ctx: ToolContext) -> WriteFileParams:
        return replace(params, content=text)

    async def run(self, params: WriteFileParams, ctx: ToolContext, emit: Callable[[str], None]) -> ToolResult:
        plan = _plan(params, ctx)
        name, old = plan.path.name, plan.old
        if old is not None and (old.text, old.encoding) == (plan.text, plan.encoding):
            return ToolResult(True, f"{name} already holds exactly this content.")
        block = _block(plan)
        ctx.files.write(plan.path, plan.text, replaces=old, encoding=plan.encoding)
        done = f"Created {name}" if old is None else f"Wrote {name}"
        lines = _line_count(plan.text)
        size = f"{lines} line{'' if lines == 1 else 's'}"
        if old is not None:
            size += f", +{block.added} -{block.removed}"
        done = f"{done} ({size})"
        return ToolResult(True, "; ".join((done, *plan.notes)) + ".", block, (str(plan.path.real),))

    def title(self, params: WriteFileParams, ctx: ToolContext) -> str:
        return ctx.workspace.shorten(params.file_path)


def _plan(params: WriteFileParams, ctx: ToolContext) -> _Plan:
    """What will stand on disk: the content, in the line endings and encoding that the file has now."""
    path = ctx.workspace.resolve_granted(params.file_path, ctx.granted)
    old = ctx.files.read_if_exists(path)
    if old is None:
        return _Plan(path, None, params.content, UTF_8, ())
    ctx.files.require_known(path, old)
    text, encoding, notes = params.content, old.encoding, list[str]()
    if old.newline == "\r\n" and "\r" not in text:
        text = text.replace("\n", "\r\n")
        notes.append("CRLF line endings kept")
    if encoding.bom:
        text = text.removeprefix("\ufeff")
    if encoding != UTF_8:
        try:
            encoding.encode(text)
            notes.append(f"stored as {encoding}, as before")
        except UnicodeEncodeError:
            notes.append(f"stored as utf-8 now, since {encoding} lacks some characters")
            encoding = UTF_8
    return _Plan(path, old, text, encoding, tuple(notes))


def _block(plan: _Plan) -> DiffBlock:
    from qwen_code.workspace.diffs import unified_diff

    diff = unified_diff(plan.old.text if plan.old else "", plan.text)
    return DiffBlock(plan.path.name, diff.text, diff.added, diff.removed, plan.old is None)


def _line_count(text: str) -> int:
    return text.count("\n") + (not text.endswith("\n") and text != "")
