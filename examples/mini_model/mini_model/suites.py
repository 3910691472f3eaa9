"""What test files look like: pytest functions in several habits, parametrized tests, unittest classes."""

from __future__ import annotations

import random
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from keyword import iskeyword
from typing import Literal

from mini_model.names import noun
from mini_model.parametrized import are_plain, count_arguments, parametrized
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
    plain = [name for unit in units for name in _used(unit)]
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
    parts, helpers = list[str](), set(plain)
    for unit in units:
        if unittest:
            parts.append(_unittest_class(rng, unit, prefix, subjects))
            continue
        if unit.is_class and rng.random() < 0.4:
            parts += _with_helper(rng, unit, prefix, subjects, helpers)
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


def _used(unit: Unit) -> list[str]:
    """What tests of a unit have to import."""
    said = "\n".join("\n".join((*check.setup, check.expression, _expected(check))) for check in unit.checks)
    return [name for name in (unit.name, *unit.functions) if re.search(_mention(name), said)] or [unit.name]


def _expected(check: Check) -> str:
    return f"raises {check.expected.name}(" if isinstance(check.expected, Raises) else ""


def _mention(name: str) -> str:
    """A pattern for the use of what a module defines; constants are not called."""
    return rf"(?<![\w.'\"]){name}\b" if name.isupper() else rf"(?<![\w.'\"]){name}\("


def _with_helper(
    rng: random.Random, unit: Unit, prefix: str, subjects: dict[str, Subject], taken: set[str]
) -> list[str]:
    """Tests of a class whose object comes from a fixture or a function, so that its name does not show."""
    model = rng.choice(unit.checks).setup
    prepared = model[: rng.choice((1, 1, rng.randint(1, len(model))))]
    checks = [c for c in unit.checks if c.setup[: len(prepared)] == prepared and _method(c, len(prepared))]
    if not checks or " = " not in prepared[0] or not prepared[0].partition(" = ")[0].isidentifier():
        return _functions(rng, unit, prefix, subjects)
    variable, _, made = prepared[0].partition(" = ")
    made = qualified(made, unit, prefix)
    steps = [qualified(line, unit, prefix) for line in prepared[1:]]
    lines = [f"{variable} = {made}", *steps, f"return {variable}"] if steps else [f"return {made}"]
    body = "".join(f"    {line}\n" for line in lines)
    name = rng.choice(
        ("make", "make", "create", f"make_{variable}", f"new_{variable}", "build", "sample", "example")
    )
    is_fixture = rng.random() < 0.5 and variable != "request"  # which pytest keeps for itself
    if (helper_name := variable if is_fixture else name) in taken:
        return _functions(rng, unit, prefix, subjects)
    taken.add(helper_name)
    if is_fixture:
        helper = f"@pytest.fixture\ndef {variable}():\n{body}"
        parameter, opening = variable, list[str]()
    else:
        helper = f"def {name}():\n{body}"
        parameter, opening = "", [f"{variable} = {name}()"]
    parts = [helper]
    for proposed, check in zip(_test_names(rng, unit, len(checks), checks), checks, strict=False):
        test = _unused(proposed, subjects)
        rest = Check(check.setup[len(prepared) :], check.expression, check.expected)
        begun = opening
        uses = len(re.findall(rf"\b{variable}\b", rest.expression))
        if not is_fixture and not rest.setup and uses == 1 and rng.random() < 0.5:  # without a name
            rest, begun = (
                Check((), re.sub(rf"\b{variable}\b", f"{name}()", rest.expression), rest.expected),
                [],
            )
        statements = begun + _statements(rng, rest, unit, prefix, 0.0)
        parts.append(f"def {test}({parameter}):\n" + "".join(f"    {line}\n" for line in statements))
        subjects[test] = Subject(unit, _method(check, len(prepared)))
    return parts


def _method(check: Check, prepared: int = 1) -> str:
    """The method that is called last, after what is prepared elsewhere."""
    found = re.findall(r"\.(\w+)\(", "\n".join([*check.setup[prepared:], check.expression]))
    return found[-1] if found else ""


def _beside(unit: Unit, check: Check) -> str:
    """What stands beside it, if the check is about that."""
    called = re.match(r"\w+(?=\()", check.expression) or re.search(
        r"(?<== )\w+(?=\()", check.setup[0] if check.setup else ""
    )
    if called and called[0] in (unit.name, *unit.functions):
        return called[0] if called[0] != unit.name else ""
    return next((name for name in unit.functions if re.search(rf"\b{name}\(", check.expression)), "")


