"""One line about a session, read from both ends of its file and not from all of it."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from qwen_code.errors import SessionError
from qwen_code.sessions.lines import Record, decode_lines
from qwen_code.sessions.log import SessionHeader
from qwen_code.sessions.plain_text import one_line

_BLOCK = 65_536
_MAX_HEAD = 16 * 1_048_576
_TURN = b'\n{"type":"TurnStarted"'


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """What a list of sessions shows. The texts are free of control sequences."""

    id: str
    started: datetime
    modified: datetime
    first_prompt: str
    turns: int
    model: str
    git_branch: str
    title: str
    path: Path
    cwd: str


def summarise(path: Path) -> SessionSummary | None:
    """None when `path` holds no session."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(fd, "rb") as file:
            status = os.fstat(fd)
            if not stat.S_ISREG(status.st_mode):
                return None
            head = _head(file, status.st_size)
            tail = _tail(file, status.st_size)
        header = SessionHeader.decode(head[0] if head else {})
    except (OSError, SessionError):
        return None
    modified = datetime.fromtimestamp(status.st_mtime).astimezone()
    prompts = [record for record in head[1:] if record.get("type") == "TurnStarted"]
    turns, title = 0, ""
    for record in tail:
        if record.get("type") == "TurnStarted":
            turns = record.get("turn", 0)
        if isinstance(record.get("title"), str):
            title = record["title"]
    return SessionSummary(
        id=path.stem,
        started=_time(header.created) or modified,
        modified=modified,
        first_prompt=one_line(str(prompts[0].get("prompt", ""))) if prompts else "",
        turns=turns if isinstance(turns, int) else 0,
        model=one_line(header.model),
        git_branch=one_line(header.git_branch),
        title=one_line(title),
        path=path,
        cwd=header.cwd,
    )


def _head(file: BinaryIO, size: int) -> list[Record]:
    """The records up to the first prompt, if that comes soon."""
    data = b""
    while len(data) < min(size, _MAX_HEAD):
        block = file.read(_BLOCK)
        data += block
        prompt = data.find(_TURN)
        if not block or (prompt >= 0 and data.find(b"\n", prompt + 1) >= 0):
            break
    return decode_lines(data).records


def _tail(file: BinaryIO, size: int) -> list[Record]:
    """The records from the last prompt on, which says how many there were."""
    blocks: list[bytes] = []
    start, seam, found = size, b"", False
    while start > 0 and not found:
        length = min(_BLOCK, start)
        start -= length
        file.seek(start)
        blocks.append(file.read(length))
        found = _TURN in blocks[-1] + seam
        seam = blocks[-1][: len(_TURN)]
    data = b"".join(reversed(blocks))
    at = data.rfind(_TURN)
    data = data[at + 1 :]
    wanted = (b'{"type":"TurnStarted"', b'{"type":"title"')
    lines = [line for line in data.split(b"\n") if line.startswith(wanted)]
    return decode_lines(b"\n".join(lines)).records


def _time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError, OSError):
        return None
