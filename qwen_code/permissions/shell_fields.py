"""From words to the arguments that a command gets: braces, tildes and known variables expanded.

What can't be known before it runs stays a field of kind `dynamic`; nothing here guesses.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Literal, TypeAlias

from qwen_code.permissions.brace_expansion import expand_braces
from qwen_code.permissions.shell_syntax import Number, Opaque, Part, Text, Unreadable, Variable, Word

Kind: TypeAlias = Literal["literal", "glob", "dynamic", "process"]

_MOST_VALUES = 64
"""Combinations of loop variables that are followed in one word."""
_SPECIAL = re.compile(r"[*?\[{~]")
_WILD = re.compile(r"[*?\[]")
_GLOB = re.compile(r"[*?]|\[.[^\]]*\]", re.DOTALL)
_SPLITS = re.compile(r"[\s*?\[\\]")
_ASSIGNING = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=~")


@dataclass(frozen=True, slots=True)
class Field:
    """One argument. A word may become several, or none."""

    text: str
    """The value; for a `glob` the pattern, with literal wildcards in brackets; else the source."""
    kind: Kind = "literal"
    head: str = ""
    """For `dynamic`: the text known to stand at its beginning."""
    tail: str = ""
    """For `dynamic`: the text known to stand at its end."""
    single: bool = True
    """For `dynamic`: certainly one argument, because it is quoted."""
    variables: tuple[str, ...] = ()
    """For `dynamic`: the variables in it."""
    exact: bool = True
    """False when a number stands in it whose value is not known; 0 is written for it."""

    @property
    def literal(self) -> bool:
        return self.kind == "literal"

    @property
    def known(self) -> bool:
        return self.kind in ("literal", "glob")


class Budget:
    """How many more arguments words may grow by when they expand, for one whole command line."""

    def __init__(self, left: int = 20_000) -> None:
        self.left = left

    def spend(self, count: int) -> None:
        """Raises Unreadable when nothing is left."""
        self.left -= count
        if self.left < 0:
            raise Unreadable("it expands to too many arguments")


@dataclass(frozen=True, slots=True)
class Variables:
    """What is known of variables: each name with all the fields that it may hold."""

    home: str
    known: Mapping[str, tuple[Field, ...]]
    budget: Budget = field(default_factory=Budget)


def expand(word: Word, variables: Variables) -> tuple[Field, ...]:
    """The arguments that a word becomes. One that holds a loop variable becomes one for each value.

    Raises:
        Unreadable: too many to follow.
    """
    if len(word.parts) == 1:
        part = word.parts[0]
        if isinstance(part, Text) and (part.quoted or not _SPECIAL.search(part.value)):
            return (Field(part.value),)
    fields: list[Field] = []
    for parts in expand_braces(word.parts, variables.budget.left):
        if parts:
            fields += _fields(parts, word.source, variables)
            variables.budget.spend(len(fields) > 1)
    return tuple(fields)


def _fields(parts: Sequence[Part], source: str, variables: Variables) -> list[Field]:
    parts = _without_tilde(parts, variables)
    choices = [_values(part, variables) for part in parts]
    count = 1
    for choice in choices:
        count *= len(choice)
    if count > _MOST_VALUES:
        return [_dynamic(parts, source)]
    return [_concatenated(pieces, parts, source) for pieces in product(*choices)]


def _without_tilde(parts: Sequence[Part], variables: Variables) -> Sequence[Part]:
    """Expand a `~` at the beginning, or after `name=` as bash does in arguments too."""
    first = parts[0]
    if not isinstance(first, Text) or first.quoted or "~" not in first.value:
        return parts
    start = first.value.index("=") + 1 if _ASSIGNING.match(first.value) else 0
    text = first.value[start:]
    if not text.startswith("~"):
        return parts
    user, slash, rest = text[1:].partition("/")
    if user == "" and (slash or len(parts) == 1):
        # quoted, because what a tilde gives is not split or matched against files
        parts = (Text(first.value[:start] + variables.home, True), Text(slash + rest, False), *parts[1:])
    elif user == "+" and (slash or len(parts) == 1):
        parts = (
            Text(first.value[:start], True),
            Variable("PWD", True),
            Text(slash + rest, False),
            *parts[1:],
        )
    elif slash or len(parts) == 1:
        parts = (
            Text(first.value[:start], True),
            Opaque("home of another", True),
            Text(slash + rest, False),
            *parts[1:],
        )
    return parts


def _values(part: Part, variables: Variables) -> tuple[Field | None, ...]:
    """All that a part may give; None for the unknown."""
    match part:
        case Text(value, quoted):
            if not _WILD.search(value):
                return (Field(value),)
            return (Field(value),) if quoted else (Field(value, "glob"),)
        case Number():
            return (Field("0", exact=False),)
        case Variable(name, _) if name in ("#", "?", "$"):
            return (Field("0", exact=False),)
        case Variable(name, quoted):
            known = variables.known.get(name)
            if known is None or not all(_stays_whole(field, quoted) for field in known):
                return (None,)
            return known
        case Opaque():
            return (None,)


def _stays_whole(field: Field, quoted: bool) -> bool:
    if field.kind == "glob":
        return True
    return field.literal and (quoted or (field.text != "" and not _SPLITS.search(field.text)))


def _concatenated(pieces: Sequence[Field | None], parts: Sequence[Part], source: str) -> Field:
    if any(piece is None for piece in pieces):
        return _dynamic(parts, source, pieces)
    fields = [piece for piece in pieces if piece is not None]
    exact = all(field.exact for field in fields)
    if not any(field.kind == "glob" for field in fields):
        return Field("".join(field.text for field in fields), exact=exact)
    if any("[" in f.text for f in fields if f.kind == "glob") and any(
        set(f.text) & set("]!^-[\\") for f in fields if f.kind != "glob"
    ):
        return _dynamic(parts, source)  # quotes inside a bracket change what it means
    if not _GLOB.search("".join(field.text for field in fields)):
        return Field("".join(field.text for field in fields), exact=exact)  # a bracket that nothing closes
    return Field("".join(f.text if f.kind == "glob" else escape(f.text) for f in fields), "glob", exact=exact)


def escape(text: str) -> str:
    """Literal text as part of a pattern."""
    return _WILD.sub(lambda match: f"[{match[0]}]", text)


def _dynamic(parts: Sequence[Part], source: str, pieces: Sequence[Field | None] = ()) -> Field:
    if len(parts) == 1 and isinstance(parts[0], Opaque) and parts[0].what == "process":
        return Field(source, "process")
    names = tuple(part.name for part in parts if isinstance(part, Variable))
    unknown = [part for part, piece in zip(parts, pieces, strict=False) if piece is None] or list(parts)
    single = all(getattr(part, "quoted", True) for part in unknown) and not any(
        isinstance(part, Variable) and part.name in ("@", "*") for part in unknown
    )
    return Field(source, "dynamic", _known_end(pieces), _known_end(pieces[::-1], reverse=True), single, names)


def _known_end(pieces: Sequence[Field | None], *, reverse: bool = False) -> str:
    texts: list[str] = []
    for piece in pieces:
        if piece is None:
            break
        texts.append(piece.text)
    return "".join(reversed(texts) if reverse else texts)


def expand_all(words: Sequence[Word], variables: Variables) -> tuple[Field, ...]:
    """The arguments of a command; words that expand beyond all bounds stay dynamic."""
    fields: list[Field] = []
    for word in words:
        try:
            fields += expand(word, variables)
        except Unreadable:
            fields.append(Field(word.source, "dynamic", single=False))
    return tuple(fields)
