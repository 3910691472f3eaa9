"""One test for several calls of a function: `pytest.mark.parametrize`, in several habits."""

from __future__ import annotations

import ast
import random
from collections.abc import Iterator, Sequence
from keyword import iskeyword

from mini_model.names import noun
from mini_model.unit import Check, Raises, literal


def are_plain(checks: Sequence[Check], function: str) -> bool:
    """Whether all are calls with as many literal arguments, and nothing else."""
    arguments = [_literals(check, function) for check in checks]
    return None not in arguments and len(set(arguments)) == 1


def _literals(check: Check, function: str) -> int | None:
    """How many literal arguments a call has; None if it is more than that."""
    if isinstance(check.expected, Raises) or check.setup not in ((), ("pass",)):
        return None
    match ast.parse(check.expression, mode="eval").body:
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
            plain = name == function and all(not list(_calls(argument)) for argument in arguments)
            return len(arguments) if plain else None
        case _:
            return None


def _calls(node: ast.AST) -> Iterator[ast.AST]:
    return (part for part in ast.walk(node) if isinstance(part, (ast.Call, ast.Starred)))


def parametrized(rng: random.Random, checks: Sequence[Check], function: str, prefix: str, name: str) -> str:
    """The test, `name`, of what are plain checks of a function that is called with a prefix."""
    arguments = [check.expression.removeprefix(function)[1:-1] for check in checks]
    expected = rng.choice(("expected", "expected", "result", "wanted", noun(rng)))
    counts = {count_arguments(text) for text in arguments}
    separate = counts <= {1, 2, 3} and len(counts) == 1 and rng.random() < 0.7
    names = rng.sample(_ARGUMENTS, counts.pop()) if separate else [rng.choice(_ARGUMENTS)]
    if separate and rng.random() < 0.4:
        names = [noun(rng) for _ in names]
    chosen, taken = {*names, expected}, {*prefix.split("."), function, "request"}
    if len(chosen) <= len(names) or chosen & taken or any(map(iskeyword, chosen)):
        names, expected = ["a", "b", "c"][: len(names)], "expected"
    given = ", ".join(names)
    single = separate or count_arguments(arguments[0]) == 1
    rows = [
        f"{text if single else f'({text})'}, {literal(check.expected)}"
        for text, check in zip(arguments, checks, strict=True)
    ]
    call = f"{prefix}{function}({given if single else f'*{given}'})"
    short = f"    [{', '.join(f'({row})' for row in rows)}],\n"
    if rng.random() < 0.3 and len(short) < 90:
        mark = f"@pytest.mark.parametrize(\n    '{given}, {expected}',\n{short})\n"
    else:
        listed = "".join(f"    ({row}),\n" for row in rows)
        mark = f"@pytest.mark.parametrize('{given}, {expected}', [\n{listed}])\n"
    return f"{mark}def {name}({given}, {expected}):\n    assert {call} == {expected}\n"


_ARGUMENTS = ("arg", "given", "value", "data", "a", "b", "n", "x", "y", "text", "first", "second", "number")


def count_arguments(arguments: str) -> int:
    """How many a call has between its brackets."""
    call = ast.parse(f"f({arguments})", mode="eval").body
    return len(call.args) if isinstance(call, ast.Call) else 0
