"""How this package writes its tables: names in one text, separated by blanks."""

from __future__ import annotations


def listed(names: str) -> frozenset[str]:
    """The names of a table."""
    return frozenset(names.split())


def examples(text: str) -> tuple[str, ...]:
    """The lines of a text that hold something; one example each."""
    return tuple(line.strip() for line in text.splitlines() if line.strip())
