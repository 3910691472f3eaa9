"""Brace expansion, done the way bash does it (braces.c), quirks and all: `r{m,} y` runs `rm r y`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeAlias

from qwen_code.permissions.shell_syntax import Part, Text, Unreadable

MOST = 256
"""Words that one word may become; more is refused, not cut."""

_MOST_BRACES = 40
"""In one word; keeps hostile words cheap."""

_Token: TypeAlias = str | Part
"""One unquoted character, or a part that braces can't be made of."""
_NUMBERS = re.compile(r"([+-]?[0-9]+)\.\.([+-]?[0-9]+)(?:\.\.([+-]?[0-9]+))?")
_LETTERS = re.compile(r"([a-zA-Z])\.\.([a-zA-Z])(?:\.\.([+-]?[0-9]+))?")


def expand_braces(parts: Sequence[Part], budget: int = MOST) -> list[tuple[Part, ...]]:
    """The words that one becomes; a single one when there is nothing to expand.

    Raises:
        Unreadable: more than `MOST` words, or braces at all once `budget` is spent.
    """
    if not any(isinstance(part, Text) and not part.quoted and "{" in part.value for part in parts):
        return [tuple(parts)]
    tokens: list[_Token] = []
    for part in parts:
        if isinstance(part, Text) and not part.quoted:
            tokens.extend(part.value)
        else:
            tokens.append(part)
    if tokens.count("{") > _MOST_BRACES or budget <= 0:
        raise Unreadable("a word holds too many braces")
    return [_joined(word) for word in _expand(tokens, 0)]


def _joined(tokens: Sequence[_Token]) -> tuple[Part, ...]:
    parts: list[Part] = []
    characters: list[str] = []
    for token in tokens:
        if isinstance(token, str):
            characters.append(token)
            continue
        if characters:
            parts.append(Text("".join(characters), False))
            characters = []
        parts.append(token)
    if characters:
        parts.append(Text("".join(characters), False))
    return tuple(parts)


def _expand(tokens: list[_Token], depth: int) -> list[list[_Token]]:
    if depth > 20:
        raise Unreadable("braces are nested too deeply")
    opening = 0
    while True:
        try:
            opening = tokens.index("{", opening)
        except ValueError:
            return [tokens]
        if (closing := _closing(tokens, opening + 1)) is not None:
            break
        opening += 1
    before, inside, after = tokens[:opening], tokens[opening + 1 : closing], tokens[closing + 1 :]
    middles = _alternatives(inside, depth)
    if not middles:
        middles = [["{", *inside, "}"]]
    ends = _expand(after, depth + 1)
    if len(middles) * len(ends) > MOST:
        raise Unreadable("braces expand to too many words")
    return [before + middle + end for middle in middles for end in ends]


def _closing(tokens: Sequence[_Token], start: int) -> int | None:
    """The brace that closes an expansion: one before which a comma or `..` stood at the same level."""
    level, separated = 0, False
    for at in range(start, len(tokens)):
        token = tokens[at]
        if token == "{":
            level += 1
        elif token == "}" and level:
            level -= 1
        elif token == "}" and separated:
            return at
        elif not level and (token == "," or (token == "." and _is_range(tokens, at))):
            separated = True
    return None


def _is_range(tokens: Sequence[_Token], at: int) -> bool:
    return list(tokens[at : at + 2]) == [".", "."] and list(tokens[at + 2 : at + 3]) != ["}"]


def _alternatives(inside: list[_Token], depth: int) -> list[list[_Token]]:
    if "," not in inside:
        return [list(text) for text in _sequence(inside)]
    pieces: list[list[_Token]] = [[]]
    level = 0
    for token in inside:
        level += (token == "{") - (token == "}" and level > 0)
        if token == "," and not level:
            pieces.append([])
        else:
            pieces[-1].append(token)
    words = [word for piece in pieces for word in _expand(piece, depth + 1)]
    if len(words) > MOST:
        raise Unreadable("braces expand to too many words")
    return words


def _sequence(inside: Sequence[_Token]) -> list[str]:
    """`1..5`, `05..1..2` or `a..e`; empty when it is none."""
    text = "".join(token for token in inside if isinstance(token, str))
    if len(text) != len(inside):
        return []
    if match := _NUMBERS.fullmatch(text):
        first, last = int(match[1][:20]), int(match[2][:20])
        padded = any(re.match(r"[+-]?0[0-9]", end) for end in (match[1], match[2]))
        width = max(len(match[1]), len(match[2])) if padded else 0
        numbers = _range(first, last, match[3])
        return [f"{'-' if n < 0 else ''}{abs(n):0{width - (n < 0)}d}" if width else str(n) for n in numbers]
    if match := _LETTERS.fullmatch(text):
        return [chr(code) for code in _range(ord(match[1]), ord(match[2]), match[3])]
    return []


def _range(first: int, last: int, step: str | None) -> list[int]:
    stride = abs(int(step[:20])) if step else 1
    stride = stride or 1
    if abs(last - first) // stride >= MOST:
        raise Unreadable("braces expand to too many words")
    return list(range(first, last + 1, stride) if first <= last else range(first, last - 1, -stride))
