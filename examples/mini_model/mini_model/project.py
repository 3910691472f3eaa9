"""A whole package with tests, and one wrong line in it."""

from __future__ import annotations

import random
import re
import sys
from dataclasses import dataclass, field

from mini_model.mutate import Mutation
from mini_model.names import VERBS, invented, noun
from mini_model.suites import Import, Subject, suite_text
from mini_model.tasks.base import Task
from mini_model.unit import Style, Unit, make_unit, spoil


@dataclass(frozen=True, slots=True)
class Bug:
    """Where a project is wrong, and how it would be right."""

    path: str
    unit: Unit
    mutation: Mutation
    good_line: str
    bad_line: str

    @property
    def family(self) -> str:
        return f"{self.unit.task.topic}: {self.mutation.kind}"


@dataclass(slots=True)
class Project:
    """Files by path, and which units are in which."""

    files: dict[str, str]
    modules: dict[str, str]
    """Name that Python imports -> path."""
    units: dict[str, list[Unit]]
    """Path -> what is defined there, in order."""
    bugs: list[Bug] = field(default_factory=list[Bug])
    tests: list[str] = field(default_factory=list[str])
    subjects: dict[str, Subject] = field(default_factory=dict[str, Subject])
    """Test, as `FILE::NAME` -> what it is about."""
    directory: str = "/tmp/project"
    """Where it lies, as far as modules know."""


@dataclass(frozen=True, slots=True)
class Layout:
    source: str
    package: str
    tests: str


def make_project(
    rng: random.Random, tasks: list[Task], *, size: float = 1.0, bugs: int = 1, units: int = 0
) -> Project | None:
    """A project whose tests fail because of `bugs` wrong lines; None when the dice fell badly.

    Args:
        size: 0 for one function in one module, 1 for up to four modules.
        units: if not 0, there is one module with so many functions and classes, and the bugs may be fewer.
    """
    style = Style(
        documented=rng.choice((1.0, 1.0, 0.7, 0.0)),
        double_quotes=rng.random() < 0.5,
        annotated=rng.random() < 0.12,
    )
    layout = _layout(rng)
    number = 1 if units or rng.random() > size else rng.choice((1, 1, 1, 2, 2, 3, 4))
    project = Project({}, {}, {})
    taken: set[str] = set()
    for _ in range(number):
        name = _module_name(rng, taken)
        if units:
            many = units
        else:
            many = 1 if rng.random() > size else rng.choice((1, 1, 2, 2, 3) if number < 3 else (1, 1, 2))
        defined = _units(rng, tasks, style, many, taken)
        if not defined:
            return None
        _add_module(project, rng, layout, name, defined, style)
    _add_package_files(project, rng, layout)
    for path, defined in list(project.units.items()):
        _add_tests(project, rng, layout, path, defined)
    for _ in range(bugs):
        if not _add_bug(project, rng) and not units:
            return None
    return project if project.bugs else None


def _layout(rng: random.Random) -> Layout:
    package = "" if rng.random() < 0.4 else _module_name(rng, set())
    source = rng.choice(("", "", "", "src", "src", "lib")) if package or rng.random() < 0.3 else ""
    return Layout(source, package, rng.choice(("tests", "tests", "tests", "", "test")))


def _plain(rng: random.Random) -> str:
    word = noun(rng)
    return (
        word
        if rng.random() < 0.6
        else f"{word}_{noun(rng)}"
        if rng.random() < 0.3
        else f"{word}{rng.choice(('s', 'lib', 'kit', '_app', 'tools'))}"
    )


def _module_name(rng: random.Random, taken: set[str]) -> str:
    while True:
        name = _plain(rng) if rng.random() < 0.8 else invented(rng)
        if rng.random() < 0.1:
            name = rng.choice(
                (
                    "core",
                    "calc",
                    "main",
                    "models",
                    "functions",
                    "text",
                    "numbers",
                    "stats",
                    "helpers",
                    "logic",
                    "app",
                )
            )
        if name not in taken and name not in _STANDARD:
            taken.add(name)
            return name


def _units(rng: random.Random, tasks: list[Task], style: Style, count: int, taken: set[str]) -> list[Unit]:
    units: list[Unit] = []
    for _ in range(count * 4):
        if len(units) == count:
            break
        (task,) = rng.choices(
            tasks, [_WRITTEN if task.is_written else _COMPOSED if task.methods else 1.0 for task in tasks]
        )
        unit = make_unit(task, rng, style=style)
        if unit is None or len(unit.checks) < 2 or taken & {unit.name, *unit.functions}:
            continue
        taken |= {unit.name, *unit.functions}
        units.append(unit)
    return sorted(units, key=lambda unit: not unit.source.startswith(("import ", "from ")))


