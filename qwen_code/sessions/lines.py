"""The form of a session file: one JSON object a line, each line whole or not there at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast

Record: TypeAlias = dict[str, Any]


def encode_line(record: Mapping[str, Any]) -> bytes:
    """One line, its end included. `type` comes first, so that lines can be told apart unparsed.

    Raises:
        ValueError, TypeError, RecursionError: it can't be written as JSON.
    """
    try:
        return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
    except UnicodeEncodeError:  # half a surrogate pair, as file names that are not UTF-8 have
        return json.dumps(record, separators=(",", ":")).encode() + b"\n"


@dataclass(slots=True)
class Lines:
    """What could be read of a session file."""

    records: list[Record] = field(default_factory=list[Record])
    damaged: list[int] = field(default_factory=list[int])
    """Numbers of lines, from 1, that are no records; the last, torn one is not among them."""
    length: int = 0
    """Bytes up to the end of the last whole record."""
    torn: bool = False
    """The file goes on behind `length` with a line that was cut off."""
    unended: bool = False
    """The last record is whole, but for the end of its line."""


def decode_lines(data: bytes) -> Lines:
    """Read whatever is there; never raises."""
    lines = Lines()
    start, number = 0, 0
    while start < len(data):
        number += 1
        end = data.find(b"\n", start)
        whole = end >= 0
        line = data[start : end if whole else len(data)]
        start = end + 1 if whole else len(data)
        record = _record(line)
        if record is not None:
            lines.records.append(record)
            lines.length, lines.unended = start, not whole
        elif not whole:
            lines.torn = True
        else:
            lines.length = start
            if line.strip():
                lines.damaged.append(number)
    return lines


def _record(line: bytes) -> Record | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return cast(Record, value) if isinstance(value, dict) else None
