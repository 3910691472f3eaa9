"""Finds the tags of Qwen's call syntax in a stream of text, the same ones however the text is split.

Torn and drifting tags that models really write are tags too, of their own kinds, so that the reader of a call
can tell a slip from text that only looks like markup. Sources of the variants: vllm#39771 (`<parameter=x`
without `>`), sglang#27337 (`</parameter1>`, `</parameter_function>`), Qwen3.8#178 (`</function_invocation>`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Literal, NamedTuple, TypeAlias

TagKind: TypeAlias = Literal[
    "call",
    "/call",
    "function",
    "torn function",
    "/function",
    "parameter",
    "torn parameter",
    "/parameter",
    "drifted /parameter",
    "wrapper",
    "/wrapper",
    "response",
    "turn",
    "/think",
    "end",
]
Gap: TypeAlias = Literal["none", "space", "newline", "text"]


class Pending(Enum):
    """The answer while only the text that follows can tell."""

    MORE = "more"


class TagText(NamedTuple):
    """What a tag says, and the offset of its end."""

    kind: TagKind
    name: str
    end: int


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag and what stands around it; offsets count from the start of the scanner's text."""

    kind: TagKind
    name: str
    """Of a function or parameter; empty when it names none that could be meant."""
    start: int
    end: int
    gap: Gap = "none"
    """What lies between the tag before (or the start) and this one."""
    fresh: bool = False
    """Only blanks stand before it on its line."""
    line: int = 0
    newline_next: bool = False


MAX_TAG = 256
"""Characters that a tag may have; a longer one is text."""

_WORDS = (
    "tool_calls",
    "tool_call",
    "tool_response",
    "function_invocation",
    "function_calls",
    "function_call",
    "function",
    "parameter",
    "invoke",
    "think",
    "im_start",
    "im_end",
    "endoftext",
)
_HEAD = re.compile(rf"<(/?)\|?({'|'.join(_WORDS)})(?![a-z])", re.IGNORECASE)
_DRIFTED_HEAD = re.compile(r"<(/)(parameter)(?=[a-z])", re.IGNORECASE)
_REST = re.compile(r"[^<>\n]*")
_PREFIXES = frozenset(
    (lead + word)[:length]
    for lead in ("<", "</", "<|", "</|")
    for word in _WORDS
    for length in range(1, len(lead + word) + 1)
)
_LONGEST_PREFIX = max(map(len, _PREFIXES))
_ATTRIBUTE = re.compile(r"""\s+name\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'/]+))""")
_FURTHER_ATTRIBUTES = re.compile(r"""(?<=[\w"'])(?:\s+\w+\s*=\s*(?:"[^"]*"|'[^']*'|\w+))+$""")
_NAME = re.compile(r"""[^\s<>="'{}]+(?: [^\s<>="'{}]+)*""")


def read_tag(text: str, start: int, *, complete: bool) -> TagText | Pending | None:
    """The tag that begins with the `<` at `start`; None when it is no tag.

    Never pending when `complete` says that no text follows.
    """
    head = _HEAD.match(text, start) or _DRIFTED_HEAD.match(text, start)
    if head is None:
        if complete or len(text) - start > _LONGEST_PREFIX:
            return None
        return Pending.MORE if text[start:].lower() in _PREFIXES else None
    rest = _REST.match(text, head.end())
    stop = rest.end() if rest else head.end()
    if stop - start > MAX_TAG:
        return None
    if stop == len(text) and not complete:
        return Pending.MORE
    closed = text[stop : stop + 1] == ">"
    found = _classify(bool(head[1]), head[2].lower(), text[head.end() : stop], closed)
    return None if found is None else TagText(*found, stop + 1 if closed else stop)


def _classify(closing: bool, word: str, rest: str, closed: bool) -> tuple[TagKind, str] | None:
    if word == "parameter":
        return _close_parameter(rest, closed) if closing else _open_named("parameter", rest, closed)
    if word in ("function", "invoke"):
        if not closing:
            return _open_named("function", rest, closed)
        return ("/function", "") if closed and (not rest.strip() or rest.lstrip()[0] == "=") else None
    if not closed or rest.strip(" |"):
        return None
    return _plain(closing, word)


