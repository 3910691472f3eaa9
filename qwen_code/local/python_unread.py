"""Variables of a Python function whose value nobody gets."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TypeAlias

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
_FILLS = frozenset({"add", "append", "extend", "insert", "update"})
"""Methods that give nothing."""


def unread(function: Function) -> Iterator[tuple[str, ast.AST]]:
    """Variables of a function that get a value and are not used, or only filled."""
    names = [node for node in ast.walk(function) if isinstance(node, ast.Name)]
    shared = {
        name
        for node in ast.walk(function)
        if isinstance(node, ast.Global | ast.Nonlocal)
        for name in node.names
    }
    given = {node.arg for node in ast.walk(function) if isinstance(node, ast.arg)}
    filling = _filling(function)
    loads = {node.id for node in names if not isinstance(node.ctx, ast.Store) and node not in filling}
    read = loads | shared | given
    for node in own_nodes(function):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AugAssign(target=ast.Name(id=name)):
                if name not in read and not name.startswith("_"):
                    yield name, function
            case _:
                pass


def _filling(function: Function) -> set[ast.AST]:
    """Where something is put into a new collection, which nobody sees by that alone."""
    assigned: dict[str, list[ast.expr]] = {}
    filled = list[ast.Name]()
    for node in ast.walk(function):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                assigned.setdefault(name, []).append(value)
            case (
                ast.Assign(targets=[ast.Subscript(value=ast.Name() as filled_one)])
                | ast.AugAssign(target=ast.Subscript(value=ast.Name() as filled_one))
            ):
                filled.append(filled_one)
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name() as filled_one, attr=attr))):
                if attr in _FILLS:
                    filled.append(filled_one)
            case _:
                pass
    return {name for name in filled if assigned.get(name.id) and all(map(_is_collection, assigned[name.id]))}


def _is_collection(value: ast.expr) -> bool:
    """Whether it is a list, a dict or a set that is known nowhere else."""
    match value:
        case ast.Call(func=ast.Name(id="dict" | "list" | "set")):
            return True
        case _:
            return isinstance(value, ast.List | ast.Dict | ast.Set)


def own_nodes(function: Function) -> Iterator[ast.AST]:
    """The nodes of a function without those of functions in it."""
    nodes: list[ast.AST] = [*function.body]
    while nodes:
        node = nodes.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            nodes.extend(ast.iter_child_nodes(node))
