"""Keeps account of the tags that are open inside a value, so that their ends are not taken for its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from qwen_code.wire.tags import Tag

Paired: TypeAlias = Literal["parameter", "function", "call"]


@dataclass(slots=True)
class _Open:
    """A tag that waits for its other end."""

    kind: Paired
    at: int
    line: int
    inline: bool
    """Text follows it on its line, so its other end must stand there too; or it is only mentioned."""


class Nesting:
    """The open tags, innermost last. Every step costs little, whatever is open."""

    def __init__(self) -> None:
        self._open: list[_Open] = []
        self._count: dict[Paired, int] = {"parameter": 0, "function": 0, "call": 0}

    @property
    def bare(self) -> bool:
        """True outside of every parameter and function."""
        return not self._count["parameter"] and not self._count["function"]

    def push(self, kind: Paired, at: int, tag: Tag) -> None:
        """`tag`, the one of index `at`, opens."""
        if tag.newline_next:
            for item in reversed(self._open):
                if item.line != tag.line:
                    break
                item.inline = False
        self._open.append(_Open(kind, at, tag.line, not tag.newline_next))
        self._count[kind] += 1

    def pop(self, kind: Paired) -> int | None:
        """Close the innermost open tag of `kind` and all inside it: its index, None when there is none."""
        while self._count[kind]:
            item = self._drop()
            if item.kind == kind:
                return item.at
        return None

    def parameters(self) -> list[int]:
        """Indices of the parameters that are open."""
        return [item.at for item in self._open if item.kind == "parameter"]

    def pass_line(self, line: int) -> None:
        """Forget what was only mentioned on a line before `line`."""
        while self._open and self._open[-1].inline and self._open[-1].line != line:
            self._drop()

    def _drop(self) -> _Open:
        item = self._open.pop()
        self._count[item.kind] -= 1
        return item
