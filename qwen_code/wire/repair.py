"""Reads JSON as models write it: Python literals, single quotes, trailing commas, stray or missing braces.

Nothing is guessed: a text is either read to a value whose meaning is plain, or refused; a string or number
that the text's end may have cut is always refused, as cut.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from typing import Any, NoReturn, cast

MAX_DEPTH = 128
"""Levels of nesting that are read; what is deeper would break those who walk it recursively."""
_CONSTANTS: dict[str, Any] = {
    "true": True,
    "false": False,
    "null": None,
    "True": True,
    "False": False,
    "None": None,
}
_SPACE = re.compile(r"\s*")
_WORD = re.compile(r"[A-Za-z_$][\w$.-]*")
_TOKEN = re.compile(r"[\w$.+-]+")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
_PLAIN = {'"': re.compile(r'[^"\\]+'), "'": re.compile(r"[^'\\]+")}
_ESCAPES = {
    '"': '"',
    "'": "'",
    "\\": "\\",
    "/": "/",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
}
_PYTHON_ESCAPE = re.compile(r"x([0-9a-fA-F]{2})|U([0-9a-fA-F]{8})")
_HEX4 = re.compile(r"[0-9a-fA-F]{4}")
_CLOSES = {"[": "]", "(": ")", "{": "}"}


class Unreadable(ValueError):
    """The text is not JSON and its meaning is not plain either."""

    def __init__(self, reason: str, *, cut: bool) -> None:
        super().__init__(reason)
        self.cut = cut
        """The text ends in the middle of a value."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A value and where it ended."""

    value: Any
    end: int
    unclosed: int = 0
    """Brackets that the end of the text left open, each behind a complete value."""


def read_json(text: str, start: int = 0) -> Reading:
    """The value that begins at `start` (blanks skipped).

    Raises:
        Unreadable: there is none.
    """
    begin = _skip(text, start)
    if text.startswith("{", begin) and text.startswith("{", inner := _skip(text, begin + 1)):
        begin = inner  # doubled, as templates that are not filled in have it
    try:
        value, end = _DECODER.raw_decode(text, begin)
    except (ValueError, RecursionError):
        pass
    else:
        if text.count("[", begin, end) + text.count("{", begin, end) > MAX_DEPTH and _is_deep(value):
            raise Unreadable("it is nested too deeply", cut=False)
        return Reading(value, end)
    reader = _Reader(text, begin)
    try:
        value = reader.value(0)
    except RecursionError:
        raise Unreadable("it is nested too deeply", cut=False) from None
    return Reading(value, reader.at, reader.unclosed)


def unfenced(text: str) -> str:
    """`text` without blanks around it and without the Markdown fence it may be wrapped in."""
    text = text.strip().lstrip("\ufeff")
    if text.startswith("```") and text.endswith("```") and len(text) > 6:
        body = text[3:-3]
        first, newline, rest = body.partition("\n")
        if newline and first.strip().isalnum():
            body = rest
        return body.strip()
    return text


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise ValueError(f"the number {digits[:40]} is too large")
    return value


_DECODER = json.JSONDecoder(strict=False, parse_constant=_no_constant, parse_float=_finite)


def _is_deep(value: Any) -> bool:
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [item for container in level for item in _items(container)]
    return bool(level)


