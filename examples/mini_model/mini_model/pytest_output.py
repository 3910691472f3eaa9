"""What `python -m pytest -x -q -rN` prints for a project, in milliseconds and without a process.

The text of failures is pytest's own: its assertion rewriter, its comparison and its traceback printer are
called directly. Only what stands around them (dots, headlines, the summary) is put together here. The tests
of this project compare it with what a real run prints.
"""

from __future__ import annotations

import ast
import builtins
import importlib.abc
import importlib.machinery
import importlib.util
import inspect
import linecache
import random
import re
import sys
import traceback
import types
import unittest
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from _pytest.outcomes import Failed

from mini_model.project import Project
from mini_model.unit import TooLong, cpu_limit
from qwen_code.local.bundled import BUNDLED_SHELL_TIMEOUT_S

COMMAND = "python -m pytest -x -q -rN"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One run."""

    text: str
    passed: bool
    failing_test: str = ""
    exit_code: int = 0
    quiet: str = ""
    """What is printed where only the name of the test is asked for."""


def run_tests(project: Project, rng: random.Random) -> Outcome | None:
    """Run the project's tests; None when they can't be imported, or do not end."""
    outcome = run_anyway(project, rng)
    return outcome if outcome.exit_code in (0, 1) else None


def run_anyway(project: Project, rng: random.Random) -> Outcome:
    """Run the project's tests, or say why they can't be."""
    _configuration()  # takes longer than tests may
    with _importable(project):
        tests: list[tuple[str, str, Any, dict[str, Any], int]] = []
        for path in sorted(project.tests, key=lambda path: path.split("/")):
            try:
                with cpu_limit(0.3):
                    tests += [(path, *test) for test in _tests(project, path)]
            except TooLong:
                return _ENDLESS
            except Exception as error:
                text = not_imported(project, path, error, rng)
                return Outcome(text, False, exit_code=2, quiet=_without_traceback(text, path, error))
        for dots, (path, name, function, arguments, ignored) in enumerate(tests):
            try:
                with cpu_limit(0.3):
                    function(**arguments)
            except TooLong:
                return _ENDLESS
            except (Exception, Failed) as error:
                return _failed(dots, path, name, _failure(error, function, ignored), rng)
        dots = len(tests)
    text = f"{'.' * dots:<72} [100%]\n{dots} passed in {rng.randint(1, 4) / 100:.2f}s"
    return Outcome(text, True, quiet=text)


_ENDLESS = Outcome(
    f"(no output)\n[timed out after {BUNDLED_SHELL_TIMEOUT_S:g} s; it and all that it started was ended. "
    "Set timeout (milliseconds, at most 600000) or is_background]",
    False,
    exit_code=124,
)
"""pytest writes nothing to a pipe before it ends."""


def _failed(dots: int, path: str, name: str, shown: Any, rng: random.Random) -> Outcome:
    out = _Writer()
    shown.toterminal(out)
    report = f"{centred('=', ' FAILURES ')}\n{centred('_', f' {name} ')}\n{out.text()}"
    passed = f", {dots} passed" if dots else ""
    end = f"1 failed{passed} in {rng.randint(1, 9) / 100:.2f}s\n[exit code 1]"
    crash = getattr(shown, "reprcrash", None)
    told = _summary("FAILED", f"{path}::{name.replace('.', '::')}", crash.message if crash else "")
    known = dict[str, str]()
    report, told = (_elsewhere(text, known, rng) for text in (report, told))
    begun = f"{'.' * dots}F\n"
    return Outcome(
        f"{begun}{report}\n{_STOPPING}\n{end}",
        False,
        f"{path}::{name.partition('[')[0]}",
        1,
        f"{begun}{told}\n{_STOPPING}\n{end}",
    )


def _elsewhere(text: str, known: dict[str, str], rng: random.Random) -> str:
    """The same with other addresses of objects: those of this process are others every time."""
    return re.sub(
        r"0x[0-9a-f]{12}",
        lambda found: known.setdefault(found[0], f"0x7f{rng.randrange(16**10):010x}"),
        text,
    )


def _without_traceback(text: str, path: str, error: Exception) -> str:
    """What is left of a run that could not begin, where no traceback is asked for."""
    message = (
        "" if isinstance(error, ImportError | SyntaxError) else traceback.format_exception_only(error)[-1]
    )
    return "\n" + _summary("ERROR", path, message) + "\n" + text[text.index(_STOPPING) :]


def _summary(what: str, test: str, message: str) -> str:
    """What is said of a test at the end."""
    from _pytest.terminal import _format_trimmed

    line = f"{what} {test}"
    why = _format_trimmed(" - {}", message.strip(), 80 - len(line)) if message.strip() else None
    return f"{centred('=', ' short test summary info ')}\n{line}{why or ''}"


def not_imported(project: Project, path: str, error: Exception, rng: random.Random) -> str:
    """What pytest says when a file of tests can't be imported."""
    frames: list[str] = []
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename in project.files:
            line = project.files[frame.filename].split("\n")[(frame.lineno or 1) - 1].strip()
            frames.append(f"{frame.filename}:{frame.lineno}: in {frame.name}\n    {line}\n")
    if isinstance(error, SyntaxError) and error.filename in project.files:
        error.filename = f"{project.directory}/{error.filename}"
    complaint = "".join(traceback.format_exception_only(error)).rstrip("\n").split("\n")
    return (
        f"\n{centred('=', ' ERRORS ')}\n{centred('_', f' ERROR collecting {path} ')}\n"
        + rng.choice(IMPORTING)
        + "".join(frames)
        + "".join(f"E   {line}\n" for line in complaint)
        + f"{_STOPPING}\n"
        f"{centred('!', ' Interrupted: 1 error during collection ')}\n"
        f"1 error in {rng.randint(5, 30) / 100:.2f}s\n[exit code 2]"
    )


