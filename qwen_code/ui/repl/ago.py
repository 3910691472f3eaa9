"""How long something was ago, in words."""

from __future__ import annotations

import time


def ago(then: float) -> str:
    """`5 min ago`, `yesterday`, `12 days ago`; `then` is Unix time."""
    seconds = max(0.0, time.time() - then)
    if seconds < 90:
        return "just now"
    if seconds < 5400:
        return f"{round(seconds / 60)} min ago"
    if seconds < 86_400:
        return f"{round(seconds / 3600)} h ago"
    days = int(seconds // 86_400)
    return "yesterday" if days == 1 else f"{days} days ago"
