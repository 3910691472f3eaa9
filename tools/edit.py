"""Replaces a piece of text in a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from qwen_code.tool import Access, Block, DiffBlock, Draft, Tool, ToolContext, ToolFailure, ToolResult

if TYPE_CHECKING:
    from qwen_code.workspace.edit_match import Edited, EditRefused
    from qwen_code.workspace.paths import ResolvedPath
    from qwen_code.workspace.text_files import TextFile

_CONTEXT = 2
_SNIPPET = 14
"""Lines of the result that the model is shown."""
_WIDTH = 160


@dataclass(frozen=True, slots=True)
class EditParams:
    file_path: str
    old_string: str
    new_string: str
    replace_all: bool = False


@dataclass(frozen=True, slots=True)
class _Plan:
    path: ResolvedPath
    old: TextFile | None
    text: str
    edited: Edited | None
    """None when the file is new."""


class Edit(Tool[EditParams]):
    name = "edit"
    params = EditParams

    def accesses(self, params: EditParams, ctx: ToolContext) -> Sequence[Access]:
        return [ctx.workspace.access("write", ctx.workspace.resolve(params.file_path))]

    async def preview(self, params: EditParams, ctx: ToolContext) -> Block | None:
        return _block(_plan(params, ctx))

    async def draft(self, params: EditParams, ctx: ToolContext) -> Draft:
        return Draft(_plan(params, ctx).text, PurePath(params.file_path).suffix)

    def redrafted(self, params: EditParams, text: str, ctx: ToolContext) -> EditParams:
        """The whole file becomes what the person made of it."""
        old = _plan(params, ctx).old
        return EditParams(params.file_path, old.text if old else "", text)

    async def run(self, params: EditParams, ctx: ToolContext, emit: Callable[[str], None]) -> ToolResult:
        plan = _plan(params, ctx)
        block = _block(plan)
        ctx.files.write(plan.path, plan.text, replaces=plan.old)
        return ToolResult(True, _for_model(plan), block, (str(plan.path.real),))

    def title(self, params: EditParams, ctx: ToolContext) -> str:
        return ctx.workspace.shorten(params.file_path)


def _plan(params: EditParams, ctx: ToolContext) -> _Plan:
    from qwen_code.workspace.edit_match import EditRefused, apply_edit

    path = ctx.workspace.resolve_granted(params.file_path, ctx.granted)
    try:
        old = ctx.files.read(path)
    except ToolFailure as failure:
        if failure.kind != "not_found":
            raise
        if params.old_string:
            raise ToolFailure(f"{failure} To create a file use write_file.", "file_not_found") from None
        return _Plan(path, None, params.new_string, None)
    if not params.old_string:
        raise ToolFailure(
            f"{path.name} exists, and an empty old_string creates a file. "
            "Give the text to replace, or use write_file to write the whole file.",
            "exists",
        )
    if params.old_string == params.new_string:
        raise ToolFailure("old_string and new_string are the same; nothing would change.", "no_change")
    # First that the model knows the file: what comes after may tell it what stands there.
    ctx.files.require_known(path, old)
    try:
        edited = apply_edit(old.text, params.old_string, params.new_string, replace_all=params.replace_all)
    except EditRefused as refusal:
        raise ToolFailure(_refused(refusal, path, old, params), refusal.kind) from None
    return _Plan(path, old, edited.text, edited)


def _block(plan: _Plan) -> DiffBlock:
    from qwen_code.workspace.diffs import unified_diff

    diff = unified_diff(plan.old.text if plan.old else "", plan.text)
    return DiffBlock(plan.path.name, diff.text, diff.added, diff.removed, plan.old is None)


def _for_model(plan: _Plan) -> str:
    name, edited = plan.path.name, plan.edited
    if edited is None:
        return f"Created {name}."
    times = f", {edited.count} places" if edited.count > 1 else ""
    lenient = f" old_string differed in {edited.leniency} from the file." if edited.leniency else ""
    first = max(edited.first_line - _CONTEXT, 1)
    numbered = _numbered(edited.text, first, edited.last_line + _CONTEXT)
    return f"Edited {name}{times}.{lenient} Now:\n{numbered}"


def _numbered(text: str, first: int, last: int) -> str:
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    last = min(last, len(lines))
    shown = [f"{n}| {lines[n - 1].removesuffix(chr(13))[:_WIDTH]}" for n in range(first, last + 1)]
    if len(shown) > _SNIPPET:
        half = _SNIPPET // 2
        shown[half:-half] = ["..."]
    return "\n".join(shown)


def _refused(refusal: EditRefused, path: ResolvedPath, old: TextFile, params: EditParams) -> str:
    match refusal.kind:
        case "no_change":
            return f"{path.name} already is as new_string says; nothing would change."
        case "ambiguous":
            return _ambiguous(refusal, path)
        case "not_found":
            return _not_found(path, old.text, params)


def _ambiguous(refusal: EditRefused, path: ResolvedPath) -> str:
    from qwen_code.workspace.edit_match import LISTED

    numbers = list(dict.fromkeys(refusal.lines))
    lines = f"line{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}"
    more = " and more" if len(refusal.lines) == LISTED else ""
    if refusal.leniency:
        return (
            f"old_string is not in {path.name} as it is; {refusal.leniency} aside it fits at "
            f"{lines}{more}. Copy one of these places exactly."
        )
    return (
        f"old_string is in {path.name} more than once, at {lines}{more}. "
        "Add lines around it until it is unique, or set replace_all."
    )


def _not_found(path: ResolvedPath, text: str, params: EditParams) -> str:
    from qwen_code.workspace.nearest import nearest

    sentence = f"old_string is not in {path.name}."
    new = params.new_string.strip()
    at = text.replace("\r\n", "\n").find(new) if len(new) > 8 else -1
    if at >= 0:
        line = text.replace("\r\n", "\n").count("\n", 0, at) + 1
        return f"{sentence} new_string already is, at line {line}: the edit may have been made before."
    near = nearest(text, params.old_string)
    if near is None:
        return f"{sentence} Nothing in it comes close; read the file again."
    lines = f"line {near.first_line}"
    if near.last_line > near.first_line:
        lines = f"lines {near.first_line}-{near.last_line}"
    return f"{sentence} Closest: {lines} (- yours, + the file's)\n{near.difference}"
