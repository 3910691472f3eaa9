"""What Python takes, and may be right somewhere, but not as what mends a slip of one token.

`raise x` where `return x` stood, `-name` as an index, `not title` as an argument: each would cost an attempt.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TypeAlias

_GIVES_TEXTS = frozenset(
    re.findall(
        r"\w+",
        """capitalize casefold format join lower lstrip replace rsplit rstrip split splitlines strip title
        upper""",
    )
)
"""Methods that give no number and no truth."""
_MEASURES = frozenset({"abs", "int", "len", "list", "sorted", "str"})
_OF_TRUTH = frozenset({"bool", "int", "print", "repr", "str", "sum"})
"""What a truth may be given to."""
_RAISED = frozenset({"e", "err", "error", "exc", "exception"})
"""Names of what was caught."""
_Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
_OF_NO_NUMBER = (
    ast.List,
    ast.Dict,
    ast.Set,
    ast.Tuple,
    ast.JoinedStr,
    ast.ListComp,
    ast.DictComp,
    ast.SetComp,
)
_JUMPS = (ast.Return, ast.Raise, ast.Break, ast.Continue)


def unlikely(node: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    """What is unlikely about the parts of a node, and which."""
    match node:
        case ast.Subscript(slice=index):
            yield from _of_index(index)
        case ast.Call():
            yield from _of_call(node)
        case ast.Compare():
            yield from _of_comparison(node)
        case ast.BinOp(left=left, op=op, right=right):
            yield from (*_no_logic([left, right]), *_no_self([left, right]))
            if isinstance(op, ast.Add | ast.Sub) and _is_step(right) and _is_no_number(left):
                yield left, f"step from {ast.dump(left)}"
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
            yield from (*_no_logic(parts), *_no_sign(parts))
        case ast.UnaryOp(op=ast.Not(), operand=operand) if _is_no_number(operand) or _gives_text(operand):
            yield operand, f"truth of {ast.dump(operand)}"
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            yield from (*_counted_too_soon(node), *_attributes_of_counters(node))
        case _:
            yield from _of_statement(node)


def _of_statement(node: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    match node:
        case ast.Return(value=ast.UnaryOp() as value) | ast.Assign(value=ast.UnaryOp() as value):
            yield from _no_sign([value])
        case ast.Raise(exc=ast.expr() as raised) if not _may_be_raised(raised):
            yield raised, f"raised {ast.dump(raised)}"
        case ast.For(iter=ast.Call() as given) | ast.comprehension(iter=ast.Call() as given):
            if _measures(given, but="sorted"):
                yield given, f"loop over {ast.dump(given)}"
        case ast.While(test=test, body=body) if isinstance(body[-1], _JUMPS) or _stays(test, body):
            yield test, f"loop of {ast.dump(test)}"
        case ast.If(test=ast.Call() as test) | ast.While(test=ast.Call() as test):
            if _measures(test, but="len"):
                yield test, f"truth of {ast.dump(test)}"
        case _:
            pass


def _of_call(call: ast.Call) -> Iterator[tuple[ast.AST, str]]:
    func = call.func
    if isinstance(func, ast.Call) and _measures(func):
        yield func, f"called {ast.dump(func)}"
    if not (isinstance(func, ast.Name) and func.id in _OF_TRUTH):
        yield from _no_logic(call.args)
    yield from _no_sign(call.args)


def _of_comparison(node: ast.Compare) -> Iterator[tuple[ast.AST, str]]:
    sides = [node.left, *node.comparators]
    yield from (*_no_logic(sides), *_no_sign(sides))
    if not all(isinstance(op, ast.Is | ast.IsNot) for op in node.ops):
        yield from _no_self(sides)
    for op, side in zip(node.ops, node.comparators, strict=True):
        if isinstance(op, ast.Is | ast.IsNot) and not _may_be_identical(side):
            yield side, f"identical to {ast.dump(side)}"
    left, is_membership = node.left, isinstance(node.ops[0], ast.In | ast.NotIn)
    if is_membership and isinstance(left, ast.Call) and _measures(left, but="len str int"):
        yield left, f"member {ast.dump(left)}"


def _of_index(index: ast.expr) -> Iterator[tuple[ast.AST, str]]:
    yield from _no_logic([index])
    yield from _no_self([index])
    if isinstance(index, ast.UnaryOp) and not isinstance(index.operand, ast.Constant):
        yield index, f"index {ast.dump(index)}"
    if isinstance(index, ast.Call) and _measures(index, but="int len"):
        yield index, f"index {ast.dump(index)}"


def _counted_too_soon(function: _Function) -> Iterator[tuple[ast.AST, str]]:
    """Names, and in `__init__` attributes, that are added to before they have a value."""
    arguments = function.args
    given = {each.arg for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
    nodes = [*ast.walk(function)]
    shared = {name for node in nodes if isinstance(node, ast.Global | ast.Nonlocal) for name in node.names}
    counted: dict[ast.AST, ast.AST] = {node.target: node for node in nodes if isinstance(node, ast.AugAssign)}
    known = given | shared
    for node in sorted((node for node in nodes if _stored(node)), key=_position):
        name = _stored(node)
        is_set_here = isinstance(node, ast.Name) or function.name == "__init__"
        if node in counted and name not in known and is_set_here:
            yield counted[node], f"added to before it is set {name}"
        known.add(name)


def _attributes_of_counters(function: _Function) -> Iterator[tuple[ast.AST, str]]:
    counters = {*_counters(function)}
    for node in ast.walk(function):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in counters:
            yield node, f"attribute of {node.value.id}"


def _position(node: ast.AST) -> tuple[int, int]:
    return getattr(node, "lineno", 0), getattr(node, "col_offset", 0)


def _stored(node: ast.AST) -> str:
    """What gets a value there: a name, or an attribute of `self`."""
    match node:
        case ast.Name(id=name, ctx=ast.Store()):
            return name
        case ast.Attribute(value=ast.Name(id="self"), attr=name, ctx=ast.Store()):
            return f"self.{name}"
        case _:
            return ""


def _counters(function: ast.AST) -> Iterator[str]:
    """Names of numbers that a loop counts."""
    for node in ast.walk(function):
        if not isinstance(node, ast.For | ast.comprehension):
            continue
        match node.target, node.iter:
            case ast.Name(id=name), ast.Call(func=ast.Name(id="range")):
                yield name
            case ast.Tuple(elts=[ast.Name(id=name), _]), ast.Call(func=ast.Name(id="enumerate")):
                yield name
            case _:
                pass


def _no_logic(parts: list[ast.expr]) -> Iterator[tuple[ast.AST, str]]:
    """Where a value is asked for, `not` gives none."""
    for part in parts:
        if isinstance(part, ast.UnaryOp) and isinstance(part.op, ast.Not):
            yield part, f"not as a value {ast.dump(part)}"


def _no_sign(parts: list[ast.expr]) -> Iterator[tuple[ast.AST, str]]:
    for part in parts:
        if isinstance(part, ast.UnaryOp) and isinstance(part.op, ast.USub):
            operand = part.operand
            if _is_no_number(operand) or _gives_text(operand) or is_self(operand):
                yield part, f"sign of {ast.dump(operand)}"


def _no_self(parts: list[ast.expr]) -> Iterator[tuple[ast.AST, str]]:
    for part in parts:
        if is_self(part):
            yield part, "self as a value"


def _measures(call: ast.Call, but: str = "") -> bool:
    """Whether it is a call of what tells something of its argument, or makes another of it."""
    return isinstance(call.func, ast.Name) and call.func.id in _MEASURES.difference(but.split())


def _is_step(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value in (1, 2)


def _is_no_number(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return node.value is None or isinstance(node.value, bool | str)
    return isinstance(node, _OF_NO_NUMBER)


def _gives_text(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _GIVES_TEXTS
    )


def is_self(node: ast.AST) -> bool:
    """Whether it is the object whose method this is."""
    return isinstance(node, ast.Name) and node.id == "self"


def _may_be_identical(node: ast.expr) -> bool:
    """Whether `is` may be asked of it: not of a number, nor of what is made there."""
    if isinstance(node, ast.Constant):
        return node.value is None or isinstance(node.value, bool)
    return not isinstance(node, (ast.UnaryOp, ast.BinOp, *_OF_NO_NUMBER))


def _may_be_raised(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        node = node.func
    if isinstance(node, ast.Attribute):
        return True
    return isinstance(node, ast.Name) and (node.id[:1].isupper() or node.id in _RAISED)


def _stays(test: ast.expr, body: list[ast.stmt]) -> bool:
    """Whether nothing in a loop can change what it depends on."""
    names = {node.id for node in ast.walk(test) if isinstance(node, ast.Name)}
    nodes = [node for each in body for node in ast.walk(each)]
    if any(isinstance(node, ast.Call | ast.Await | ast.Yield) for node in nodes) or not names:
        return False
    changed = {node.id for node in nodes if isinstance(node, ast.Name)}
    return not any(isinstance(node, _JUMPS) for node in nodes) and not names & changed
