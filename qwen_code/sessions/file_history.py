"""What a session's log tells of the files that the agent changed, in the order in which it did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from qwen_code.sessions.lines import Record
from qwen_code.workspace.file_state import FileState
from qwen_code.workspace.undo import Change


class FileHistory:
    """The changes that still count: those of turns whose files were rewound are gone."""

    def __init__(self, records: Iterable[Record] = ()) -> None:
        self.changes: list[Change] = []
        self.turn = 0
        """The one that was begun last; 0 before the first."""
        for record in records:
            self.take(record)

    def take(self, record: Mapping[str, Any]) -> None:
        """Follow one record of the log; those that tell of no file are passed over."""
        match record:
            case {"type": "TurnStarted"}:
                number = record.get("turn")
                self.turn = number if isinstance(number, int) else self.turn + 1
            case {"type": "file_changes"}:
                by_command = record.get("by") == "command"
                for change in _listed(record, "changes"):
                    self._add(change, by_command)
            case {"type": "rewound", "turn": int(turn)}:
                gone = {path for path in _listed(record, "files") if isinstance(path, str)}
                self.changes = [c for c in self.changes if c.turn < turn or c.path not in gone]
            case _:
                pass

    def since(self, turn: int) -> list[Change]:
        """The changes of `turn` and of all turns after it."""
        return [change for change in self.changes if change.turn >= turn]

    def of(self, turn: int) -> list[Change]:
        return [change for change in self.changes if change.turn == turn]

    def _add(self, value: object, by_command: bool) -> None:
        if not isinstance(value, dict):
            return
        fields = cast("Mapping[str, Any]", value)
        path = fields.get("path")
        before, after = FileState.decode(fields.get("before")), FileState.decode(fields.get("after"))
        if isinstance(path, str) and before is not None and after is not None:
            self.changes.append(Change(path, before, after, by_command, self.turn))


def _listed(record: Mapping[str, Any], name: str) -> list[object]:
    value: object = record.get(name)
    return cast("list[object]", value) if isinstance(value, list) else []


def changes_record(changes: Sequence[Change], call_id: str = "") -> Record:
    """The log's record of changes that one call made."""
    by_command = any(change.by_command for change in changes)
    return {
        "type": "file_changes",
        "by": "command" if by_command else "tool",
        "call": call_id,
        "changes": [
            {"path": c.path, "before": c.before.encode(), "after": c.after.encode()} for c in changes
        ],
    }