IMPORTING = (
    "/usr/lib/python3.12/site-packages/_pytest/python.py:498: in importtestmodule\n    mod = import_path(\n"
    "/usr/lib/python3.12/site-packages/_pytest/pathlib.py:587: in import_path\n"
    "    importlib.import_module(module_name)\n"
    "/usr/lib/python3.12/importlib/__init__.py:90: in import_module\n"
    "    return _bootstrap._gcd_import(name[level:], package, level)\n"
    "           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
    "<frozen importlib._bootstrap>:1387: in _gcd_import\n    ???\n"
    "<frozen importlib._bootstrap>:935: in _load_unlocked\n    ???\n"
    "/usr/lib/python3.12/site-packages/_pytest/assertion/rewrite.py:184: in exec_module\n"
    "    exec(co, module.__dict__)\n",
    "/home/user/.venv/lib/python3.11/site-packages/_pytest/python.py:528: in importtestmodule\n"
    "    mod = import_path(\n"
    "/home/user/.venv/lib/python3.11/site-packages/_pytest/pathlib.py:640: in import_path\n"
    "    importlib.import_module(module_name)\n"
    "/usr/lib/python3.11/importlib/__init__.py:126: in import_module\n"
    "    return _bootstrap._gcd_import(name[level:], package, level)\n"
    "           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
    "<frozen importlib._bootstrap>:1204: in _gcd_import\n    ???\n"
    "<frozen importlib._bootstrap>:1176: in _find_and_load\n    ???\n"
    "<frozen importlib._bootstrap>:1147: in _find_and_load_unlocked\n    ???\n"
    "<frozen importlib._bootstrap>:690: in _load_unlocked\n    ???\n"
    "/home/user/.venv/lib/python3.11/site-packages/_pytest/assertion/rewrite.py:185: in exec_module\n"
    "    exec(co, module.__dict__)\n",
    "",
)
"""Frames of Python's own and pytest's, which differ with their versions."""