def _add_module(
    project: Project, rng: random.Random, layout: Layout, name: str, units: list[Unit], style: Style
) -> None:
    folder = "/".join(part for part in (layout.source, layout.package) if part)
    path = f"{folder}/{name}.py" if folder else f"{name}.py"
    project.modules[f"{layout.package}.{name}" if layout.package else name] = path
    parts: list[str] = []
    if rng.random() < 0.5 * style.documented + 0.1:
        words = f"{rng.choice(VERBS).capitalize()} {noun(rng)} and {noun(rng)}."
        parts.append(f'"""{words if rng.random() < 0.5 else name.replace("_", " ").capitalize() + "."}"""\n')
    imports = [unit for unit in units if unit.source.startswith("from dataclasses")]
    if imports:
        parts.append("from dataclasses import dataclass\n")
    if rng.random() < 0.12:
        parts.append(f"{noun(rng).upper()} = {rng.randint(1, 200)}\n")
    body = "\n\n".join(
        unit.source.removeprefix("from dataclasses import dataclass\n").strip("\n") + "\n" for unit in units
    )
    if rng.random() < 0.05:
        body += f'\n\nif __name__ == "__main__":\n    print("{noun(rng)}")\n'
    project.files[path] = "\n".join(parts) + ("\n\n" if parts else "") + body
    project.units[path] = units


def _add_package_files(project: Project, rng: random.Random, layout: Layout) -> None:
    if layout.package:
        folder = "/".join(part for part in (layout.source, layout.package) if part)
        project.files[f"{folder}/__init__.py"] = (
            "" if rng.random() < 0.7 else f'"""{noun(rng).capitalize()}."""\n'
        )
        project.modules[layout.package] = f"{folder}/__init__.py"
    if layout.source:
        if rng.random() < 0.7 or not layout.tests:
            project.files["pyproject.toml"] = f'[tool.pytest.ini_options]\npythonpath = ["{layout.source}"]\n'
        else:
            project.files["conftest.py"] = f'import sys\n\nsys.path.insert(0, "{layout.source}")\n'
    if rng.random() < 0.3:
        project.files["README.md"] = f"# {noun(rng)}\n\n{noun(rng).capitalize()} for {noun(rng)}.\n"


def _add_tests(project: Project, rng: random.Random, layout: Layout, path: str, units: list[Unit]) -> None:
    module = next(name for name, where in project.modules.items() if where == path)
    short = module.rpartition(".")[2]
    name = f"test_{short}.py" if rng.random() < 0.9 else f"{short}_test.py"
    where = f"{layout.tests}/{name}" if layout.tests else name
    how = rng.choice(("from", "from", "from", "module", "package"))
    if how == "package" and layout.package:
        init = project.files[next(p for n, p in project.modules.items() if n == layout.package)]
        names = ", ".join(name for unit in units for name in (unit.name, *unit.functions))
        project.files[project.modules[layout.package]] = init + f"from {module} import {names}\n"
        imported = Import(layout.package, "from")
    else:
        imported = Import(module, "module" if how == "module" else "from")
    subjects: dict[str, Subject] = {}
    project.files[where] = suite_text(rng, units, imported, subjects)
    project.subjects |= {f"{where}::{test}": subject for test, subject in subjects.items()}
    project.tests.append(where)


def _add_bug(project: Project, rng: random.Random) -> bool:
    for _ in range(4):
        path = rng.choice(sorted(project.units))
        unit = rng.choice(project.units[path])
        if any(bug.unit is unit for bug in project.bugs):
            continue
        spoilt = spoil(unit, rng)
        if spoilt is None:
            continue
        mutation, _ = spoilt
        text = project.files[path]
        start = text.find(re.sub(r"^from dataclasses.*\n", "", unit.source).strip("\n"))
        offset = text.count("\n", 0, start) - (len(unit.source) - len(unit.source.lstrip("\n")))
        lines = text.split("\n")
        where = _locate(lines, offset, mutation)
        if where is None:
            continue
        lines[where] = mutation.bad
        project.files[path] = "\n".join(lines)
        project.bugs.append(Bug(path, unit, mutation, mutation.good, mutation.bad))
        return True
    return False


def _locate(lines: list[str], offset: int, mutation: Mutation) -> int | None:
    """The line of the module that is the mutation's line of the unit."""
    for shift in (0, -1, -2, -3, -4):
        at = offset + mutation.line + shift
        if 0 <= at < len(lines) and lines[at] == mutation.good:
            return at
    return None


_COMPOSED = 1.7
"""How much likelier classes and functions that call each other are than one alone: people write many."""
_WRITTEN = 1.6
"""The same of modules as people write them."""
_STANDARD = sys.stdlib_module_names | {"pytest", "tests", "test", "conftest", "src", "lib"}
"""Names that would hide a module, or be hidden by one."""
