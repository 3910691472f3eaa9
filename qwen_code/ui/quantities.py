"""Durations and token counts as people read them."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """`7 s`, `2 min 05 s`, `1 h 02 min`."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def tokens(count: int) -> str:
    """`950`, `12.3k`, `262k`."""
    if count < 1000:
        return str(count)
    if count < 100_000:
        return f"{count / 1000:.1f}".removesuffix(".0") + "k"
    return f"{round(count / 1000)}k"
