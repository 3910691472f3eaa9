"""The instructions of a session as people see them: what the model was told, and a line more."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from qwen_code.agent.instructions import Sources, rule_directories
from qwen_code.agent.rules import find_rules
from qwen_code.backends.token_estimate import estimate_tokens
from qwen_code.errors import InputError
from qwen_code.messages import Message
from qwen_code.settings.atomic_file import locked, replace_file

_TOLD = re.compile(r'<instructions from="([^"\n]*)">\n(.*?)\n</instructions>', re.DOTALL)


@dataclass(frozen=True, slots=True)
class MemoryEntry:
    """One file of instructions."""

    origin: str
    tokens: int
    told: bool
    """Whether the model has been told; else it will be when it touches a file that they are about."""


def entries(sources: Sources, preamble: str, messages: Iterable[Message]) -> list[MemoryEntry]:
    """What the model was told so far, and the rules that wait for their files."""
    told = {origin: text for text in _texts(preamble, messages) for origin, text in _TOLD.findall(text)}
    found = [MemoryEntry(origin, estimate_tokens(text), True) for origin, text in told.items()]
    for directory in rule_directories(sources):
        for rule in find_rules(directory, lambda text: None):
            origin = sources.origin(rule.path)
            if rule.paths and origin not in told:
                found.append(MemoryEntry(origin, estimate_tokens(rule.text), False))
    return found


def _texts(preamble: str, messages: Iterable[Message]) -> Iterator[str]:
    yield preamble
    yield from (message.text for message in messages if message.by_harness)


def file_to_add_to(directory: Path, names: Sequence[str]) -> Path:
    """The first of the files named that `directory` has, else the first name."""
    present = [directory / name for name in names if (directory / name).is_file()]
    return present[0] if present else directory / names[0]


def add_line(path: Path, text: str) -> None:
    """Append `text` as an item of a list.

    Raises:
        InputError: the file can't be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with locked(path.parent):
            before = path.read_bytes() if path.exists() else b""
            item = f"- {' '.join(text.split())}\n".encode()
            gap = b"" if not before or before.endswith(b"\n") else b"\n"
            replace_file(path, before + gap + item, mode=0o644)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(f"{path} can't be written: {reason.lower()}.") from None
