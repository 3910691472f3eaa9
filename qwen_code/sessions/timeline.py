"""Which records of a log still count once the conversation was rewound."""

from __future__ import annotations

from collections.abc import Sequence

from qwen_code.sessions.lines import Record

_STAYING = ("title", "mode", "version", "file_changes")
"""What a person chose, and what happened on disk, is not undone by saying something else."""


def effective(records: Sequence[Record]) -> list[Record]:
    """`records` without what was said between a turn's beginning and a rewind to it.

    A rewind to a turn that is not there changes nothing.
    """
    if not any(record.get("type") == "rewound" for record in records):
        return list(records)
    kept: list[Record] = []
    for record in records:
        if record.get("type") == "rewound" and record.get("conversation") is True:
            start = _beginning(kept, record.get("turn"))
            kept[start:] = [later for later in kept[start:] if later.get("type") in _STAYING]
        kept.append(record)
    return kept


def _beginning(records: Sequence[Record], turn: object) -> int:
    for position in range(len(records) - 1, -1, -1):
        record = records[position]
        if record.get("type") == "TurnStarted" and record.get("turn") == turn:
            return position
    return len(records)
