"""What of a file a failing test can reach: the rest can't be what makes it fail.

A function that nothing in what the test calls uses, directly or through others, is not run by it. Names are
taken for all that bears them, and a class is reached as a whole: what is told to be out of reach is, what is
told to be within may not be.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator

_DEFINING = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def out_of_reach(tree: ast.Module, used: Collection[str]) -> Iterator[tuple[int, int]]:
    """The first and last lines of definitions that nothing reaches.

    Args:
        used: names that the test uses. Where the file defines none of them, all may be within reach.
    """
    parts = [part for part in tree.body if isinstance(part, _DEFINING)]
    defined = [_defined(part) for part in parts]
    reached = [bool(names & {*used}) for names in defined]
    if not any(reached):
        return
    elsewhere = [part for part in tree.body if not isinstance(part, _DEFINING)]
    names = {name for part in elsewhere for name in names_used(part)}
    waiting = [part for part, is_reached in zip(parts, reached, strict=True) if is_reached]
    while True:
        names.update(name for part in waiting for name in names_used(part))
        new = [n for n, own in enumerate(defined) if not reached[n] and own & names]
        if not new:
            break
        for n in new:
            reached[n] = True
        waiting = [parts[n] for n in new]
    for part, is_reached in zip(parts, reached, strict=True):
        if not is_reached:
            first = min([part.lineno, *(decorator.lineno for decorator in part.decorator_list)])
            yield first, part.end_lineno or first


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


def _defined(part: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> set[str]:
    """The name of a part, and those of a class's methods."""
    inner = part.body if isinstance(part, ast.ClassDef) else []
    return {part.name} | {each.name for each in inner if isinstance(each, _DEFINING)}
