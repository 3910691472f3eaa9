"""One task made concrete: a function or class with names, its source, and calls with what they give."""

from __future__ import annotations

import copy
import keyword
import random
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

from mini_model.mutate import Mutation, draws
from mini_model.names import VERBS, Names, noun
from mini_model.rename import renamed
from mini_model.tasks.base import Draw, Task

_LITERAL = re.compile(r"(?<![$\w{])[A-Za-z_]\w*")
_PLACEHOLDER = re.compile(r"\$\{(\w+)\}|\$([A-Za-z]+\d*)|\$(\$)")


class TooLong(BaseException):
    """A mutation made a loop endless; no `except Exception` in it may catch this."""


@contextmanager
def cpu_limit(seconds: float = 0.15) -> Iterator[None]:
    """Raises TooLong in what uses more processor time. Main thread only.

    Not in a loop of the interpreter's own: a written module may hold no endless iterator, such as of
    `itertools.count`, for a mutation could search it.
    """

    def end(*_: object) -> None:
        raise TooLong

    before = signal.signal(signal.SIGVTALRM, end)
    # again and again, for where it is raised in a callback it may be swallowed
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


@dataclass(frozen=True, slots=True)
class Check:
    """What a test does: statements, then an expression, and the value that it has when all is right."""

    setup: tuple[str, ...]
    expression: str
    expected: Any


@dataclass(frozen=True, slots=True)
class Raises:
    """What a check expects that has to fail."""

    name: str


@dataclass(frozen=True, slots=True)
class Unit:
    """A function or class in its module."""

    task: Task
    name: str
    source: str
    checks: tuple[Check, ...]
    functions: tuple[str, ...] = ()
    """Functions and classes that stand beside it, such as those that it calls."""

    @property
    def is_class(self) -> bool:
        return self.definition(self.name).startswith("class")

    def definition(self, name: str) -> str:
        """How the line begins that defines a function or class."""
        return f"class {name}" if re.search(rf"^class {name}\b", self.source, re.MULTILINE) else f"def {name}"


def make_unit(task: Task, rng: random.Random, *, style: Style) -> Unit | None:
    """A unit of `task`; None when no call could be found that says anything."""
    if task.is_written:
        return _written_unit(task, rng, style)
    literals = _LITERAL.findall(f"{task.parameters} {' '.join(task.bodies)}")
    functions = [rng.choice(names.split(" | ")) for names in task.functions]
    names = Names(rng, [*literals, *functions])

    def fill(text: str) -> str:
        for number, name in enumerate(functions, 1):
            text = text.replace(f"$f{number}", name)
        return _PLACEHOLDER.sub(lambda m: m[3] or names[m[1] or m[2]], text)

    draw = Draw(rng, lambda role: int(names[role]))
    if task.methods is not None:
        return _composed_unit(task, rng, names, fill, draw, style)
    name = fill(rng.choice(task.name.split(" | ")).strip())
    if rng.random() < 0.25:
        name = f"{rng.choice(VERBS)}_{name}" if rng.random() < 0.5 else f"{name}_{noun(rng)}"
    body = rng.choice(task.bodies).replace("$SELF", name)
    lines = [f"def {name}({fill(task.parameters)}):"]
    if rng.random() < style.documented:
        quote = fill(rng.choice(task.docs.split(" | ")).strip())
        lines.append(f'    """{quote}"""' if rng.random() < 0.85 else f"    '''{quote}'''")
    elif rng.random() < 0.2:
        lines.append("    # " + fill(rng.choice(task.docs.split(" | ")).strip()).rstrip("."))
    source = styled("\n".join([*lines, fill(body)]), style)
    checks = _checks(source, name, task, draw, rng)
    return Unit(task, name, source, checks) if checks else None


@dataclass(frozen=True, slots=True)
class Style:
    """Habits that a whole package has."""

    documented: float
    double_quotes: bool
    annotated: bool
    spaces: int = 4


def styled(source: str, style: Style) -> str:
    """The source in the habits of a package."""
    if style.double_quotes:
        source = re.sub(r"(?<!['\w])'([^'\"\n]*)'(?!')", r'"\1"', source)
    if style.annotated:
        source = re.sub(
            r"^def (\w+)\((\w+), (\w+)\):$", r"def \1(\2: int, \3: int) -> int:", source, flags=re.M
        )
    return source


def _checks(source: str, name: str, task: Task, draw: Draw, rng: random.Random) -> tuple[Check, ...]:
    space: dict[str, Any] = {}
    exec(source, space)
    found: list[Check] = []
    seen: set[str] = set()
    assert task.calls is not None
    for _ in range(12):
        arguments = task.calls(draw)
        text = ", ".join(literal(argument) for argument in arguments)
        if text in seen:
            continue
        seen.add(text)
        try:
            with cpu_limit():
                value = space[name](*copy.deepcopy(arguments))
        except TooLong:
            continue
        except Exception as error:
            if "raise " in source:
                found.append(Check((), f"{name}({text})", Raises(type(error).__name__)))
            continue
        if len(literal(value)) <= 60 and not (isinstance(value, float) and len(repr(value)) > 8):
            found.append(Check((), f"{name}({text})", value))
    return tuple(found[: rng.randint(2, 6)])


