"""The pieces of a shell script as data: words before the shell expands them, and commands made of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Text:
    """Characters that stand for themselves; unquoted ones may still be wildcards, braces or a tilde."""

    value: str
    quoted: bool


@dataclass(frozen=True, slots=True)
class Variable:
    """`$name` or `${name}`; nothing more complicated."""

    name: str
    quoted: bool


@dataclass(frozen=True, slots=True)
class Opaque:
    """Something whose value only the shell will know: the output of a command, an edited parameter, ..."""

    what: str
    quoted: bool


@dataclass(frozen=True, slots=True)
class Number:
    """The value of an arithmetic expression: always digits, so it can be neither an option nor a path."""

    quoted: bool


Part: TypeAlias = Text | Variable | Opaque | Number


@dataclass(frozen=True, slots=True)
class Word:
    """One word as written. `source` is its text, quotes included."""

    parts: tuple[Part, ...]
    source: str

    @property
    def plain(self) -> str | None:
        """The text when nothing in the word is quoted or expands; only such words can be keywords."""
        if not self.parts:
            return None
        if len(self.parts) == 1:
            part = self.parts[0]
            return part.value if isinstance(part, Text) and not part.quoted else None
        texts = [part.value for part in self.parts if isinstance(part, Text) and not part.quoted]
        return "".join(texts) if len(texts) == len(self.parts) else None

    @property
    def text(self) -> str | None:
        """The text after quote removal, wildcards and braces untouched; None when something expands."""
        texts = [part.value for part in self.parts if isinstance(part, Text)]
        return "".join(texts) if len(texts) == len(self.parts) else None


@dataclass(frozen=True, slots=True)
class Assignment:
    """`name=value` before a command, or alone. Array elements have `value` None."""

    name: str
    value: Word | None
    source: str


@dataclass(frozen=True, slots=True)
class Redirect:
    """`op` is the operator without its descriptor; `target` is None for here-documents."""

    op: str
    target: Word | None
    body: str = ""
    """The text of a here-document."""
    expands: bool = False
    """True when variables in `body` are expanded."""


@dataclass(frozen=True, slots=True)
class SimpleCommand:
    """One command with its arguments; without words when it only assigns or redirects."""

    words: tuple[Word, ...]
    assignments: tuple[Assignment, ...]
    redirects: tuple[Redirect, ...]
    source: str
    chains: tuple[int, ...] = ()
    """The `&&` chains that it stands in, outermost first; a chain goes on only while it succeeds."""
    loops: Mapping[str, tuple[Word, ...]] = field(default_factory=dict[str, tuple[Word, ...]])
    """Loop variables in force, each with the words that it runs through."""


@dataclass(frozen=True, slots=True)
class Script:
    """What a text runs."""

    commands: tuple[SimpleCommand, ...]
    odd: Mapping[str, bool]
    """Reasons why it is not plain; True where commands may have escaped us."""
    error: str
    """Why the reading stopped early; empty when the whole text was understood."""
    piped: frozenset[int]
    """Indices of commands that run in a shell of their own, and so change nothing for those after them."""
    functions: frozenset[str]
    loop_words: tuple[Word, ...]
    """What all loops together run through."""
    arithmetic: tuple[str, ...]
    """Texts that bash evaluates as arithmetic."""


class Unreadable(Exception):
    """The text is not shell that we understand; `str()` says why, for people."""
