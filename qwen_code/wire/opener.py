"""Recognises where a call begins in what a model says.

`<tool_call>` counts only with a function or JSON behind it, and a function's tag without `<tool_call>` (which
Qwen3-Coder drops in one call of five after a sentence of prose: ollama#17742, QwenLM/Qwen3-Coder#475) only
with the name of a known tool and what belongs to a call behind it. So markup that is only mentioned stays
text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from qwen_code.wire.signatures import Signatures
from qwen_code.wire.tags import Pending, TagText, read_tag

MAX_BLANKS = 64
"""Blanks that may stand between the parts of an opener."""
MAX_WRAPPERS = 4
"""`<tool_call>` tags in a row that one call may begin with."""
_MIN_CUT = len("<tool_")
_BLANKS = re.compile(r"\s*")
_FENCE = re.compile(r"```\w{0,16}[ \t]{0,16}\n\s{0,64}")
_FENCE_START = re.compile(r"`{1,2}|```\w{0,16}[ \t]{0,16}(?:\n\s{0,64})?")
_BARE_JSON = re.compile(r"""\{\s*["']name["']\s*:\s*["']([^"'\n]{1,128})["']\s*[,}]""")
_BARE_JSON_START = re.compile(
    r"""\{\s*(?:["'](?:n(?:a(?:m(?:e(?:["']\s*(?::\s*(?:["'][^"'\n]{0,128}(?:["']\s*)?)?)?)?)?)?)?)?)?"""
)


@dataclass(frozen=True, slots=True)
class Opener:
    """A call begins: its text starts at `start`, what its reader is to read at `body`."""

    kind: Literal["xml", "json", "cut"]
    """`cut`: the text ends before it can be seen what is called."""
    start: int
    body: int
    name: str = ""
    """The function's name where a tag gives it."""
    torn: bool = False
    """The function's tag lacks its `>`."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an opener is looked for."""

    fresh: bool
    """Only blanks stand before it on its line."""
    complete: bool = False
    """No more text will come."""
    length: bool = False
    """With `complete`: because of a limit."""

    @property
    def may_be_cut(self) -> bool:
        """At the end of the text, a part of an opener here is a call that was cut off."""
        return self.complete and (self.fresh or self.length)


class OpenerFinder:
    """Looks at one `<` or `{` at a time."""

    def __init__(self, signatures: Signatures) -> None:
        self._signatures = signatures

    def at(self, text: str, start: int, place: Place) -> Opener | Pending | None:
        """The opener that begins with the `<` at `start`."""
        tag = read_tag(text, start, complete=place.complete)
        if tag is Pending.MORE:
            return tag
        if tag is None:
            cut = place.length and place.may_be_cut and place.fresh and _is_beginning(text[start:])
            return Opener("cut", start, len(text)) if cut else None
        if tag.kind in ("call", "wrapper"):
            return self._wrapped(text, start, tag.end, place)
        if tag.kind == "torn function" and tag.end == len(text):
            cut = place.length and place.fresh and self._signatures.may_begin(tag.name)
            return Opener("cut", start, tag.end) if cut else None
        if tag.kind in ("function", "torn function") and self._signatures.knows(tag.name):
            return self._bare(text, start, tag, place)
        return None

    def json(self, text: str, start: int, *, complete: bool) -> Opener | Pending | None:
        """A call of a known tool as JSON without any tag, from the `{` at `start` on."""
        if found := _BARE_JSON.match(text, start):
            return Opener("json", start, start) if self._signatures.knows(found[1]) else None
        undecided = not complete and _BARE_JSON_START.fullmatch(text, start)
        return Pending.MORE if undecided else None

    def _wrapped(self, text: str, start: int, end: int, place: Place) -> Opener | Pending | None:
        """Behind `<tool_call>`, which ends at `end`."""
        for _ in range(MAX_WRAPPERS):
            at = _skip(text, end)
            if at - end > MAX_BLANKS:
                return None
            if at == len(text):
                return _unfinished(start, at, place)
            if text[at] in "{[":
                return self._json_body(text, start, at, place)
            if text[at] == "`":
                return self._fenced_body(text, start, at, place)
            tag = read_tag(text, at, complete=place.complete) if text[at] == "<" else None
            if tag is Pending.MORE:
                return tag
            if tag is None:
                begun = "<function=".startswith(text[at:])
                return _unfinished(start, len(text), place) if begun else None
            if tag.kind != "call":
                return self._behind_wrapper(text, start, tag, place)
            end = tag.end
        return None

    def _json_body(self, text: str, start: int, at: int, place: Place) -> Opener | Pending | None:
        """An object, or a list of objects."""
        first = at if text[at] == "{" else _skip(text, at + 1)
        if first == len(text):
            return None if place.complete else Pending.MORE
        return Opener("json", start, at) if text[first] == "{" else None

    def _fenced_body(self, text: str, start: int, at: int, place: Place) -> Opener | Pending | None:
        """JSON in a Markdown fence."""
        fence = _FENCE.match(text, at)
        if fence is None or fence.end() == len(text):
            undecided = not place.complete and _FENCE_START.fullmatch(text, at)
            return Pending.MORE if undecided else None
        return self._json_body(text, start, fence.end(), place) if text[fence.end()] in "{[" else None

    def _behind_wrapper(self, text: str, start: int, tag: TagText, place: Place) -> Opener | Pending | None:
        if tag.kind == "torn function":
            if place.complete and tag.end == len(text):
                return _unfinished(start, tag.end, place, tag.name)
            return Opener("xml", start, tag.end, tag.name, torn=True) if tag.name else None
        if tag.kind == "function" and tag.name:
            return self._function(text, start, tag, place)
        if tag.kind == "parameter" and self._signatures.knows(tag.name):
            # `<parameter=TOOL>` and the first parameter: the function's tag with the wrong word (ds4#1050)
            following = self._tag_behind(text, tag.end, place)
            if isinstance(following, TagText) and following.kind == "parameter":
                return Opener("xml", start, tag.end, tag.name)
            return following if following is Pending.MORE else None
        return None

    def _function(self, text: str, start: int, tag: TagText, place: Place) -> Opener | Pending:
        at = _skip(text, tag.end)
        if at == len(text) and not place.complete and at - tag.end <= MAX_BLANKS:
            return Pending.MORE
        if text[at : at + 1] == "{":
            return Opener("json", start, at, tag.name)
        return Opener("xml", start, tag.end, tag.name)

    def _bare(self, text: str, start: int, tag: TagText, place: Place) -> Opener | Pending | None:
        """A function's tag without `<tool_call>`."""
        at = _skip(text, tag.end)
        if at - tag.end > MAX_BLANKS:
            return None
        if at == len(text) and place.complete:
            return Opener("xml", start, tag.end, tag.name) if place.may_be_cut else None
        if text[at : at + 1] == "{":
            return Opener("json", start, at, tag.name)
        following = self._tag_behind(text, tag.end, place)
        if following is None and place.may_be_cut and _begins_inner_tag(text[at:]):
            return Opener("xml", start, tag.end, tag.name)
        if not isinstance(following, TagText):
            return following
        belongs = following.kind in ("parameter", "torn parameter", "/function", "/call")
        return Opener("xml", start, tag.end, tag.name) if belongs else None

    def _tag_behind(self, text: str, end: int, place: Place) -> TagText | Pending | None:
        at = _skip(text, end)
        if at == len(text):
            return None if place.complete else Pending.MORE
        return read_tag(text, at, complete=place.complete) if text[at] == "<" else None


def _unfinished(start: int, end: int, place: Place, name: str = "") -> Opener | Pending | None:
    if not place.complete:
        return Pending.MORE
    return Opener("cut", start, end, name) if place.may_be_cut else None


def _is_beginning(text: str) -> bool:
    """Only a beginning of an opener stands at the end of the text."""
    return len(text) >= _MIN_CUT and ("<tool_call>".startswith(text) or "<function=".startswith(text))


def _begins_inner_tag(text: str) -> bool:
    """Only a beginning of a tag that stands in a call stands at the end of the text."""
    return "<parameter=".startswith(text) or "</function>".startswith(text)


def _skip(text: str, at: int) -> int:
    match = _BLANKS.match(text, at)
    return match.end() if match else at