def _composed_unit(
    task: Task, rng: random.Random, names: Names, fill: Any, draw: Draw, style: Style
) -> Unit | None:
    text = rng.choice(task.bodies)
    source = styled(fill(text), style)
    defined = re.findall(r"^def (\w+)", source, re.MULTILINE)
    name = defined.pop() if task.functions else names["C"]
    if rng.random() > style.documented:
        source = re.sub(r'^ +""".*"""\n(?=\n? +\S)', "", source, flags=re.M)
        source = re.sub(r"(class \w+:\n)\n", r"\1", source)
    variable = rng.choice((name.lower()[:12], "obj", noun(rng), "it", "thing"))
    if variable in ("it", name) or not variable.isidentifier() or keyword.iskeyword(variable):
        variable = "obj"
    space: dict[str, Any] = {}
    exec(source, space)
    checks: list[Check] = []
    call = "" if "@property" in source else "()"
    assert task.methods is not None
    for setup, expression in task.methods(draw):
        setup, expression = (s.replace("$o", variable).replace("$P", call) for s in (setup, expression))
        checks.append(_checked(space, styled(fill(setup), style), styled(fill(expression), style)))
    rng.shuffle(checks)
    return Unit(task, name, source, tuple(checks), tuple(defined))


def _checked(space: dict[str, Any], setup: str, expression: str) -> Check:
    """A check with what is to be expected where all is right."""
    *steps, last = [*setup.split("\n"), expression]
    local, done = dict(space), list[str]()
    for step in steps:
        try:
            exec(step, local)
        except Exception as error:
            failing = re.sub(r"^\w+ = ", "", step)
            return Check(tuple(done) or ("pass",), failing, Raises(type(error).__name__))
        done.append(step)
    try:
        value = copy.deepcopy(eval(last, local))
    except Exception as error:
        value = Raises(type(error).__name__)
    return Check(tuple(done), last, value)


def _written_unit(task: Task, rng: random.Random, style: Style) -> Unit | None:
    """A module as it was written, mostly with other names; None where these hide something."""
    assert task.methods is not None
    listed = task.methods(Draw(rng, int))
    text = "\n# checks\n".join([task.bodies[0], *(f"{setup}\n# gives\n{check}" for setup, check in listed)])
    if rng.random() < 0.75:
        text = renamed(text, rng)
    source, *told = re.sub(r'\A""".*?"""\n+', "", text, flags=re.S).split("\n# checks\n")
    source = source.strip("\n")
    if rng.random() > style.documented:
        source = re.sub(r'^ +""".*"""\n(?=\n? +\S)', "", source, flags=re.M)
    space: dict[str, Any] = {}
    checks: list[Check] = []
    try:
        with cpu_limit():
            exec(source, space)
            for line in told:
                setup, _, expression = line.partition("\n# gives\n")
                checks.append(_checked(space, setup, expression))
    except (Exception, TooLong):
        return None
    broken = {error.__name__ for error in (NameError, AttributeError, TypeError)}
    if any(isinstance(check.expected, Raises) and check.expected.name in broken for check in checks):
        return None
    imported = (
        "|".join(re.findall(r"^(?:from \w+ )?import (.*)", source, re.MULTILINE)).replace(", ", "|") or "$"
    )
    checks = [c for c in checks if not re.search(rf"\b(?:{imported})\b", "\n".join([*c.setup, c.expression]))]
    if len(checks) < 3:
        return None
    rng.shuffle(checks)
    defined = re.findall(r"^(?:(?:def|class) (\w+)|([A-Z_]+) = )", source, re.MULTILINE)
    defined = [name or constant for name, constant in defined]
    classes = re.findall(r"^class (\w+)", source, re.MULTILINE)
    functions = [name for name in defined if not name.isupper()]
    name = next((c for c in classes if any(c in check.setup[0] for check in checks)), functions[-1])
    others = tuple(other for other in defined if other != name)
    return Unit(task, name, source, tuple(checks[: rng.randint(3, len(checks))]), others)


def literal(value: Any) -> str:
    """A value as a person would write it."""
    return repr(value)


def killed(unit: Unit, source: str) -> list[int]:
    """Which of the unit's checks fail for another source; empty too when it can't be run at all."""
    space: dict[str, Any] = {}
    try:
        compiled = compile(source, "unit", "exec")
        with cpu_limit():
            exec(compiled, space)
    except (Exception, TooLong):
        return []
    failing: list[int] = []
    for number, check in enumerate(unit.checks):
        try:
            with cpu_limit(0.05):
                local = dict(space)
                exec("\n".join(check.setup), local)
                value = eval(check.expression, local)
                same = (
                    not isinstance(check.expected, Raises)
                    and bool(value == check.expected)
                    and (type(value) is type(check.expected) or not isinstance(check.expected, bool))
                )
        except (TooLong, RecursionError):
            return []
        except Exception as error:
            same = isinstance(check.expected, Raises) and type(error).__name__ == check.expected.name
        if not same:
            failing.append(number)
    return failing


_WEIGHTS = {"missing return": 0.15, "name": 0.5, "function": 1.2}
"""Where a kind is possible nearly everywhere, it would crowd out the rest."""


def spoil(unit: Unit, rng: random.Random, source: str | None = None) -> tuple[Mutation, str] | None:
    """A mutation that the unit's checks notice, and the source with it; kinds are equally likely."""
    source = unit.source if source is None else source
    for mutation, spoilt in islice(draws(source, rng, _WEIGHTS), 8):
        if spoilt != unit.source and killed(unit, spoilt):
            return mutation, spoilt
    return None
