"""What of a file a failing test can reach: the rest can't be what makes it fail.

A function that nothing in what the test names uses, directly or through others, is not run by it. A name is
taken for all that bears it, so what is told to be out of reach is; what is told to be within may not be.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TypeAlias

_Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
_DEFINING = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_CALLING_NOTHING = {"object", "ABC", "Exception", "ValueError", "NamedTuple", "Enum", "Protocol", "Generic"}
"""Bases that call no methods of a class by names of their own."""
_BY_THEIR_NAME = {"property", "cached_property", "classmethod", "staticmethod", "abstractmethod", "setter"}
"""Decorators of what is used as it is called."""
_BY_NAME = {"getattr", "globals", "vars", "locals", "eval", "exec"}
"""Functions through which anything may be used."""


_NOWHERE = (0, 0)


@dataclass(frozen=True, slots=True)
class _Part:
    """Something that is run, or read, only if one of its names is used; without names, always."""

    names: frozenset[str]
    used: frozenset[str]
    lines: tuple[int, int]


def out_of_reach(tree: ast.Module, used: Collection[str]) -> Iterator[tuple[int, int]]:
    """The first and last lines of what nothing reaches.

    Args:
        used: names that the test uses. Where the file defines none of them, all may be within reach.
    """
    classes = {statement.name for statement in tree.body if isinstance(statement, ast.ClassDef)}
    parts = [part for statement in tree.body for part in _parts(statement, classes | _CALLING_NOTHING)]
    names = {*used}
    if not any(part.names & names for part in parts) or _BY_NAME & {*names_used(tree)}:
        return
    reached = set[_Part]()
    while new := {part for part in parts if not part.names or part.names & names} - reached:
        reached |= new
        names.update(name for part in new for name in part.used)
    yield from (part.lines for part in parts if part not in reached and part.lines != _NOWHERE)


def _parts(statement: ast.stmt, quiet: Collection[str]) -> Iterator[_Part]:
    """What a statement consists of; `quiet`: bases that call only what is told here."""
    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            yield _part(statement, {statement.name})
        case ast.ClassDef(bases=bases):
            methods = [each for each in statement.body if isinstance(each, _Function)]
            if all(isinstance(base, ast.Name) and base.id in quiet for base in bases):
                yield from (_part(each, {each.name}) for each in methods if not _is_called_unseen(each))
                own = [each for each in statement.body if each not in methods or _is_called_unseen(each)]
            else:
                own = statement.body
            names = {statement.name, *(each.name for each in methods)}
            around = [*statement.bases, *statement.decorator_list]
            used = frozenset(name for each in [*around, *own] for name in names_used(each))
            yield _Part(frozenset(names), used, _NOWHERE)
            yield from (_part(each, names) for each in own)
        case ast.Assign(targets=targets) if all(isinstance(target, ast.Name) for target in targets):
            yield _part(statement, {name for target in targets for name in names_used(target)})
        case ast.AnnAssign(target=ast.Name(id=name)):
            yield _part(statement, {name})
        case _:
            yield _part(statement, set())


def _is_called_unseen(function: ast.stmt) -> bool:
    """Whether Python calls a method, or a decorator may have it called."""
    if not isinstance(function, _Function):
        return False
    decorators = {name for each in function.decorator_list for name in names_used(each)}
    return function.name.startswith("__") or (not decorators & _BY_THEIR_NAME and bool(decorators))


def _part(statement: ast.stmt, names: Collection[str]) -> _Part:
    lines = (first_line(statement), statement.end_lineno or statement.lineno)
    texts = [part.value for part in ast.walk(statement) if isinstance(part, ast.Constant)]
    words = [text for text in texts if isinstance(text, str) and text.isidentifier()]
    return _Part(frozenset(names), frozenset([*names_used(statement), *words]), lines)


def first_line(statement: ast.stmt) -> int:
    """The line where a statement begins, with what decorates it."""
    decorators = statement.decorator_list if isinstance(statement, _DEFINING) else []
    return min([statement.lineno, *(decorator.lineno for decorator in decorators)])


def names_used(node: ast.AST) -> Iterator[str]:
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