def _plain(closing: bool, word: str) -> tuple[TagKind, str] | None:
    if word == "tool_call":
        return ("/call" if closing else "call"), ""
    if word in ("tool_calls", "function_calls", "function_call", "function_invocation"):
        return ("/wrapper" if closing else "wrapper"), ""
    if word == "think":
        return ("/think", "") if closing else None
    if closing:
        return None
    return ("response" if word == "tool_response" else "turn"), ""


def _open_named(
    what: Literal["function", "parameter"], rest: str, closed: bool
) -> tuple[TagKind, str] | None:
    if attribute := _ATTRIBUTE.match(rest):
        if not closed or rest.rstrip().endswith("/"):
            return None
        return what, next((group for group in attribute.groups() if group is not None), "")
    if not rest.lstrip().startswith("="):
        return (what, "") if closed and not rest.strip() else None
    name = _FURTHER_ATTRIBUTES.sub("", rest.lstrip()[1:].strip())
    for quote in ('"', "'"):
        if len(name) > 1 and name[0] == name[-1] == quote:
            name = name[1:-1].strip()
    if closed and _NAME.fullmatch(name):
        return what, name
    torn: TagKind = "torn function" if what == "function" else "torn parameter"
    return torn, name if _NAME.fullmatch(name) else ""


def _close_parameter(rest: str, closed: bool) -> tuple[TagKind, str] | None:
    if closed and (not rest.strip() or rest.lstrip()[0] == "="):
        return "/parameter", ""
    return None if " " in rest.strip() else ("drifted /parameter", "")


class TagScanner:
    """Emits the tags of a growing text. A tag comes once the character behind it is known."""

    def __init__(self) -> None:
        self._tail = ""
        self._base = 0
        self._line = 0
        self._blank_line = True
        self._gap: Gap = "none"

    @property
    def text_follows(self) -> bool:
        """True when something other than blanks and tags stands behind the last tag for certain."""
        return self._gap == "text"

    def feed(self, text: str) -> list[Tag]:
        """The tags that `text` completes."""
        return self._scan(self._tail + text, complete=False)

    def finish(self) -> list[Tag]:
        """The tags that only the end decides, and one of kind `end`."""
        tags = self._scan(self._tail, complete=True)
        end = self._base + len(self._tail)
        return [*tags, Tag("end", "", end, end, self._gap, self._blank_line, self._line)]

    def _scan(self, text: str, *, complete: bool) -> list[Tag]:
        tags: list[Tag] = []
        done = 0
        start = text.find("<")
        while start >= 0:
            found = read_tag(text, start, complete=complete)
            if found is Pending.MORE or (found and not complete and found.end == len(text)):
                break
            if found:
                kind, name, end = found
                self._pass(text[done:start])
                newline_next = text[end : end + 1] in ("\n", "\r") if end < len(text) else False
                at = self._base
                tags.append(
                    Tag(
                        kind,
                        name,
                        at + start,
                        at + end,
                        self._gap,
                        self._blank_line,
                        self._line,
                        newline_next,
                    )
                )
                self._gap, self._blank_line, done = "none", False, end
            start = text.find("<", max(start + 1, done))
        keep = len(text) if start < 0 else start
        self._pass(text[done:keep])
        self._tail = text[keep:]
        self._base += keep
        return tags

    def _pass(self, text: str) -> None:
        """Take note of text without tags."""
        if not text:
            return
        newline = text.rfind("\n")
        if newline >= 0:
            self._line += text.count("\n")
            self._blank_line = True
        if text[newline + 1 :].strip():
            self._blank_line = False
        if self._gap != "text":
            if text.strip():
                self._gap = "text"
            elif newline >= 0:
                self._gap = "newline"
            elif self._gap == "none":
                self._gap = "space"
