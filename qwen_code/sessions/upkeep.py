"""Keeps the sessions' folder from growing for ever, when a person wants that."""

from __future__ import annotations

import time
from contextlib import suppress

from qwen_code.errors import SessionError
from qwen_code.sessions.store import SessionStore

_AT_ONCE = 20
"""Most sessions that are deleted at one start, so that it is never felt."""
_DAY_S = 86_400.0


def expire(store: SessionStore, days: float) -> list[str]:
    """Delete sessions that were not used for `days`, the oldest first; gives their ids.

    What is open in another process stays, and what can't be deleted is tried again another day.
    """
    deadline = time.time() - days * _DAY_S
    deleted: list[str] = []
    for summary in reversed(store.list()):
        if summary.modified.timestamp() >= deadline or len(deleted) == _AT_ONCE:
            break
        with suppress(SessionError):
            deleted.append(store.delete(summary.id))
    return deleted
