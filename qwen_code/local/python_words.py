"""Which words may stand in a place of a Python file: what is called, has a value, or is an attribute."""

from __future__ import annotations

import ast
import builtins
import math
import re
from collections import Counter, deque
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from qwen_code.local.within_reach import names_used

_NUMBER = re.compile(r"(?<!\w)\d\w*")
_TEXT = re.compile(r""""[^"\n]*"|'[^'\n]*'""")
_AS_KEY = re.compile(r"\b(?:key|default|default_factory)=[\w.]*\Z")
_AT_INDEX = re.compile(r"[\w)\]]\[(?:[^\[\]]*:)?-?\Z")
_TYPES = (str, list, dict, set, tuple, int, float, math, date, deque, Counter, re, re.Pattern)
_METHODS = [frozenset(name for name in dir(kind) if not name.startswith("_")) for kind in _TYPES]
_TEXTS = ("", " ", ",", ", ", "-", "_", "\\n", ":", ";", ".", "/", "=", "|")
_LONGEST_TEXT = 40
_FUNCTIONS = frozenset(
    re.findall(
        r"\w+",
        """abs all any bool bytes chr dict divmod enumerate filter float format frozenset hex int isinstance
        iter len list map max min next ord pow print range repr reversed round set sorted str sum
        tuple type zip""",
    )
)
_ERRORS = frozenset(
    name for name, kind in vars(builtins).items() if isinstance(kind, type) and issubclass(kind, Exception)
)
_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class PythonWords:
    """What a file defines and names."""

    def __init__(
        self, text: str, tree: ast.Module, numbers: Collection[str] = (), texts: Collection[str] = ()
    ) -> None:
        """Of a file.

        Args:
            numbers: whole ones that came up elsewhere.
            texts: what stood in quotes there.
        """
        self._text, self._tree = text, tree
        self.numbers = frozenset([*numbers, *_NUMBER.findall(text)])
        own = {found[0][1:-1] for found in _TEXT.finditer(text)}
        self.texts = frozenset(each for each in {*own, *texts, *_TEXTS} if len(each) <= _LONGEST_TEXT)
        self._by_line: dict[int, WordsAt] = {}

    def at(self, place: int) -> WordsAt:
        """In the function around a place."""
        line = self._text.count("\n", 0, place) + 1
        if line not in self._by_line:
            self._by_line[line] = self._on_line(line)
        return self._by_line[line]

    def _on_line(self, line: int) -> WordsAt:
        around = [
            node
            for node in ast.walk(self._tree)
            if isinstance(node, _Definition) and node.lineno <= line <= (node.end_lineno or 0)
        ]
        values = (name for node in around[-1:] for name in names_used(node))
        return WordsAt(self, (frozenset(values) - self._attributes_alone(around[-1:])) - self.called)

    @cached_property
    def called(self) -> frozenset[str]:
        """Functions and classes, Python's too, and what is imported."""
        nodes = ast.walk(self._tree)
        own = {node.name for node in nodes if isinstance(node, _Definition)}
        outside = {each.name for each in self._tree.body if isinstance(each, _Definition)}
        return _FUNCTIONS | (own - (self.methods - outside)) | self._imported

    @cached_property
    def _imported(self) -> frozenset[str]:
        return frozenset(
            name
            for node in ast.walk(self._tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for name in names_used(node)
        )

    @cached_property
    def constants(self) -> frozenset[str]:
        """What has a value in all of the file."""
        statements = (each for each in self._tree.body if isinstance(each, ast.Assign | ast.AnnAssign))
        targets = (
            node
            for each in statements
            for target in (each.targets if isinstance(each, ast.Assign) else [each.target])
            for node in ast.walk(target)
        )
        return frozenset(node.id for node in targets if isinstance(node, ast.Name))

    @cached_property
    def methods(self) -> frozenset[str]:
        """Functions of classes."""
        classes = (node for node in ast.walk(self._tree) if isinstance(node, ast.ClassDef))
        return frozenset(
            each.name
            for node in classes
            for each in node.body
            if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
        )

    @cached_property
    def properties(self) -> frozenset[str]:
        """Methods that are used as attributes."""
        nodes = (node for node in ast.walk(self._tree) if isinstance(node, ast.FunctionDef))
        return frozenset(
            node.name
            for node in nodes
            if any("property" in ast.unparse(each) for each in node.decorator_list)
        )

    @cached_property
    def attributes(self) -> frozenset[str]:
        """What stands behind a dot somewhere, or is declared in a class."""
        declared = (
            each.target.id
            for node in ast.walk(self._tree)
            if isinstance(node, ast.ClassDef)
            for each in node.body
            if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
        )
        used = (node.attr for node in ast.walk(self._tree) if isinstance(node, ast.Attribute))
        return frozenset([*declared, *used])

    def _attributes_alone(self, around: Iterable[ast.AST]) -> frozenset[str]:
        """Attributes that are no names there."""
        names = {
            node.id if isinstance(node, ast.Name) else node.arg
            for part in around
            for node in ast.walk(part)
            if isinstance(node, ast.Name | ast.arg)
        }
        return self.attributes - names


@dataclass(frozen=True, slots=True)
class WordsAt:
    """What may stand in a function."""

    file: PythonWords
    own: frozenset[str]
    """Its names."""

    def instead_of(self, word: str, before: str, behind: str) -> Iterator[str]:
        """Names, numbers or texts that may have been meant."""
        if before[-1:] in ("'", '"') and behind.startswith(before[-1]):
            yield from (text for text in self.file.texts if text.isidentifier())
        elif word[0].isdigit():
            near = _near(word)
            is_small = len(word) == 1 or _AT_INDEX.search(before)
            yield from near
            yield from (number for number in self.file.numbers if len(number) == 1 or not is_small)
        elif word[0] in "\"'":
            yield from (f"{word[0]}{text}{word[0]}" for text in self.file.texts if word[0] not in text)
        elif before.endswith("."):
            yield from self._attributes(word, is_called=behind.startswith("(") or _AS_KEY.search(before))
        elif word in _ERRORS:
            yield from _ERRORS
        elif behind.startswith("("):
            yield from self.own | self.file.called if word in self.own else self.file.called
        else:
            values = self.own | (self.file.constants - self.file.called)
            yield from values | self.file.called if word in self.file.called else values

    def _attributes(self, word: str, *, is_called: object) -> Iterator[str]:
        kinds = [methods for methods in _METHODS if word in methods]
        if is_called:
            yield from self.file.methods - self.file.properties
        else:
            yield from (self.file.attributes - self.file.methods) | self.file.properties
        for methods in kinds:
            yield from methods


def _near(number: str) -> set[str]:
    """Numbers that someone might mean who wrote this one."""
    if not number.isdecimal():
        return {number}
    n = int(number)
    return {str(abs(m)) for m in (n - 2, n - 1, n + 1, n + 2, n * 10, n // 10, n * 2, n // 2)}
