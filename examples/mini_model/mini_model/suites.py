"""What test files look like: pytest functions in several habits, parametrized tests, unittest classes."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mini_model.names import noun
from mini_model.unit import Check, Raises, Unit, literal


@dataclass(frozen=True, slots=True)
class Import:
    """How tests get at a module."""

    module: str
    how: Literal["from", "module"]


@dataclass(frozen=True, slots=True)
class Subject:
    """What a test is about: a unit, and of a class the method that is called last."""

    unit: Unit
    method: str = ""


def suite_text(
    rng: random.Random, units: Sequence[Unit], imported: Import, subjects: dict[str, Subject] | None = None
) -> str:
    """Tests of `units`; `subjects` is filled with what each is about."""
    subjects = {} if subjects is None else subjects
    plain = [name for unit in units for name in (unit.name, *unit.functions)]
    short = imported.module.rpartition(".")[2]
    prefix = ""
    if imported.how == "from":
        head = f"from {imported.module} import {', '.join(sorted(plain))}"
    elif "." in imported.module and rng.random() < 0.7:
        head, prefix = f"from {imported.module.rpartition('.')[0]} import {short}", f"{short}."
    else:
        head, prefix = f"import {imported.module}", f"{imported.module}."
    double = rng.random() < 0.6
    unittest = rng.random() < 0.06
    parts: list[str] = []
    for unit in units:
        if unittest:
            parts.append(_unittest_class(rng, unit, prefix, subjects))
            continue
        simple = all(not check.setup for check in unit.checks) and unit.task.calls is not None
        raising = any(isinstance(check.expected, Raises) for check in unit.checks)
        if simple and not raising and rng.random() < 0.12:
            parts.append(_parametrized(rng, unit, prefix))
            subjects[f"test_{unit.name}"] = Subject(unit)
        elif (
            unit.task.methods is not None
            and len({check.setup[0] for check in unit.checks}) > 0
            and rng.random() < 0.3
        ):
            parts += _with_helper(rng, unit, prefix, subjects)
        else:
            parts += _functions(rng, unit, prefix, subjects)
    if rng.random() < 0.2:
        rng.shuffle(parts)
    needs_pytest = any("pytest." in part for part in parts)
    imports = (
        (["import unittest", ""] if unittest else [])
        + (["import pytest", ""] if needs_pytest else [])
        + [head]
    )
    text = "\n".join(imports) + "\n\n\n" + "\n\n".join(parts)
    if unittest and rng.random() < 0.5:
        text += "\n\nif __name__ == '__main__':\n    unittest.main()\n"
    return text.replace("'", '"') if double and '"' not in text else text


def _with_helper(rng: random.Random, unit: Unit, prefix: str, subjects: dict[str, Subject]) -> list[str]:
    """Tests of a class whose object comes from a fixture or a function, so that its name does not show."""
    first = rng.choice(unit.checks).setup[0]
    checks = [check for check in unit.checks if check.setup[0] == first and _method(check)]
    if not checks:
        return _functions(rng, unit, prefix, subjects)
    variable, _, made = first.partition(" = ")
    if rng.random() < 0.5 and variable != "request":  # which pytest keeps for itself
        helper = f"@pytest.fixture\ndef {variable}():\n    return {qualified(made, unit, prefix)}\n"
        parameter, opening = variable, list[str]()
    else:
        name = rng.choice(("make", "create", f"make_{variable}", f"new_{variable}", "build"))
        helper = f"def {name}():\n    return {qualified(made, unit, prefix)}\n"
        parameter, opening = "", [f"{variable} = {name}()"]
    parts = [helper]
    for name, check in zip(_test_names(rng, unit, len(checks)), checks, strict=False):
        rest = Check(check.setup[1:], check.expression, check.expected)
        body = opening + _statements(rng, rest, unit, prefix, 0.0)
        parts.append(f"def {name}({parameter}):\n" + "".join(f"    {line}\n" for line in body))
        subjects[name] = Subject(unit, _method(check))
    return parts


def _method(check: Check) -> str:
    """The method that is called last."""
    found = re.findall(r"\.(\w+)\(", "\n".join([*check.setup[1:], check.expression]))
    return found[-1] if found else ""


def _beside(unit: Unit, text: str) -> str:
    """The function beside a class that a test calls."""
    return next((name for name in unit.functions if f"{name}(" in text), "")


def _functions(rng: random.Random, unit: Unit, prefix: str, subjects: dict[str, Subject]) -> list[str]:
    checks = list(unit.checks)
    per_test = rng.choice((1, 1, 1, 2, 3, len(checks)))
    names = _test_names(rng, unit, -(-len(checks) // per_test))
    functions: list[str] = []
    kind = rng.random()
    for name, start in zip(names, range(0, len(checks), per_test), strict=False):
        body: list[str] = []
        if rng.random() < 0.05:
            body.append(f"# {noun(rng)} and {noun(rng)}")
        for check in checks[start : start + per_test]:
            body += _statements(rng, check, unit, prefix, kind)
        subjects[name] = Subject(unit, _beside(unit, "\n".join(body)))
        functions.append(f"def {name}():\n" + "".join(f"    {line}\n" if line else "\n" for line in body))
    return functions


def _statements(rng: random.Random, check: Check, unit: Unit, prefix: str, kind: float) -> list[str]:
    setup = [qualified(line, unit, prefix) for line in check.setup if line != "pass"]
    expression = qualified(check.expression, unit, prefix)
    if isinstance(check.expected, Raises):
        return [*setup, f"with pytest.raises({check.expected.name}):", f"    {expression}"]
    if isinstance(check.expected, float) and rng.random() < 0.1:
        return [*setup, f"assert {expression} == pytest.approx({literal(check.expected)})"]
    if kind > 0.88 and not isinstance(check.expected, bool):
        variable = rng.choice(("result", "actual", "got", "value", "out"))
        return [*setup, f"{variable} = {expression}", f"assert {variable} == {literal(check.expected)}"]
    if 0.84 < kind <= 0.88:
        return [*setup, f"expected = {literal(check.expected)}", f"assert {expression} == expected"]
    return [*setup, _assertion(rng, expression, check.expected)]


def _assertion(rng: random.Random, expression: str, expected: object) -> str:
    if isinstance(expected, bool):
        style = rng.random()
        if style < 0.45:
            simple = " " not in expression.split("(")[0]
            return (
                f"assert {expression}"
                if expected
                else f"assert not {expression}"
                if simple
                else f"assert not ({expression})"
            )
        if style < 0.75:
            return f"assert {_bracketed(expression)} is {expected}"
        return f"assert {_bracketed(expression)} == {expected}"
    if expected is None:
        return f"assert {expression} is None"
    if expected == [] and rng.random() < 0.1:
        return f"assert not {expression}"
    return f"assert {expression} == {literal(expected)}"


def _bracketed(expression: str) -> str:
    head = expression.split("(")[0].split("[")[0]
    return f"({expression})" if " " in head else expression


def _test_names(rng: random.Random, unit: Unit, count: int) -> list[str]:
    name = unit.name.lower()
    if unit.task.methods is not None or rng.random() < 0.2:
        words = [
            w for w in unit.task.docs.split(" | ")[0].replace("$", "").replace(".", "").split() if w.isalpha()
        ][:6]
        name = "_".join(words).lower() if words and rng.random() < 0.5 else name
    first = rng.choice(
        (
            f"test_{name}",
            f"test_{name}",
            f"test_{name}_{noun(rng)}",
            f"test_{noun(rng)}",
            f"test_{name}_works",
        )
    )
    names = [first]
    while len(names) < count:
        another = rng.choice(
            (f"test_{name}_{len(names) + 1}", f"test_{name}_{noun(rng)}", f"test_{noun(rng)}_{noun(rng)}")
        )
        if another not in names:
            names.append(another)
    return names


def _parametrized(rng: random.Random, unit: Unit, prefix: str) -> str:
    arguments = [check.expression.removeprefix(unit.name)[1:-1] for check in unit.checks]
    variable = rng.choice(("arg", "given", "value", "data"))
    single = _count(arguments[0]) == 1
    rows = [
        f"    ({text if single else f'({text})'}, {literal(check.expected)}),"
        for text, check in zip(arguments, unit.checks, strict=True)
    ]
    call = f"{prefix}{unit.name}({'' if single else '*'}{variable})"
    return (
        f"@pytest.mark.parametrize('{variable}, expected', [\n" + "\n".join(rows) + "\n])\n"
        f"def test_{unit.name}({variable}, expected):\n    assert {call} == expected\n"
    )


def _count(arguments: str) -> int:
    return len(eval(f"({arguments},)"))


def _unittest_class(rng: random.Random, unit: Unit, prefix: str, subjects: dict[str, Subject]) -> str:
    lines = [f"class Test{unit.name.title().replace('_', '')}(unittest.TestCase):"]
    for name, check in zip(_test_names(rng, unit, len(unit.checks)), unit.checks, strict=False):
        lines.append(f"    def {name}(self):")
        subjects[f"Test{unit.name.title().replace('_', '')}.{name}"] = Subject(
            unit, _beside(unit, check.expression)
        )
        lines += [f"        {qualified(line, unit, prefix)}" for line in check.setup if line != "pass"]
        expression = qualified(check.expression, unit, prefix)
        if isinstance(check.expected, Raises):
            lines += [f"        with self.assertRaises({check.expected.name}):", f"            {expression}"]
        elif isinstance(check.expected, bool) and rng.random() < 0.7:
            lines.append(f"        self.assert{check.expected}({expression})")
        else:
            lines.append(f"        self.assertEqual({expression}, {literal(check.expected)})")
        lines.append("")
    return "\n".join(lines[:-1]) + "\n"


def qualified(text: str, unit: Unit, prefix: str) -> str:
    """The text with the unit's name as its test module knows it."""
    if not prefix:
        return text
    names = "|".join((unit.name, *unit.functions))
    return re.sub(rf"(?<![\w.'\"])({names})\(", rf"{prefix}\1(", text)