def _items(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(cast("dict[str, Any]", value).values())
    return cast("list[Any]", value) if isinstance(value, list) else []


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


class _Reader:
    """A recursive descent through `text` that accepts what the module's docstring lists."""

    def __init__(self, text: str, at: int) -> None:
        self.text = text
        self.at = at
        self.unclosed = 0

    def value(self, depth: int) -> Any:
        self._blank()
        character = self._peek()
        if depth > MAX_DEPTH:
            raise Unreadable("it is nested too deeply", cut=False)
        if character in ('"', "'"):
            return self._string(character)
        if character == "{":
            return self._object(depth)
        if character in ("[", "("):
            return self._array(character, depth)
        return self._bare(depth)

    def _blank(self) -> None:
        self.at = _skip(self.text, self.at)

    def _peek(self) -> str:
        if self.at >= len(self.text):
            raise Unreadable("it ends too early", cut=True)
        return self.text[self.at]

    def _bare(self, depth: int) -> Any:
        token = _TOKEN.match(self.text, self.at)
        if token is None:
            raise Unreadable(f"{self.text[self.at]!r} at character {self.at + 1} is unexpected", cut=False)
        if depth and token.end() == len(self.text):
            raise Unreadable("it ends too early", cut=True)
        self.at = token.end()
        if token[0] in _CONSTANTS:
            return _CONSTANTS[token[0]]
        if _NUMBER.fullmatch(token[0]):
            return _number(token[0])
        raise Unreadable(f"`{token[0][:40]}` is neither a value nor quoted", cut=False)

    def _object(self, depth: int) -> dict[str, Any]:
        self.at += 1
        found: dict[str, Any] = {}
        while not self._closed("{"):
            key = self._key()
            self._blank()
            if self._peek() not in (":", "="):
                raise Unreadable(f"a `:` is missing at character {self.at + 1}", cut=False)
            self.at += 1
            found[key] = self.value(depth + 1)
            if self._ended("{"):
                break
        return found

    def _key(self) -> str:
        character = self._peek()
        if character in ('"', "'"):
            return self._string(character)
        word = _WORD.match(self.text, self.at) or _NUMBER.match(self.text, self.at)
        if word is None:
            raise Unreadable(f"{character!r} at character {self.at + 1} is no key", cut=False)
        self.at = word.end()
        return word[0]

    def _array(self, opener: str, depth: int) -> list[Any]:
        self.at += 1
        found: list[Any] = []
        while not self._closed(opener):
            found.append(self.value(depth + 1))
            if self._ended(opener):
                break
        return found

    def _closed(self, opener: str) -> bool:
        """Skip to the next item; True when the container closes instead."""
        self._blank()
        if self._peek() == _CLOSES[opener]:
            self.at += 1
            return True
        return False

    def _ended(self, opener: str) -> bool:
        """After an item: False when another may come, True when the container is at its end."""
        self._blank()
        if self.at >= len(self.text):
            self.unclosed += 1
            return True
        character = self.text[self.at]
        if character == ",":
            self.at += 1
            return False
        if character == _CLOSES[opener]:
            self.at += 1
            return True
        if character in "]})":  # its own bracket is missing; this one closes what is around it
            return True
        if character in "\"'" and opener == "{":  # a comma is missing before the next key
            return False
        raise Unreadable(f"{character!r} at character {self.at + 1} is unexpected", cut=False)

    def _string(self, quote: str) -> str:
        begin = self.at
        self.at += 1
        parts: list[str] = []
        doubtful: list[int] = []
        literal = False
        while True:
            if plain := _PLAIN[quote].match(self.text, self.at):
                parts.append(plain[0])
                self.at = plain.end()
            if self.at >= len(self.text):
                self.at = begin
                raise Unreadable("it ends inside a string", cut=True)
            if self.text[self.at] == quote:
                self.at += 1
                break
            character, known = self._escape(python=quote == "'")
            literal = literal or not known
            if character in "\b\f":
                doubtful.append(len(parts))
            parts.append(character)
        if literal:  # a string with `\d` is a pattern, so its `\b` is one as well
            for index in doubtful:
                parts[index] = "\\b" if parts[index] == "\b" else "\\f"
        return "".join(parts)

    def _escape(self, *, python: bool) -> tuple[str, bool]:
        """The character that an escape stands for, and whether JSON (or Python if `python`) knows it."""
        self.at += 1
        character = self._peek()
        if python and (code := _PYTHON_ESCAPE.match(self.text, self.at)):
            self.at = code.end()
            number = int(code[1] or code[2], 16)
            return (chr(number), True) if number <= sys.maxunicode else ("\\" + code[0], False)
        if character == "u" and (digits := _HEX4.match(self.text, self.at + 1)):
            self.at = digits.end()
            code = int(digits[0], 16)
            low = _HEX4.match(self.text, self.at + 2) if self.text.startswith("\\u", self.at) else None
            if 0xD800 <= code < 0xDC00 and low and 0xDC00 <= int(low[0], 16) < 0xE000:
                self.at = low.end()
                code = 0x10000 + ((code - 0xD800) << 10) + (int(low[0], 16) - 0xDC00)
            return chr(code), True
        self.at += 1
        if character in _ESCAPES:
            return _ESCAPES[character], True
        if character == "\n":  # a line continued, as in Python
            return "", True
        return "\\" + character, False


def _number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return _finite(text)
    except ValueError as error:
        raise Unreadable(str(error), cut=False) from None
