"""Text from a log as it may reach a terminal: without the sequences that control one."""

from __future__ import annotations

import re

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def harmless(text: str) -> str:
    """`text` with every control character but tab and line break made visible."""
    return _CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", text.replace("\r\n", "\n"))


def one_line(text: str, width: int = 200) -> str:
    """The beginning of `text` on one line."""
    line = " ".join(text[: 4 * width].split())
    return harmless(line[: width - 3] + "..." if len(line) > width else line)
