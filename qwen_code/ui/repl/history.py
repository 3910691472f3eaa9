"""What was typed, across sessions: one JSON string a line, safe with several sessions at once."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

from prompt_toolkit.history import History

KEPT_ENTRIES = 2000
"""Entries that are offered; the file is cut back to these when it holds twice as many."""
LONGEST_ENTRY = 20_000
"""Characters of an entry that are worth keeping."""


class PromptHistory(History):
    """prompt-toolkit's history on a file. A file that can't be read or written costs the history, no more."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def load_history_strings(self) -> Iterable[str]:
        """The newest first, each text once."""
        entries = _read(self._path)
        if len(entries) > 2 * KEPT_ENTRIES:
            self._cut_back(entries[-KEPT_ENTRIES:])
        return list(dict.fromkeys(reversed(entries[-KEPT_ENTRIES:])))

    def store_string(self, string: str) -> None:
        if len(string) > LONGEST_ENTRY:
            return
        line = json.dumps(string) + "\n"
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(file, line.encode())
            finally:
                os.close(file)
        except OSError:
            return

    def _cut_back(self, entries: list[str]) -> None:
        beside = self._path.with_name(f"{self._path.name}.{os.getpid()}.tmp")
        try:
            beside.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
            beside.chmod(0o600)
            beside.replace(self._path)
        except OSError:
            beside.unlink(missing_ok=True)


def _read(path: Path) -> list[str]:
    """All entries that can be read, the oldest first; lines that can't be are passed over."""
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError:
        return []
    entries: list[str] = []
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, str) and entry.strip():
            entries.append(entry)
    return entries
