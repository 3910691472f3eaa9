"""Code that is installed where the model is trained, with one token spoilt: what looks wrong there.

Nobody has to run it to see that a value is read from the wrong index, or that a loop adds where it should
take away; to be shown many such places teaches that, as in "Self-Supervised Bug Detection and Repair"
(Allamanis, Jackson-Flux and Brockschmidt, 2021). There are no tests, so of a failing one only its place is
told.
"""

from __future__ import annotations

import ast
import random
import re
import sysconfig
import warnings
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import islice
from pathlib import Path

from mini_model.mutate import Mutation, draws
from mini_model.names import noun
from mini_model.rename import renamed
from mini_model.smallest_edit import difference, smallest_edit
from mini_model.trace import RUN, Call, Trace

_LIBRARIES = (
    *("attr", "bs4", "click", "httpx", "jinja2", "more_itertools", "networkx", "prompt_toolkit", "pydantic"),
    *("fsspec", "packaging", "pandas", "pip", "scipy", "setuptools", "sklearn", "statsmodels", "werkzeug"),
    *("pygments", "rich", "sortedcontainers", "sympy", "toolz", "tqdm", "typer", "urllib3"),
)
"""Beside the standard library, where they are installed: all of them under MIT, BSD or Apache licences."""
_LEFT_OUT = re.compile(
    r"/(?:test|tests|idlelib|lib2to3|site-packages|dist-packages|_vendor|encodings|turtledemo)/|_data|mapping"
)
_LINES, _LONGEST, _WIDEST = (4, 45), 78, 110
"""Of a function or class, of a file of them (it is read whole then), and of a line."""
_WEIGHTS = {"missing return": 0.2, "constant": 0.3, "string": 0.5}
"""Kinds that can't often be told without a test."""


def exercise(rng: random.Random) -> Trace | None:
    """A file of found code with one line spoilt, and the edit that mends it; None if the dice fell badly."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what is written there we only read
        return _exercise(rng)


def _exercise(rng: random.Random) -> Trace | None:
    text = _file(rng)
    spoilt = text and _spoilt(text, rng)
    if not spoilt:
        return None
    mutation, lines = spoilt
    name = _around(text, mutation.line)
    if name is None or lines.count(mutation.bad) > 1:
        return None
    path = rng.choice(("", "", "src/", f"{noun(rng)}/")) + f"{noun(rng)}.py"
    at = next(n for n, line in enumerate(lines, 1) if re.match(rf"\s*(?:def|class) {name}\b", line))
    trace = Trace(family=f"found: {mutation.kind}", is_exercise=True)
    trace.wrong.add((mutation.bad, difference(mutation.bad, mutation.good)))
    trace.results(
        f"tests/test_{Path(path).stem}.py:{rng.randint(4, 60)}: AssertionError\n[exit code 1]",
        f"{path}:{at}:{lines[at - 1]}",
        "\n".join(lines),
    )
    old, new = smallest_edit(lines, mutation.line, mutation.good)
    edit = Call("edit", {"file_path": path, "old_string": old, "new_string": new})
    trace.right = edit.render()
    trace.answer(edit, RUN)
    return trace


def _file(rng: random.Random) -> str:
    """Functions and classes that follow each other somewhere."""
    found = _definitions(rng.choice(_modules()))
    if not found:
        return ""
    first, parts, length = rng.randrange(len(found)), list[str](), rng.randint(*_LINES)
    for part in found[first:]:
        if parts and sum(each.count("\n") + 3 for each in [*parts, part]) > min(_LONGEST, 2 * length):
            break
        parts.append(part)
    text = "\n\n\n".join(parts) + "\n"
    return renamed(text, rng) if rng.random() < 0.5 else text


def _spoilt(text: str, rng: random.Random) -> tuple[Mutation, list[str]] | None:
    """A mutation, and the lines with it."""
    for mutation, spoilt in islice(draws(text, rng, _WEIGHTS), 1):
        try:
            ast.parse(spoilt)
        except SyntaxError:
            return None
        return mutation, spoilt.split("\n")
    return None


def _around(text: str, line: int) -> str | None:
    """The function or class at the top level that a line is in."""
    for node in ast.parse(text).body:
        ends = getattr(node, "end_lineno", 0)
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.lineno <= line + 1 <= ends:
            return node.name
    return None


@cache
def _modules() -> list[Path]:
    standard, installed = (Path(sysconfig.get_path(name)) for name in ("stdlib", "purelib"))
    found = list(standard.rglob("*.py"))
    for library in _LIBRARIES:
        found += [*(installed / library).rglob("*.py")]
    return sorted(path for path in found if not _LEFT_OUT.search(_below(path, standard, installed)))


def _below(path: Path, standard: Path, installed: Path) -> str:
    root = installed if path.is_relative_to(installed) else standard
    return f"/{path.relative_to(root)}"


@lru_cache(2000)
def _definitions(path: Path) -> list[str]:
    """The functions and classes of a module that are neither long nor wide, with short documentation."""
    try:
        text = path.read_text("utf-8")
        tree = ast.parse(text)
    except (SyntaxError, ValueError, OSError):
        return []
    lines = text.split("\n")
    found = list[str]()
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found += filter(None, _parts(lines, node))
    return found


def _parts(lines: list[str], top: ast.FunctionDef | ast.ClassDef) -> Iterator[str]:
    """A function or class; of a class that is too long, some of its methods at a time."""
    source = _without_documentation(lines, top)
    if len(source) <= _LINES[1] or isinstance(top, ast.FunctionDef):
        yield _fitting(source)
        return
    head, part = lines[top.lineno - 1], list[str]()
    methods = [node for node in top.body if isinstance(node, ast.FunctionDef)]
    for method in methods if head.endswith(":") else ():
        its = _without_documentation(lines, method)
        if part and len(part) + len(its) > _LINES[1] - 2:
            yield _fitting([head, *part])
            part = []
        if len(its) < _LINES[1]:
            part += ["", *its] if part else its
    if part:
        yield _fitting([head, *part])


def _fitting(source: list[str]) -> str:
    """Nothing where it is too long, too short or too wide."""
    fits = _LINES[0] <= len(source) <= _LINES[1] and max(map(len, source)) <= _WIDEST
    return "\n".join(source) if fits else ""


def _without_documentation(lines: list[str], top: ast.FunctionDef | ast.ClassDef) -> list[str]:
    """The lines of a definition; of documentation that takes several, only the first sentence stays."""
    dropped = dict[int, str | None]()
    for node in ast.walk(top):
        if not isinstance(node, (ast.FunctionDef, ast.ClassDef)) or not node.body:
            continue
        first = node.body[0]
        is_text = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
        if not is_text or first.end_lineno in (None, first.lineno) or len(node.body) == 1:
            continue
        opening = lines[first.lineno - 1].strip()
        mark = '"""' if '"""' in opening else "'''"
        sentence = opening.partition(mark)[2].replace("\\", "").rstrip(". ")
        dropped |= dict.fromkeys(range(first.lineno, first.end_lineno + 1), None)
        if sentence and mark in opening:
            dropped[first.lineno] = f"{' ' * first.col_offset}{mark}{sentence}.{mark}"
    start = min([top.lineno, *(each.lineno for each in top.decorator_list)])
    end = top.end_lineno or top.lineno
    kept = [dropped.get(number, lines[number - 1]) for number in range(start, end + 1)]
    return [line.expandtabs(4).rstrip() for line in kept if line is not None]
