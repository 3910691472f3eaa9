"""Glob patterns as models write them, made into regular expressions over relative paths.

`*` and `?` stay within a name, `**` spans directories, `[...]` is a set, `{a,b}` are alternatives, `\\` takes
the next character literally. Names with a leading dot are names like others.
"""

from __future__ import annotations

import re

_MAGIC = re.compile(r"[*?\[{\\]")


def is_glob(text: str) -> bool:
    return _MAGIC.search(text) is not None


def split_base(pattern: str) -> tuple[str, str]:
    """The leading directories without wildcards, and the rest: `src/a/*.py` -> (`src/a`, `*.py`).

    A pattern without wildcards is all name but its directories; an absolute one keeps its slash.
    """
    names = pattern.split("/")
    count = next((i for i, name in enumerate(names) if is_glob(name)), len(names) - 1)
    base = "/".join(names[:count])
    return (base or "/" if pattern.startswith("/") else base), "/".join(names[count:])


def compile_glob(pattern: str) -> re.Pattern[str]:
    """What `pattern` matches, as a whole, among paths with `/` between their names.

    Raises:
        ValueError: it can't be understood; the text says why.
    """
    names = [name for name in pattern.split("/") if name != "."]
    if "{" in pattern and any(_open_braces(name) for name in names):
        return _compiled(_Translator(pattern, across=True).translate())
    parts: list[str] = []
    for index, name in enumerate(names):
        last = index == len(names) - 1
        if name == "**":
            if last:
                parts.append(".+")
            elif not parts or parts[-1] != _ANY_DIRECTORIES:
                parts.append(_ANY_DIRECTORIES)
        else:
            parts.append(_Translator(name).translate() + ("" if last else "/"))
    return _compiled("".join(parts))


_ANY_DIRECTORIES = "(?:[^/]+/)*"


def _compiled(expression: str) -> re.Pattern[str]:
    try:
        return re.compile(expression + r"\Z", re.DOTALL)
    except (re.error, OverflowError) as error:
        raise ValueError(f"the pattern can't be understood ({error})") from None


def _open_braces(name: str) -> bool:
    """Whether alternatives reach over a slash, as in `{src/a,lib}/*.py`."""
    depth = 0
    for char in re.sub(r"\\.", "", name):
        depth += (char == "{") - (char == "}")
    return depth != 0


class _Translator:
    """One name of a pattern; with `across`, a whole pattern whose braces hold slashes."""

    def __init__(self, text: str, *, across: bool = False) -> None:
        self._text = text
        self._across = across
        self._at = 0
        self._braces = 0
        self._closers = len(re.findall(r"(?<!\\)\}", text))

    def translate(self) -> str:
        """A star takes as little as lets the fixed text after it match, and never takes it back: later stars
        can do the rest, so nothing is lost, and no name can make the match take long."""
        pieces: list[str] = [""]
        while self._at < len(self._text):
            piece = self._piece()
            if piece == _STAR and not self._braces:
                if len(pieces) == 1 or pieces[-1]:
                    pieces.append("")
            else:
                pieces[-1] += piece
        first, *rest = pieces
        if not rest:
            return first
        return first + "".join(f"(?>{_STAR}?{piece})" for piece in rest[:-1]) + _STAR + rest[-1]

    def _piece(self) -> str:
        char = self._text[self._at]
        self._at += 1
        match char:
            case "*":
                return self._stars()
            case "?":
                return "[^/]"
            case "[":
                return self._set()
            case "\\" if self._at < len(self._text):
                self._at += 1
                return re.escape(self._text[self._at - 1])
            case "{" if self._closers > self._braces:
                self._braces += 1
                return "(?:"
            case "," if self._braces:
                return "|"
            case "}":
                self._closers -= 1
                if not self._braces:
                    return re.escape(char)
                self._braces -= 1
                return ")"
            case _:
                return re.escape(char)

    def _stars(self) -> str:
        start = self._at - 1
        while self._text[self._at : self._at + 1] == "*":
            self._at += 1
        whole_name = self._at - start == 2 and (start == 0 or self._text[start - 1] in "/{,")
        if not (self._across and whole_name):
            return _STAR
        if self._text[self._at : self._at + 1] == "/":
            self._at += 1
            return _ANY_DIRECTORIES
        return ".*"

    def _set(self) -> str:
        end = self._text.find("]", self._at + 1 + (self._text[self._at : self._at + 1] in ("!", "^")))
        if end < 0:
            return re.escape("[")
        members = self._text[self._at : end]
        self._at = end + 1
        negated = members[:1] in ("!", "^")
        body = re.sub(r"([\\\[&~|^])", r"\\\1", members[1:] if negated else members)
        return f"(?!/)[{'^' if negated else ''}{body}]"


_STAR = "[^/]*"
