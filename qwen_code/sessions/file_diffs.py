"""What a session changed in files, as differences that can be shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from qwen_code.tool import DiffBlock, TextBlock
from qwen_code.workspace.diffs import unified_diff
from qwen_code.workspace.encodings import NotText, decode
from qwen_code.workspace.file_state import FileState, same
from qwen_code.workspace.outputs import readable_size
from qwen_code.workspace.undo import Change

Contents = Callable[[str, FileState], bytes | None]
"""What the file at a path held in a state; None when that is not known."""


def net(changes: Iterable[Change]) -> list[Change]:
    """One change a path: from before the first to after the last; none where that comes to nothing."""
    found: dict[str, Change] = {}
    for change in changes:
        first = found.get(change.path)
        found[change.path] = (
            change
            if first is None
            else Change(
                change.path, first.before, change.after, first.by_command or change.by_command, first.turn
            )
        )
    return [c for c in found.values() if not same(c.before, c.after) or c.before.mode != c.after.mode]


def difference(change: Change, name: str, contents: Contents) -> DiffBlock | TextBlock | None:
    """What happened to the file shown as `name`; None for directories, which show by their files."""
    before, after = change.before, change.after
    if "directory" in (before.kind, after.kind) and not {before.kind, after.kind} & {"file", "link"}:
        return None
    if same(before, after):
        return TextBlock(f"{name}: permissions {before.mode:o}, now {after.mode:o}")
    old, new = _text(change.path, before, contents), _text(change.path, after, contents)
    if old is None or new is None:
        return TextBlock(f"{name}: {_described(before)}, now {_described(after)}")
    diff = unified_diff(old, new)
    return DiffBlock(name, diff.text, diff.added, diff.removed, before.kind == "absent")


def plain(block: DiffBlock | TextBlock) -> str:
    """As `diff -u` would print it."""
    if isinstance(block, TextBlock):
        return block.text
    old = "/dev/null" if block.created else f"a/{block.path}"
    return f"--- {old}\n+++ b/{block.path}\n{block.diff}"


def _text(path: str, state: FileState, contents: Contents) -> str | None:
    if state.kind == "absent":
        return ""
    data = contents(path, state)
    if data is None:
        return None
    try:
        return decode(data)[0]
    except NotText:
        return None


def _described(state: FileState) -> str:
    match state.kind:
        case "absent":
            return "not there"
        case "file":
            return f"a file of {readable_size(state.size)}"
        case "link":
            return f"a link to {state.target}"
        case "directory":
            return "a directory"
        case "other":
            return "something else"
