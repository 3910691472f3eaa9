"""Where in a Python file no edit begins that can be of use."""

from __future__ import annotations

import ast
import io
import itertools
import re
import tokenize
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from qwen_code.local.python_nonsense import is_idle

_HEAD = re.compile(r"\s*(?:async\s+)?(?:def|class)\b[^=]*\Z|\s*(?:import|from)\b")


def idle_places(text: str, tree: ast.Module, unused: Iterable[tuple[int, int]]) -> Iterator[int]:
    """Places where an edit would begin in the middle of a word, or change nothing that is run.

    Args:
        unused: the first and last lines of what is not run.
    """
    starts = [0, *(found.end() for found in re.finditer("\n", text)), len(text)]
    yield from _inside_words(text)
    yield from _in_other_letters(text)
    yield from _not_run(text, tree, starts)
    yield from _only_bindings(tree, starts)
    for first, last in unused:
        yield from range(starts[first - 1], starts[last])


def ambiguous_from(text: str) -> int:
    """From where on what is left of a text stands elsewhere too, so that nothing there can be quoted."""
    at = len(text)
    while at and text.count(text[at - 1 :]) > 1:
        at -= 1
    return at


def _inside_words(text: str) -> Iterator[int]:
    """Places in words, and in the space before a line, of which the end belongs to what follows."""
    for word in re.finditer(r"\w\w+", text):
        yield from range(word.start() + 1, word.end())
    for space in re.finditer(r"^[ \t]+", text, re.MULTILINE):
        yield from range(space.start(), space.end() - 1)


def _in_other_letters(text: str) -> Iterator[int]:
    """Lines whose columns Python counts otherwise."""
    for line in re.finditer(r".*[^\x00-\x7f].*", text):
        yield from range(*line.span())


def _only_bindings(tree: ast.Module, starts: Sequence[int]) -> Iterator[int]:
    """Places of names that get their value nowhere else in a function, and are used there.

    With another name there what uses them would find nothing.
    """
    for function in ast.walk(tree):
        if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        names = [node for node in ast.walk(function) if isinstance(node, ast.Name)]
        added_to = [node.target for node in ast.walk(function) if isinstance(node, ast.AugAssign)]
        bound = [node for node in names if isinstance(node.ctx, ast.Store) and node not in added_to]
        used = {node.id for node in names if node not in bound}
        given = [argument.arg for argument in ast.walk(function) if isinstance(argument, ast.arg)]
        times = Counter([*given, *(node.id for node in bound)])
        for node in bound:
            if times[node.id] == 1 and node.id in used:
                yield starts[node.lineno - 1] + node.col_offset


def _columns(starts: Sequence[int], node: ast.expr, more: int = 0) -> Iterator[int]:
    """Where an expression stands; `more`: from so far beside its start on."""
    end = starts[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)
    yield from range(starts[node.lineno - 1] + node.col_offset + more, end)


def _not_run(text: str, tree: ast.Module, starts: Sequence[int]) -> Iterator[int]:
    """Places in comments, in documentation, in heads that set no default, and in values that nobody gets.

    At the start of such a value there may be put in what gets it.
    """
    for start, end in itertools.pairwise(starts):
        if _HEAD.match(text[start:end]):
            yield from range(start, end)
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            start = starts[token.start[0] - 1] + token.start[1]
            yield from range(max(start - 1, 0), start + len(token.string))
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign):
            yield from _columns(starts, node.annotation, -1)
        if isinstance(node, ast.Expr) and is_idle(node):
            start, end = starts[node.lineno - 1], starts[(node.end_lineno or node.lineno) - 1]
            yield from range(start + node.col_offset + 1, end + (node.end_col_offset or 0))
        if not isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        match node.body[:2]:
            case [ast.Expr(value=ast.Constant(value=str()), lineno=first, end_lineno=last), _]:
                yield from range(starts[first - 1], starts[last or first])
            case _:
                pass
