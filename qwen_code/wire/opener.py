"""Recognises where a call begins in what a model says, and tells it from markup that is only quoted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from qwen_code.wire.signatures import Signatures
from qwen_code.wire.tags import TagKind, read_tag

MAX_BLANKS = 64
"""Blanks that may stand between the parts of an opener."""
MAX_WRAPPERS = 4
"""`<tool_call>` tags in a row that one call may begin with."""
_BLANKS = re.compile(r"\s*")
_BARE_JSON = re.compile(r"""\{\s*["']name["']\s*:\s*["']([^"'\n]{1,128})["']\s*[,}]""")
_BARE_JSON_START = re.compile(r"""\{\s*(?:["'](?:n(?:a(?:m(?:e(?:["']\s*(?::\s*(?:["'][^"'\n]{0,128}(?:["']\s*)?)?)?)?)?)?)?)?)?""")
_MIN_CUT = len("<tool_")


@dataclass(frozen=True, slots=True)
class Opener:
    """A call begins: its text starts at `start`, what its reader is to read at `body`."""

    kind: Literal["xml", "json", "cut"]
    """`cut`: the text ends before it can be seen what is called."""
    start: int
    body: int
    name: str = ""
    torn: bool = False


class OpenerFinder:
    """Looks at one `<` or `{` at a time."""

    def __init__(self, signatures: Signatures) -> None:
        self._signatures = signatures

    def at(
        self, text: str, start: int, *, complete: bool, fresh: bool, length: bool = False
    ) -> Opener | Literal["more"] | None:
        """The opener that begins at `start`; "more" when only what follows can tell.

        `complete`: nothing follows `text`, because of a limit when `length`. `fresh`: only blanks stand before
        `start` on its line.
        """
        tag = read_tag(text, start, complete=complete)
        if tag == "more":
            return "more"
        if tag is None:
            cut = complete and length and fresh and self._is_cut(text[start:])
            return Opener("cut", start, len(text)) if cut else None
        kind, name, end = tag
        if kind in ("call", "wrapper"):
            return self._wrapped(text, start, end, complete=complete, likely=fresh or length)
        if kind == "function" and self._signatures.knows(name):
            return self._bare(text, start, end, name, complete=complete, likely=fresh or length)
        if kind == "torn function" and complete and end == len(text) and fresh and length:
            return Opener("cut", start, end) if self._signatures.may_begin(name) else None
        return None

    def json(self, text: str, start: int, *, complete: bool) -> Opener | Literal["more"] | None:
        """A call of a known tool as JSON without any tag."""
        if found := _BARE_JSON.match(text, start):
            return Opener("json", start, start) if self._signatures.knows(found[1]) else None
        undecided = not complete and _BARE_JSON_START.fullmatch(text, start)
        return "more" if undecided else None

    def _wrapped(
        self, text: str, start: int, end: int, *, complete: bool, likely: bool
    ) -> Opener | Literal["more"] | None:
        """Behind `<tool_call>` must come a function or JSON."""
        for _ in range(MAX_WRAPPERS):
            at = _skip(text, end)
            if at - end > MAX_BLANKS:
                return None
            if at == len(text):
                return ("more" if not complete else Opener("cut", start, at)) if likely or not complete else None
            if text[at] in "{[":
                return self._json_body(text, start, at, complete=complete)
            tag = read_tag(text, at, complete=complete) if text[at] == "<" else None
            if tag == "more":
                return "more"
            if tag is None:
                cut = complete and likely and "<function=".startswith(text[at:])
                return Opener("cut", start, len(text)) if cut else None
            if tag[0] != "call":
                return self._behind_wrapper(text, start, tag, complete=complete, likely=likely)
            end = tag[2]
        return None

    def _json_body(
        self, text: str, start: int, at: int, *, complete: bool
    ) -> Opener | Literal["more"] | None:
        """An object, or a list of objects."""
        first = at if text[at] == "{" else _skip(text, at + 1)
        if first == len(text):
            return None if complete else "more"
        return Opener("json", start, at) if text[first] == "{" else None

    def _behind_wrapper(
        self, text: str, start: int, tag: tuple[TagKind, str, int], *, complete: bool, likely: bool
    ) -> Opener | Literal["more"] | None:
        kind, name, end = tag
        if kind == "torn function":
            if complete and end == len(text):
                return Opener("cut", start, end, name) if likely else None
            return Opener("xml", start, end, name, torn=True) if name else None
        if kind == "function" and name:
            return self._body(text, start, end, name, complete=complete)
        if kind == "parameter" and self._signatures.knows(name):
            # `<tool_call><parameter=TOOL><parameter=…`: the function's tag with the wrong word (ds4#1050)
            at = _skip(text, end)
            if at == len(text) and not complete:
                return "more"
            following = read_tag(text, at, complete=complete) if text[at : at + 1] == "<" else None
            if following == "more":
                return "more"
            return Opener("xml", start, end, name) if following and following[0] == "parameter" else None
        return None

    def _bare(
        self, text: str, start: int, end: int, name: str, *, complete: bool, likely: bool
    ) -> Opener | Literal["more"] | None:
        """Behind a function's tag without `<tool_call>` must come what belongs to a call."""
        at = _skip(text, end)
        if at - end > MAX_BLANKS:
            return None
        if at == len(text):
            return "more" if not complete else Opener("xml", start, end, name) if likely else None
        if text[at] == "{":
            return Opener("json", start, at, name)
        tag = read_tag(text, at, complete=complete) if text[at] == "<" else None
        if tag == "more":
            return "more"
        belongs = tag and tag[0] in ("parameter", "torn parameter", "/function", "/call")
        return Opener("xml", start, end, name) if belongs else None

    def _body(self, text: str, start: int, end: int, name: str, *, complete: bool) -> Opener | Literal["more"]:
        at = _skip(text, end)
        if at == len(text) and not complete and at - end <= MAX_BLANKS:
            return "more"
        if text[at : at + 1] == "{":
            return Opener("json", start, at, name)
        return Opener("xml", start, end, name)

    def _is_cut(self, text: str) -> bool:
        """Only a beginning of an opener stands at the end of the text."""
        return len(text) >= _MIN_CUT and ("<tool_call>".startswith(text) or "<function=".startswith(text))


def _skip(text: str, at: int) -> int:
    match = _BLANKS.match(text, at)
    return match.end() if match else at
