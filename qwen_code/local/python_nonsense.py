"""Expressions and statements of Python that make no sense, whatever their names stand for."""

from __future__ import annotations

import ast
import builtins
import itertools
import re
from collections.abc import Collection, Iterator, Sequence

FUNCTIONS = frozenset(
    name
    for name in dir(builtins)
    if callable(getattr(builtins, name)) and not isinstance(getattr(builtins, name), type)
) | {"enumerate", "filter", "map", "range", "reversed", "super", "zip"}
"""Builtins that are called, or handed on, and nothing else."""
TYPES = frozenset(name for name in dir(builtins) if isinstance(getattr(builtins, name), type)) - FUNCTIONS
_ACTING = (ast.Call, ast.Await, ast.Yield, ast.YieldFrom)
"""Expressions that do something where they are all of a statement; `...` stands for nothing to be done."""
_FROM_ONE = (ast.Sub, ast.Div, ast.FloorDiv, ast.Mod)
"""Operators of which nothing comes where both sides are the same."""
_OF_TEXTS = (ast.Add, ast.Mult, ast.Mod, ast.Div)
"""Operators that texts have; `/` joins them to paths."""
_NOT_EQUAL = frozenset({"len", "str"})
"""Functions that give nothing which could equal what they are given."""
_NOT_ORDERED = _NOT_EQUAL | {"abs", "list", "sorted"}
"""Those of which nobody asks whether it is less or more than that."""
_PURE = frozenset(
    re.findall(
        r"\w+",
        """abs all any bool dict enumerate filter len map max min range repr reversed round sorted str sum
        tuple zip""",
    )
)
"""Functions that are called for their value alone; others may be called for the error that they raise."""
_PURE_METHODS = frozenset(
    re.findall(
        r"\w+",
        """capitalize casefold count endswith get index isalpha isdigit islower isupper items join keys lower
        lstrip rsplit rstrip split splitlines startswith strip title upper values zfill""",
    )
)
"""Methods of which the same holds."""


def nonsense(node: ast.AST, functions: Collection[str], types: Collection[str]) -> Iterator[str]:
    """What is wrong with a node, whatever its names stand for."""
    if isinstance(node, ast.expr):
        yield from _operators(node, functions, types)
        yield from _others(node)
        return
    match node:
        case ast.Expr() if is_idle(node) or _is_pure(node.value):
            yield f"idle {ast.dump(node.value)}"
        case ast.Assign(targets=[target], value=value) if isinstance(target, ast.Name | ast.Attribute):
            if ast.unparse(target) == ast.unparse(value):
                yield f"assigned to itself {ast.unparse(target)}"
        case ast.For(target=target, iter=iterated) | ast.comprehension(target=target, iter=iterated):
            names = {each.id for each in ast.walk(target) if isinstance(each, ast.Name)}
            if isinstance(node, ast.For) and _subject(iterated) in names:
                yield f"loop over itself {ast.dump(iterated)}"
            if isinstance(iterated, ast.Compare | ast.UnaryOp) or _is_number(iterated):
                yield f"loop over {ast.dump(iterated)}"
            yield from _operands([iterated], functions)
        case _:
            pass


def _operators(node: ast.expr, functions: Collection[str], types: Collection[str]) -> Iterator[str]:
    match node:
        case ast.Compare():
            yield from _operands([node.left], {*functions, *types})
            yield from _compared(node, functions)
        case ast.BinOp(left=left, op=op, right=right):
            if isinstance(op, _FROM_ONE):
                yield from _same("operands", left, right)
            yield from _constants(left, right)
            if ast.BoolOp in map(type, (left, right)):
                yield f"logic {ast.dump(node)}"
            if not isinstance(op, _OF_TEXTS) and any(map(_is_text_value, (left, right))):
                yield f"text {ast.dump(node)}"
            yield from _operands(
                [left, right], functions if isinstance(op, ast.BitOr) else {*functions, *types}
            )
        case ast.BoolOp(values=values):
            said = [ast.dump(value) for value in values]
            if any(said.count(one) > 1 for one in said):
                yield f"twice {said}"
            if any(isinstance(value, ast.Constant) for value in values[:-1]) or (
                isinstance(node.op, ast.And) and _is_number(values[-1])
            ):
                yield f"constant {said}"
            yield from _operands(values, {*functions, *types})
        case ast.UnaryOp(op=op, operand=operand):
            if isinstance(op, ast.Not) and isinstance(operand, ast.Constant | ast.UnaryOp):
                yield f"not {ast.dump(operand)}"
            if isinstance(op, ast.UAdd) or (isinstance(operand, ast.Constant) and operand.value == 0):
                yield f"sign of {ast.dump(operand)}"
            yield from _operands([operand], {*functions, *types})
        case _:
            pass


