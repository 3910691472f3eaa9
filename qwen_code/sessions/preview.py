"""How a session ended, from the end of its file: what a person looks at before going on with it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from qwen_code.sessions.lines import decode_lines
from qwen_code.sessions.plain_text import one_line
from qwen_code.sessions.timeline import effective

_TAIL = 131_072
"""Bytes that are read; a prompt or answer that lies before them is not shown."""


@dataclass(frozen=True, slots=True)
class Preview:
    """The last prompt and the last answer, each as one line without control sequences; empty if not found."""

    prompt: str = ""
    answer: str = ""


def preview(path: Path) -> Preview:
    """Look at the session in `path`. What can't be read is empty."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _TAIL))
            data = file.read(_TAIL)
    except OSError:
        return Preview()
    if size > _TAIL:
        data = data.partition(b"\n")[2]
    wanted = (b'{"type":"TurnStarted"', b'{"type":"AnswerEnded"', b'{"type":"rewound"')
    lines = [line for line in data.split(b"\n") if line.startswith(wanted)]
    prompt = answer = ""
    for record in effective(decode_lines(b"\n".join(lines)).records):
        match record:
            case {"type": "TurnStarted", "prompt": str(text)}:
                prompt, answer = text, ""
            case {"type": "AnswerEnded", "message": {"text": str(text)}} if text.strip():
                answer = text
            case _:
                pass
    return Preview(one_line(prompt), one_line(answer))