def centred(fill: str, title: str, width: int = 80) -> str:
    """A line of pytest's with a title in it."""
    n = max((width - len(title)) // 2, 1)
    line = fill * n + title + fill * n
    return line + fill if len(line) + 1 <= width else line


_STOPPING = centred("!", " stopping after 1 failures ")


@cache
def _configuration() -> Any:
    """A pytest that is set up but runs nothing."""
    from _pytest.config import _prepareconfig

    config = _prepareconfig(
        ["-x", "-q", "-rN", "-p", "no:cacheprovider", "--rootdir", "/", "-c", "/dev/null"]
    )
    config._do_configure()
    return config


def _failure(error: BaseException, function: Any, ignored: int) -> Any:
    """How pytest would print it."""
    from _pytest._code import ExceptionInfo
    from _pytest._code.code import Traceback

    excinfo = ExceptionInfo.from_exception(error)
    entries = [entry for entry in excinfo.traceback if "__unittest" not in entry.frame.f_globals]
    entries = [
        entry for entry in entries if "pytest_output" not in str(entry.path) and not entry.ishidden(excinfo)
    ]
    if len(entries) > 2:
        entries = [
            e if i in (0, len(entries) - 1) else e.with_repr_style("short") for i, e in enumerate(entries)
        ]
    excinfo.traceback = Traceback(entries)
    return excinfo.getrepr(
        funcargs=True, abspath=False, showlocals=False, style="long", tbfilter=False, truncate_locals=True
    )


class _Writer:
    """The part of pytest's terminal writer that tracebacks are printed with."""

    fullwidth = 80

    def __init__(self) -> None:
        self._parts: list[str] = []

    def line(self, text: str = "", **_: bool) -> None:
        self._parts.append(text + "\n")

    def write(self, text: str, **_: bool) -> None:
        self._parts.append(text)

    def sep(self, character: str, title: str | None = None, **_: bool) -> None:
        self._parts.append((centred(character, f" {title} ") if title else (character * 80)[:80]) + "\n")

    def _write_source(self, lines: Sequence[str], indents: Sequence[str] = ()) -> None:
        indents = indents or [""] * len(lines)
        self._parts += [f"{indent}{line}\n" for indent, line in zip(indents, lines, strict=True)]

    def text(self) -> str:
        return "".join(self._parts).rstrip("\n")


class _Importable:
    def __init__(self, project: Project) -> None:
        self.project = project
        self.finder = _Finder(project)

    def __enter__(self) -> None:
        self._purge()
        sys.meta_path.insert(0, self.finder)
        for path, text in self.project.files.items():
            if path.endswith(".py"):
                linecache.cache[path] = (len(text), None, text.splitlines(True), path)
                # Else `inspect` looks through all loaded modules for every frame that is shown.
                inspect.modulesbyfile[path] = ""

    def __exit__(self, *_: object) -> None:
        sys.meta_path.remove(self.finder)
        self._purge()
        for path in self.project.files:
            linecache.cache.pop(path, None)
            inspect.modulesbyfile.pop(path, None)

    def _purge(self) -> None:
        for name in self.project.modules:
            sys.modules.pop(name, None)


def _importable(project: Project) -> _Importable:
    return _Importable(project)


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def __init__(self, project: Project) -> None:
        self._project = project

    def find_spec(self, name: str, path: Any, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        where = self._project.modules.get(name)
        if where is None:
            return None
        found = importlib.util.spec_from_loader(
            name, self, origin=f"{self._project.directory}/{where}", is_package=where.endswith("__init__.py")
        )
        if found is not None:
            found.has_location = True
        return found

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType | None:
        return None

    def exec_module(self, module: types.ModuleType) -> None:
        path = self._project.modules[module.__name__]
        module.__file__ = path
        exec(compile(self._project.files[path], path, "exec"), module.__dict__)


@lru_cache(64)
def _rewritten(path: str, source: str) -> types.CodeType:
    """A file of tests with pytest's assertions; it is run as often as the model tries, and seldom changes."""
    from _pytest.assertion import rewrite

    tree = ast.parse(source)
    rewrite.rewrite_asserts(tree, source.encode(), path, None)
    return compile(tree, path, "exec")


def _tests(project: Project, path: str) -> Iterator[tuple[str, Any, dict[str, Any], int]]:
    """Name, function and arguments of every test of a file, in order."""
    from _pytest.assertion import truncate, util

    config = _configuration()

    def explain(op: str, left: object, right: object) -> str | None:
        for lines in config.hook.pytest_assertrepr_compare(config=config, op=op, left=left, right=right):
            if lines:
                shown = truncate.materialize_with_truncation(lines, config)
                return "\n~".join(line.replace("\n", "\\n") for line in shown).replace("%", "%%")
        return None

    util._reprcompare = explain
    util._config = config
    module = types.ModuleType(path.rpartition("/")[2][:-3])
    module.__file__ = path
    module.__dict__["__builtins__"] = builtins
    exec(_rewritten(path, project.files[path]), module.__dict__)
    fixtures = {
        name: value._get_wrapped_function()
        for name, value in vars(module).items()
        if type(value).__name__ == "FixtureFunctionDefinition"
    }
    for name, value in list(vars(module).items()):
        if isinstance(value, types.FunctionType) and name.startswith("test_"):
            given = inspect.signature(value).parameters
            made = {parameter: fixtures[parameter]() for parameter in given if parameter in fixtures}
            for case, function, arguments, ignored in _cases(name, value):
                yield case, function, arguments | made, ignored
        elif isinstance(value, type) and issubclass(value, unittest.TestCase):
            for method in sorted(m for m in vars(value) if m.startswith("test_")):
                yield f"{name}.{method}", getattr(value(method), method), {}, 0


def _cases(name: str, function: Any) -> Iterator[tuple[str, Any, dict[str, Any], int]]:
    marks = [mark for mark in getattr(function, "pytestmark", []) if mark.name == "parametrize"]
    if not marks:
        yield name, function, {}, 0
        return
    (mark,) = marks
    names = [part.strip() for part in mark.args[0].split(",")]
    ids = [
        "-".join(_id(value, f"{n}{i}") for n, value in zip(names, row, strict=True))
        for i, row in enumerate(mark.args[1])
    ]
    for i, row in enumerate(mark.args[1]):
        suffix = f"{ids[i]}{ids[:i].count(ids[i])}" if ids.count(ids[i]) > 1 else ids[i]
        yield f"{name}[{suffix}]", function, dict(zip(names, row, strict=True)), 0


def _id(value: object, otherwise: str) -> str:
    if value is None or isinstance(value, (str, int, float, bool, complex)):
        return str(value)
    return otherwise
