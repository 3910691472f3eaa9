"""Gives what a module defines other names, so that the same module is met in many words."""

from __future__ import annotations

import ast
import builtins
import keyword
import random
import re
from collections.abc import Iterator
from functools import lru_cache

from mini_model.names import noun, plural

_SHARE = 0.5
"""Of the names that get another."""
_TYPES = (str, int, float, list, dict, set, tuple)
_PARAMETERS = ("default", "end", "key", "maxsplit", "reverse", "sep", "start", "strict")
_TAKEN = frozenset(
    [
        *(*keyword.kwlist, *dir(builtins), *_PARAMETERS),
        *(name for kind in _TYPES for name in dir(kind)),
        *("self", "cls", "test", "request"),
    ]
)
"""Names that mean something to Python or pytest."""


def renamed(text: str, rng: random.Random) -> str:
    """A module and what is said about it, with other names for some of what it defines."""
    own, fixed = _defined(text)
    words = set(re.findall(r"\w+", text))
    others: dict[str, str] = {}
    for name in own:
        if rng.random() < _SHARE and (other := _another(name, rng)) not in words | fixed | set(
            others.values()
        ):
            others[name] = other
    if not others:
        return text
    return re.sub(rf"\b(?:{'|'.join(others)})\b", lambda found: others[found[0]], text)


def _another(name: str, rng: random.Random) -> str:
    private, bare = name.startswith("_"), name.strip("_")
    word = noun(rng)
    if bare.endswith("s") and rng.random() < 0.7:
        word = plural(word)
    if "_" in bare and rng.random() < 0.7:
        first, _, rest = bare.partition("_")
        word = f"{word}_{rest}" if rng.random() < 0.5 else f"{first}_{word}"
    if bare.isupper():
        word = word.upper()
    elif bare[:1].isupper():
        word = "".join(part.capitalize() for part in word.split("_"))
    return f"_{word}" if private else word


@lru_cache(512)
def _defined(text: str) -> tuple[list[str], frozenset[str]]:
    """What a module defines and may be called otherwise, and the names that it has from elsewhere."""
    tree = ast.parse(text)
    own, foreign = set(_own(tree)), set(_TAKEN)
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            foreign |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in foreign:
            foreign.add(node.attr)
    attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    named = {name for name in own if not name.startswith("__") and len(name) > 1} - foreign
    return sorted(name for name in named if name not in attributes or name in own), frozenset(foreign)


def _own(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.arg(arg=name):
                yield name
            case ast.Name(id=name, ctx=ast.Store()):
                yield name
            case ast.Attribute(attr=name, ctx=ast.Store()):
                yield name
            case _:
                pass
