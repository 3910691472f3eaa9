"""Which edits of a Python file can be of use: where they begin, and what a line may become.

An edit in a comment mends nothing, nor does one that leaves the first word as it was, or uses a name that is
not defined. A small model that is unsure writes such things, and each costs it an attempt.
"""

from __future__ import annotations

import ast
import builtins
import io
import keyword
import math
import re
import tokenize
import warnings
from bisect import bisect_left
from collections.abc import Iterator
from functools import cached_property

_WORD = re.compile(r"[^\W\d]\w*")
_TOKEN = re.compile(r"\w+|[^\w\s]+")
_HEAD = re.compile(r"\s*(?:async\s+)?(?:def|class)\b[^=]*\Z|\s*(?:import|from)\b")
_DEFINING = {"async", "await", "class", "def", "del", "from", "global", "import", "nonlocal", "with"}
_PARAMETERS = {"default", "end", "key", "maxsplit", "reverse", "sep", "start", "strict"}
_NAMES = frozenset({*keyword.kwlist, *dir(builtins), *_PARAMETERS} - _DEFINING)
"""Words that need not be defined."""
_TYPES = (str, bytes, int, float, list, dict, set, tuple, math)
_ATTRIBUTES = frozenset(name for kind in _TYPES for name in dir(kind))
"""The same of words behind a dot."""
_OPENING = ("(", "[", "{", ":", ",", "'", '"')
"""What may be the first half of another sign."""


class PythonText:
    """A file as it is before an edit."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._names_by_line: dict[int, list[str]] = {}

    @cached_property
    def _tree(self) -> ast.Module | None:
        return _parsed(self.text)

    @cached_property
    def idle(self) -> frozenset[int]:
        """Places where an edit would begin in the middle of a word, or change nothing that is run."""
        if self._tree is None:
            return frozenset()
        return frozenset([*_inside_words(self.text), *_not_run(self.text, self._tree)])

    def may_become(self, at: int, begun: str, *, whole: bool = False) -> bool:
        """Whether the line that goes on at `at` may go on with what `begun` begins instead.

        Args:
            whole: nothing comes behind it.
        """
        if self._tree is None:
            return True
        start = self.text.rfind("\n", 0, at) + 1
        line = self.text[start:].partition("\n")[0]
        before, old = line[: at - start], line[at - start :]
        return _differs(old, begun, self._known(at, before), whole=whole) and all(
            _is_among(found[0], self._known(at, before + begun[: found.start()]), finished=finished)
            for found, finished in _names(begun, whole=whole)
        )

    def _known(self, at: int, said: str) -> list[str]:
        """What a word behind `said` may be, sorted."""
        if said.count('"') % 2 or said.count("'") % 2:
            return self._words
        return self._attributes if said.endswith(".") else self._names_at(at)

    @cached_property
    def _words(self) -> list[str]:
        return sorted(_NAMES.union(_WORD.findall(self.text)))

    @cached_property
    def _attributes(self) -> list[str]:
        return sorted(_ATTRIBUTES.union(_names_in(self._tree) if self._tree else ()))

    @cached_property
    def _outside(self) -> frozenset[str]:
        """Names that are defined for the whole file, or were there before."""
        found = set(_NAMES)
        for statement in self._tree.body if self._tree else ():
            if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                found.add(statement.name)
            else:
                found.update(_names_in(statement))
        return frozenset(found)

    def _names_at(self, at: int) -> list[str]:
        """What is defined in the function around a place, and outside."""
        line = self.text.count("\n", 0, at) + 1
        if line not in self._names_by_line:
            around = [
                node
                for node in ast.walk(self._tree or ast.Module([], []))
                if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
                and node.lineno <= line <= (node.end_lineno or 0)
            ]
            own = (name for node in around[-1:] for name in _names_in(node))
            self._names_by_line[line] = sorted(self._outside.union(own))
        return self._names_by_line[line]


def _differs(old: str, begun: str, known: list[str], *, whole: bool) -> bool:
    """Whether the first word is, or may still become, another; one that is all there is may stay."""
    before, now = _TOKEN.findall(old), _TOKEN.findall(begun)
    if not now or before[:1] != now[:1]:
        return True
    if len(before) == 1:
        return not whole or len(now) > 1
    if whole or not begun.endswith(now[0]):
        return False
    if _WORD.fullmatch(now[0]) is None:
        return now[0].endswith(_OPENING)
    return any(name != now[0] for name in _beginning_with(now[0], known))


def _names(begun: str, *, whole: bool) -> Iterator[tuple[re.Match[str], bool]]:
    """The names in a line, each with whether it is finished; not what says of which kind a string is."""
    for found in _WORD.finditer(begun):
        behind = begun[found.end() :]
        if not behind.startswith(("'", '"')):
            yield found, whole or bool(behind)


def _names_in(node: ast.AST) -> Iterator[str]:
    """All names that a part of a program uses or defines."""
    for part in ast.walk(node):
        match part:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.alias(name=name, asname=other):
                yield other or name.partition(".")[0]
            case ast.ExceptHandler(name=str(name)):
                yield name
            case _:
                pass


def only_known(text: str, names: list[str], *, whole: bool) -> bool:
    """Whether all words of a text are among sorted names; what is not `whole` may go on with its last."""
    words = _WORD.finditer(text)
    return all(_is_among(word[0], names, finished=whole or word.end() < len(text)) for word in words)


def _is_among(word: str, names: list[str], *, finished: bool) -> bool:
    found = next(_beginning_with(word, names), None)
    return found == word if finished else found is not None


def _beginning_with(start: str, names: list[str]) -> Iterator[str]:
    """Those of sorted names that begin so, the shortest first."""
    for name in names[bisect_left(names, start) :]:
        if not name.startswith(start):
            return
        yield name


def _inside_words(text: str) -> Iterator[int]:
    for word in re.finditer(r"\w\w+", text):
        yield from range(word.start() + 1, word.end())


def _not_run(text: str, tree: ast.Module) -> Iterator[int]:
    """Places in comments, in documentation, and in heads that set no default."""
    lines = text.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
        if _HEAD.match(line):
            yield from range(*starts[-2:])
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            start = starts[token.start[0] - 1] + token.start[1]
            yield from range(start, start + len(token.string))
    for node in ast.walk(tree):
        if not isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        match node.body[:2]:
            case [ast.Expr(value=ast.Constant(value=str()), lineno=first, end_lineno=last), _]:
                yield from range(starts[first - 1], starts[last or first])
            case _:
                pass


def _parsed(text: str) -> ast.Module | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