def _functions(rng: random.Random, unit: Unit, prefix: str, subjects: dict[str, Subject]) -> list[str]:
    called: dict[str, list[Check]] = {}
    for check in unit.checks:
        called.setdefault(_beside(unit, check), []).append(check)
    functions: list[str] = []
    for function, checks in list(called.items()):
        if are_plain(checks, function or unit.name) and rng.random() < 0.12:
            name = _unused(_test_names(rng, unit, 1, checks[:1])[0], subjects)
            functions.append(parametrized(rng, called.pop(function), function or unit.name, prefix, name))
            subjects[name] = Subject(unit, function)
    per_test = rng.choice((1, 1, 1, 2, 3, len(unit.checks)))
    groups = [
        (function, checks[start : start + per_test])
        for function, checks in called.items()
        for start in range(0, len(checks), per_test)
    ]
    names = _test_names(rng, unit, len(groups), [checks[0] for _, checks in groups])
    kind = rng.random()
    for proposed, (function, checks) in zip(names, groups, strict=False):
        name, body = _unused(proposed, subjects), list[str]()
        if rng.random() < 0.05:
            body.append(f"# {noun(rng)} and {noun(rng)}")
        for check in checks:
            body += _statements(rng, check, unit, prefix, kind)
        subjects[name] = Subject(unit, function)
        functions.append(f"def {name}():\n" + "".join(f"    {line}\n" if line else "\n" for line in body))
    return functions


def _unused(name: str, taken: Collection[str]) -> str:
    return name if name not in taken else _unused(f"{name}_2", taken)


def _statements(rng: random.Random, check: Check, unit: Unit, prefix: str, kind: float) -> list[str]:
    setup = [qualified(line, unit, prefix) for line in check.setup if line != "pass"]
    expression = qualified(check.expression, unit, prefix)
    if isinstance(check.expected, Raises):
        return [*setup, f"with pytest.raises({_error(check.expected, unit, prefix)}):", f"    {expression}"]
    given = re.fullmatch(r"([\w.]+)\(([\[{].*[\]}]|'[^']*'|\"[^\"]*\")\)", expression)
    if not setup and given and kind > 0.7 and count_arguments(given[2]) == 1 and rng.random() < 0.5:
        variable = rng.choice(("data", "given", "m", "source", "example", "before", noun(rng)))
        if variable.isidentifier() and not iskeyword(variable) and variable not in given[1].split("."):
            setup, expression = [f"{variable} = {given[2]}"], f"{given[1]}({variable})"
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
    compared = re.search(r"[\])\w] (?:==|!=|<=|>=|<|>|in|is|and|or|not) ", expression)
    return f"({expression})" if compared or expression.startswith("not ") else expression


def _test_names(rng: random.Random, unit: Unit, count: int, checks: Sequence[Check] = ()) -> list[str]:
    """Names of tests; `checks`: what each is about, for names that tell it."""
    name = unit.name.lower()
    if checks and unit.task.methods is not None and rng.random() < 0.5:
        return _telling_names(rng, unit, checks)
    if unit.is_class or (unit.task.docs and rng.random() < 0.2):
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


def _telling_names(rng: random.Random, unit: Unit, checks: Sequence[Check]) -> list[str]:
    """Names after the method or function that is called, as people like them."""
    names: list[str] = []
    for check in checks:
        about = _beside(unit, check) or (_method(check) if unit.is_class else unit.name) or unit.name.lower()
        options = (
            about,
            f"{about}_{rng.choice(_WORDS)}",
            f"{rng.choice(_WORDS)}_{about}",
            f"{about}_{noun(rng)}",
        )
        name = f"test_{rng.choice(options)}"
        while name in names:
            name += f"_{rng.choice(_WORDS)}"
        names.append(name)
    return names


_WORDS = (
    "works",
    "empty",
    "nothing",
    "twice",
    "again",
    "everything",
    "too_much",
    "too_many",
    "unknown",
    "not_found",
    "boundary",
    "basic",
    "simple",
    "zero",
    "one",
    "several",
    "of_nothing",
    "is_correct",
    "adds_up",
    "fails",
    "exact",
    "limits",
    "order",
    "returns_result",
    "negative",
    "edge_case",
    "ok",
)


def _unittest_class(rng: random.Random, unit: Unit, prefix: str, subjects: dict[str, Subject]) -> str:
    lines = [f"class Test{unit.name.title().replace('_', '')}(unittest.TestCase):"]
    for name, check in zip(_test_names(rng, unit, len(unit.checks)), unit.checks, strict=False):
        lines.append(f"    def {name}(self):")
        subjects[f"Test{unit.name.title().replace('_', '')}.{name}"] = Subject(unit, _beside(unit, check))
        lines += [f"        {qualified(line, unit, prefix)}" for line in check.setup if line != "pass"]
        expression = qualified(check.expression, unit, prefix)
        if isinstance(check.expected, Raises):
            error = _error(check.expected, unit, prefix)
            lines += [f"        with self.assertRaises({error}):", f"            {expression}"]
        elif isinstance(check.expected, bool) and rng.random() < 0.7:
            lines.append(f"        self.assert{check.expected}({expression})")
        else:
            lines.append(f"        self.assertEqual({expression}, {literal(check.expected)})")
        lines.append("")
    return "\n".join(lines[:-1]) + "\n"


def _error(expected: Raises, unit: Unit, prefix: str) -> str:
    return f"{prefix if expected.name in unit.functions else ''}{expected.name}"


def qualified(text: str, unit: Unit, prefix: str) -> str:
    """The text with the unit's name as its test module knows it."""
    if not prefix:
        return text
    names = "|".join(_mention(name) for name in (unit.name, *unit.functions))
    return re.sub(names, lambda found: f"{prefix}{found[0]}", text)
