"""What no one means in a Python file, as linters know it: it says where to look, and what not to write.

An edit that brings such a flaw in mends nothing. And where what a failing test reaches has one, it most
likely is the bug. The checks are a few of pylint's and Pyflakes' (undefined-variable, unused-argument,
comparison-with-itself, expression-not-assigned, inconsistent-return-statements and their like), with what an
edit would have to do about them.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from qwen_code.local.python_nonsense import FUNCTIONS, TYPES, nonsense
from qwen_code.local.python_unlikely import is_self, unlikely
from qwen_code.local.python_unread import own_nodes, unread
from qwen_code.local.within_reach import names_used

_Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
_MEANT = ("constants", "binds", "logic")
"""Beginnings of what is wrong with an edit, but may be right where it stands."""
_BUILTINS = frozenset(dir(builtins)) | {"__file__", "__name__", "__doc__", "__path__", "__class__"}


@dataclass(frozen=True, slots=True)
class Flaw:
    """One that an edit could mend."""

    what: str
    """The same before and after an edit elsewhere."""
    nodes: tuple[ast.AST, ...] = field(compare=False)
    """Where it may be mended."""
    is_likely_meant: bool = False
    """Whether it may stand in what is right."""
    head: bool = False
    """Only the start of a node can be changed."""

    @property
    def line(self) -> int:
        """Where it is, counted from one."""
        return getattr(self.nodes[0], "lineno", 0)

    def places(self, starts: Sequence[int]) -> Iterator[int]:
        """Where in a text an edit of it may begin.

        Args:
            starts: where its lines start.
        """
        for node in self.nodes:
            if isinstance(node, _Function):
                yield from range(starts[node.body[0].lineno - 1], starts[node.end_lineno or node.lineno])
            elif isinstance(node, ast.expr | ast.stmt):
                first = starts[node.lineno - 1] + node.col_offset
                last = starts[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)
                yield from range(
                    max(first - 1, 0), first + 1 if self.head or isinstance(node, ast.Call) else last
                )
            elif isinstance(node, ast.comprehension):
                yield from Flaw(self.what, (node.target, node.iter)).places(starts)


class Linter:
    """Finds flaws in statements of a module."""

    def __init__(self, module: ast.Module) -> None:
        """`module`: says what is defined outside."""
        self._known = _bound_outside(module.body) | _BUILTINS
        self._functions = {each.name for each in module.body if isinstance(each, _Function)}
        used = {*names_used(module)}
        self._knows_all = not used & {"*", "exec", "globals", "setattr", "vars", "__dict__", "__getattr__"}

    def flaws(self, statements: Iterable[ast.stmt]) -> Iterator[Flaw]:
        """All of them; none where names may come from elsewhere."""
        for statement in statements if self._knows_all else ():
            yield from _Scope(self._known, self._functions).flaws(statement)


@dataclass(frozen=True, slots=True)
class _Scope:
    """What is defined around."""

    known: frozenset[str]
    functions: Collection[str]
    within: str = ""

    def flaws(self, statement: ast.stmt) -> Iterator[Flaw]:
        """Those of a statement of a module or a class."""
        if isinstance(statement, ast.ClassDef):
            yield from _of_attributes(statement)
            inner = _Scope(self.known, self.functions, f"{self.within}{statement.name}.")
            for each in statement.body:
                yield from inner.flaws(each)
                if isinstance(each, _Function) and not statement.bases and each.name[:2] != "__":
                    yield from _unused(each, inner.within)
        elif isinstance(statement, _Function):
            yield from self._of_function(statement)
            if not self.within:
                yield from _unused(statement, "")

    def _of_function(self, function: _Function) -> Iterator[Flaw]:
        where = f"{self.within}{function.name}"
        own = _bound([function])
        functions = {*self.functions, *FUNCTIONS} - own
        names = [node for node in ast.walk(function) if isinstance(node, ast.Name)]
        stores = [node for node in names if isinstance(node.ctx, ast.Store)]
        outside = [*function.decorator_list, *function.args.defaults]
        known_outside = {node for each in outside for node in ast.walk(each)}
        for node in ast.walk(function):
            if node in known_outside:
                continue
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                if node.id not in own | self.known:
                    yield Flaw(f"{where}: undefined {node.id}", (node,))
                    if stores:
                        yield Flaw(f"{where}: unset {node.id}", (*stores,), head=True)
            else:
                for what in nonsense(node, functions, TYPES - own):
                    meant, head = what.startswith(_MEANT), isinstance(node, ast.Expr)
                    yield Flaw(f"{where}: {what}", (node,), meant, head)
        for node in ast.walk(function):
            for part, what in unlikely(node):
                yield Flaw(f"{where}: {what}", (part,), is_likely_meant=True)
        yield from _falls_through(function, where)
        for name, node in unread(function):
            yield Flaw(f"{where}: unread {name}", (node,))


def _unused(function: _Function, within: str) -> Iterator[Flaw]:
    """Parameters that a function does not use."""
    body = [each for each in function.body if not _is_text(each)]
    if function.decorator_list or all(isinstance(each, ast.Pass | ast.Raise | ast.Expr) for each in body[:1]):
        return
    if len(body) == 1 and _is_constant_return(body[0]) and within:
        return
    arguments = function.args
    given = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs][bool(within) :]
    used = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
    for argument in given:
        if argument.arg not in used and not argument.arg.startswith("_"):
            what = f"{within}{function.name}: unused {argument.arg}"
            names = [node for node in own_nodes(function) if isinstance(node, ast.Name)]
            yield Flaw(what, (*names,) or (function,), head=True)


def _of_attributes(owner: ast.ClassDef) -> Iterator[Flaw]:
    """Attributes that a class uses and never has."""
    if owner.bases or owner.keywords:
        return
    held = {each.name for each in owner.body if isinstance(each, _Function | ast.ClassDef)}
    held |= {name for each in owner.body if not isinstance(each, _Function) for name in names_used(each)}
    uses = [node for node in ast.walk(owner) if isinstance(node, ast.Attribute) and is_self(node.value)]
    set_here = [node for node in uses if not isinstance(node.ctx, ast.Load)]
    held |= {node.attr for node in set_here}
    for node in uses:
        if node.attr not in held and not node.attr.startswith("__"):
            yield Flaw(f"{owner.name}: no attribute {node.attr}", (node, *set_here))


def _falls_through(function: _Function, where: str) -> Iterator[Flaw]:
    """A call at the end of a function that gives a value elsewhere."""
    last = function.body[-1]
    gives = any(isinstance(node, ast.Return) and _is_value(node.value) for node in own_nodes(function))
    is_generator = any(isinstance(node, ast.Yield | ast.YieldFrom) for node in own_nodes(function))
    if gives and not is_generator and isinstance(last, ast.Expr) and isinstance(last.value, ast.Call):
        yield Flaw(f"{where}: falls through", (last,), head=True)


def _bound_outside(body: Iterable[ast.stmt]) -> frozenset[str]:
    """What is known in all of a module: names of its statements, but for those in functions and classes."""
    found = set[str]()
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(statement.name)
        else:
            found |= _bound([statement])
    declared = (node for part in body for node in ast.walk(part) if isinstance(node, ast.Global))
    return frozenset(found.union(name for node in declared for name in node.names))


def _bound(nodes: Iterable[ast.AST]) -> frozenset[str]:
    """All names that parts of a program give a meaning to."""
    found = set[str]()
    for node in (each for part in nodes for each in ast.walk(part)):
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.arg(arg=name):
                found.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
            case ast.alias(name=name, asname=other):
                found.add(other or name.partition(".")[0])
            case (
                ast.ExceptHandler(name=str(name))
                | ast.MatchAs(name=str(name))
                | ast.MatchStar(name=str(name))
            ):
                found.add(name)
            case ast.MatchMapping(rest=str(name)):
                found.add(name)
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                found.update(names)
            case _:
                pass
    return frozenset(found)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_value(node: ast.AST | None) -> bool:
    return node is not None and not (isinstance(node, ast.Constant) and node.value is None)


def _is_constant_return(node: ast.AST) -> bool:
    return isinstance(node, ast.Return) and (node.value is None or isinstance(node.value, ast.Constant))