def _compared(node: ast.Compare, functions: Collection[str]) -> Iterator[str]:
    for op, pair in zip(node.ops, itertools.pairwise([node.left, *node.comparators]), strict=True):
        is_ordered = isinstance(op, ast.Lt | ast.LtE | ast.Gt | ast.GtE)
        left, right = (_measured(side, _NOT_ORDERED if is_ordered else _NOT_EQUAL) for side in pair)
        yield from _same("comparison", left, right)
        yield from _constants(*pair)
        if is_ordered:
            yield from _operands(pair, functions)


def _measured(side: ast.expr, functions: Collection[str]) -> ast.expr:
    """What one of these functions is given, for nobody compares that with what comes of it; or the side."""
    match side:
        case ast.Call(func=ast.Name(id=name), args=[given], keywords=[]) if name in functions:
            return given
        case _:
            return side


def _others(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.IfExp(body=body, orelse=orelse):
            yield from _same("alternatives", body, orelse)
        case ast.Call(func=ast.Name(id="min" | "max"), args=[first, second]):
            yield from _same("arguments", first, second)
        case ast.Call(func=ast.Name(id="len" | "reversed"), args=[ast.GeneratorExp() as given]):
            yield f"length of {ast.dump(given)}"
        case ast.Subscript(value=ast.Name(id=name), slice=index):
            if name in FUNCTIONS:
                yield f"operand {name}"
            if any(isinstance(part, ast.Name) and part.id == name for part in _parts_of_index(index)):
                yield f"index {name}"
        case ast.Attribute(value=ast.Name(id=name)) if name in FUNCTIONS - {"super"}:
            yield f"operand {name}"
        case ast.Name(id=name, ctx=ast.Store()) if name in FUNCTIONS:
            yield f"binds {name}"
        case _:
            pass


def is_idle(statement: ast.AST) -> bool:
    """Whether a statement is an expression whose value nobody gets."""
    if not isinstance(statement, ast.Expr) or _acts(statement.value):
        return False
    return not (
        isinstance(statement.value, ast.Constant) and isinstance(statement.value.value, str | type(...))
    )


def _acts(value: ast.expr) -> bool:
    match value:
        case ast.IfExp(body=body, orelse=orelse):
            return _acts(body) and _acts(orelse)
        case ast.BoolOp(values=values):
            return _acts(values[-1])
        case _:
            return isinstance(value, _ACTING)


def _same(what: str, one: ast.expr, other: ast.expr) -> Iterator[str]:
    said = ast.dump(one)
    if said == ast.dump(other) and not isinstance(one, ast.Constant | ast.Call):
        yield f"{what} {said}"


def _constants(one: ast.expr, other: ast.expr) -> Iterator[str]:
    if all(map(_is_number, (one, other))):
        yield f"constants {ast.dump(one)} {ast.dump(other)}"


def _operands(values: Sequence[ast.expr], functions: Collection[str]) -> Iterator[str]:
    """Functions that are reckoned with as if they were what they give."""
    for value in values:
        if isinstance(value, ast.Name) and value.id in functions:
            yield f"operand {value.id}"


def _is_text_value(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _is_number(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float)


def _is_pure(node: ast.AST) -> bool:
    """Whether a call is of use for its value alone."""
    match node:
        case ast.Call(func=ast.Name(id=name)) if name in _PURE:
            return True
        case ast.Call(func=ast.Attribute(attr=name)) if name in _PURE_METHODS:
            return True
        case _:
            return False


def _subject(node: ast.expr) -> str:
    """The name of what is looped over: of `x`, `x.items()` and `enumerate(x)`."""
    match node:
        case ast.Name(id=name) | ast.Call(func=ast.Attribute(value=ast.Name(id=name))):
            return name
        case ast.Call(func=ast.Name(), args=[ast.Name(id=name)]):
            return name
        case _:
            return ""


def _parts_of_index(index: ast.expr) -> Iterator[ast.AST | None]:
    """What stands directly in the brackets."""
    if isinstance(index, ast.Slice):
        yield from (index.lower, index.upper, index.step)
    else:
        yield index
