"""JSON as people write it: comments and trailing commas allowed, every value knows where it stands.

The standard library's parser takes neither and forgets positions; these are needed to name the line of a bad
value and to change one value of a file without touching the rest.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, NoReturn, TypeAlias

Scalar: TypeAlias = str | int | float | bool | None

_MAX_DEPTH = 64
_MAX_NUMBER = 300
"""Characters; Python refuses to read integers far above that."""

_SPACE = re.compile(r"(?:[ \t\r\n]++|//[^\n]*+|/\*.*?\*/)*+", re.DOTALL)
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*+"')
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?(?![\w.+-])", re.ASCII)
_WORD = re.compile(r"[A-Za-z_$][\w$-]*+", re.ASCII)
_LITERALS: dict[str, bool | None] = {"true": True, "false": False, "null": None}


class JsonError(ValueError):
    """The text is not JSON; `str()` says what is wrong there, without the place."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line
        """Counted from 1."""


@dataclass(slots=True)
class Node:
    """A value and where it stands in the text."""

    value: Scalar | dict[str, Node] | list[Node]
    start: int
    end: int
    line: int

    def plain(self) -> Any:
        """The value as the standard library would give it."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value


def parse(text: str) -> Node:
    """Read one document. A text with nothing in it but comments is an empty object of no length.

    Raises:
        JsonError: always with the line at fault, for whatever is wrong, deep nesting, names that appear
            twice in one object and half surrogate pairs included.
    """
    return _Parser(text).document()


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.depth = 0
        self._line = 1
        self._line_at = 0

    def document(self) -> Node:
        self.skip()
        if self.at == len(self.text):
            return Node({}, self.at, self.at, self.line(self.at))
        root = self.value()
        self.skip()
        if self.at < len(self.text):
            self.fail(f"nothing may follow the end of the document, but {self.seen()} does")
        return root

    def value(self) -> Node:
        start, first = self.at, self.text[self.at : self.at + 1]
        line = self.line(start)
        if first in ("{", "["):
            self.depth += 1
            if self.depth > _MAX_DEPTH:
                self.fail(f"values are nested more than {_MAX_DEPTH} deep")
            value = self.object() if first == "{" else self.array()
            self.depth -= 1
        elif first == '"':
            value = self.string()
        elif match := _NUMBER.match(self.text, start):
            value = self.number(match[0])
        elif (match := _WORD.match(self.text, start)) and match[0] in _LITERALS:
            value = _LITERALS[match[0]]
            self.at = match.end()
        else:
            self.fail(f"a value is expected here, not {self.seen()}")
        return Node(value, start, self.at, line)

    def object(self) -> dict[str, Node]:
        members: dict[str, Node] = {}
        while self.more("}", first=not members):
            if self.text[self.at] != '"':
                self.fail(f"a name in double quotes is expected here, not {self.seen()}")
            start = self.at
            name = self.string()
            if name in members:
                self.fail(f'"{name}" appears twice, first in line {members[name].line}; keep one', start)
            self.skip()
            if self.text[self.at : self.at + 1] != ":":
                self.fail(f'a colon is missing after "{name}"')
            self.at += 1
            self.skip()
            members[name] = self.value()
        return members

    def array(self) -> list[Node]:
        items: list[Node] = []
        while self.more("]", first=not items):
            items.append(self.value())
        return items

    def more(self, close: str, *, first: bool) -> bool:
        """Step over what separates elements; False once `close` has been passed."""
        if first:
            self.at += 1
        self.skip()
        mark = self.text[self.at : self.at + 1]
        if not first and mark == ",":
            self.at += 1
            self.skip()
            mark = self.text[self.at : self.at + 1]
        elif not first and mark not in (close, ""):
            self.fail(f"a comma is missing before {self.seen()}")
        if mark == close:
            self.at += 1
            return False
        if not mark:
            self.fail(f"the text ends before `{close}`")
        return True

    def string(self) -> str:
        match = _STRING.match(self.text, self.at)
        if match is None:
            self.fail("the text in quotes does not end on its line")
        try:
            value = str(json.loads(match[0]))
            value.encode()
        except UnicodeEncodeError:
            self.fail("the text in quotes holds half of a surrogate pair")
        except ValueError:
            self.fail("the text in quotes holds an unknown escape; write a backslash as `\\\\`")
        self.at = match.end()
        return value

    def number(self, text: str) -> int | float:
        if len(text) > _MAX_NUMBER:
            self.fail("the number is too long")
        value = float(text) if set(text) & set(".eE") else int(text)
        if value in (float("inf"), float("-inf")):
            self.fail("the number is too large")
        self.at += len(text)
        return value

    def skip(self) -> None:
        match = _SPACE.match(self.text, self.at)
        self.at = match.end() if match else self.at
        if self.text.startswith("/*", self.at):
            self.fail("the comment does not end")

    def line(self, offset: int) -> int:
        """Lines are counted onwards from the last question, for offsets that grow."""
        if offset < self._line_at:
            return self.text.count("\n", 0, offset) + 1
        self._line += self.text.count("\n", self._line_at, offset)
        self._line_at = offset
        return self._line

    def seen(self) -> str:
        if self.at >= len(self.text):
            return "the end of the text"
        if match := _WORD.match(self.text, self.at):
            return f"`{match[0][:40]}`"
        return repr(self.text[self.at])

    def fail(self, message: str, at: int | None = None) -> NoReturn:
        raise JsonError(message, self.line(self.at if at is None else at))
