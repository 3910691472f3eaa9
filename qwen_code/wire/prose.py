"""Reads what a model says in plain text up to the next call, and knows what it only quotes.

Markup inside Markdown fences, code spans, block quotes and quotation marks is text. Fences follow CommonMark
(https://spec.commonmark.org/0.31.2/#fenced-code-blocks); a code span ends with its line here, so that one
stray backtick hides nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from qwen_code.wire.opener import Opener, OpenerFinder, Place
from qwen_code.wire.tags import Pending, TagKind, read_tag

_MAX_RUN = 64
_EVENT = re.compile(rf"[\n<]|`{{1,{_MAX_RUN}}}|~{{1,{_MAX_RUN}}}")
_TURN_END = re.compile(r"(?:<\|(?:im_end|endoftext)\|>\s{0,16}){1,2}")
"""Where a server leaks the end of the turn into the text, it is the last of it."""
_LONGEST_END = 2 * (len("<|endoftext|>") + 16)
_OPENING_QUOTES = frozenset("\"'“‘«")


@dataclass(frozen=True, slots=True)
class Found:
    """Text that is certain, and what comes behind it if anything was found."""

    text: str
    opener: Opener | None = None
    opening: str = ""
    """The opener as written, up to its body."""
    stop: TagKind | None = None
    rest: str = ""
    """What follows: from the opener's body, or from behind the tag that stopped it."""


class _Line:
    """What has been seen of the current line."""

    def __init__(self) -> None:
        self.indent = 0
        self.blank = True
        self.quoted = False
        self.span = 0
        """Length of the backtick run that opened a code span."""
        self.opens: tuple[str, int] | None = None
        """A fence that this line opens if it holds."""
        self.closes = False

    def pass_text(self, text: str) -> None:
        if not text:
            return
        if not text.strip():
            if self.blank:
                self.indent += len(text)
            return
        if self.blank:
            self.quoted = text.lstrip().startswith(">")
        self.blank = False
        self.closes = False


class ProseScanner:
    """Gives text on as soon as it can't be the beginning of a call."""

    def __init__(self, finder: OpenerFinder, stops: frozenset[TagKind] = frozenset()) -> None:
        """`stops`: tags at which reading ends, unless they are quoted."""
        self._finder = finder
        self._stops = stops
        self._held = ""
        self._before = ""
        self._line = _Line()
        self._fence: tuple[str, int] | None = None

    def scan(self, text: str, *, complete: bool = False, length: bool = False) -> Found:
        """Read on; `complete` when nothing follows, because of a limit when `length`."""
        text, self._held = self._held + text, ""
        at = 0
        for event in _EVENT.finditer(text):
            start = event.start()
            self._line.pass_text(text[at:start])
            mark = event[0]
            at = event.end()
            if mark == "\n":
                self._end_line()
            elif mark[0] != "<":
                if at == len(text) and not complete and len(mark) < _MAX_RUN:
                    return self._hold(text, start)
                self._run(mark)
            else:
                found = self._tag(text, start, complete=complete, length=length)
                if found is Pending.MORE:
                    return self._hold(text, start)
                if found:
                    return found
                self._line.pass_text("<")
        self._line.pass_text(text[at:])
        return self._hold(text, len(text))

    def _hold(self, text: str, start: int) -> Found:
        self._held = text[start:]
        self._before = (self._before + text[max(0, start - 2) : start])[-2:]
        return Found(text[:start])

    def _end_line(self) -> None:
        line = self._line
        if line.closes:
            self._fence = None
        elif line.opens:
            self._fence = line.opens
        self._line = _Line()

    def _run(self, mark: str) -> None:
        """Backticks or tildes."""
        line = self._line
        may_fence = line.blank and line.indent <= 3 and len(mark) >= 3
        if self._fence:
            line.closes = may_fence and mark[0] == self._fence[0] and len(mark) >= self._fence[1]
        elif may_fence:
            line.opens = (mark[0], len(mark))
        if mark[0] == "`" and not self._fence:
            if line.opens and line.opens[0] == "`" and not may_fence:
                line.opens = None
            line.span = 0 if line.span == len(mark) else line.span or len(mark)
        line.blank = False

    def _tag(self, text: str, start: int, *, complete: bool, length: bool) -> Found | Pending | None:
        if _TURN_END.fullmatch(text, start):
            return Found(text[:start], stop="turn") if complete else Pending.MORE
        if not complete and len(text) - start < _LONGEST_END and _may_end_turn(text[start:]):
            return Pending.MORE
        line = self._line
        if self._stops and (line.blank or not (self._fence or line.opens or line.span)):
            tag = read_tag(text, start, complete=complete)
            if tag is Pending.MORE:
                return Pending.MORE
            if tag and tag.kind in self._stops:
                return Found(text[:start], stop=tag.kind, rest=text[tag.end :])
        if self._fence or line.opens or line.quoted:
            return None
        opener = self._finder.at(text, start, Place(line.blank, complete, length))
        if not isinstance(opener, Opener):
            return opener
        if not line.blank and opener.kind != "cut" and self._is_quoted(text, opener):
            return None
        return Found(text[:start], opener, text[start : opener.body], rest=text[opener.body :])

    def _is_quoted(self, text: str, opener: Opener) -> bool:
        if self._line.span and "\n" not in text[opener.start : opener.body]:
            return True
        before = (self._before + text[max(0, opener.start - 2) : opener.start])[-2:]
        return before[-1:] in _OPENING_QUOTES and (
            len(before) == 1 or before[0].isspace() or before[0] in "(["
        )


def _may_end_turn(text: str) -> bool:
    """`text` begins with what may become the end of the turn."""
    for end in ("<|im_end|>", "<|endoftext|>"):
        if end.startswith(text):
            return True
        if text.startswith(end):
            following = text[len(end) :].lstrip()
            return following == "" or _may_end_turn(following)
    return False
