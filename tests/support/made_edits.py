"""Edits as a conversation holds them."""

from __future__ import annotations

from collections.abc import Iterable

from qwen_code.local.made_edit import MadeEdit


def made_edits(told: Iterable[tuple[str, str, str]]) -> tuple[MadeEdit, ...]:
    """Path, what was replaced, and by what."""
    return tuple(MadeEdit(path.encode(), old.encode(), new.encode()) for path, old, new in told)
