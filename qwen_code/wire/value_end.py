"""Decides where a parameter's value ends, in a syntax that has no escapes.

A value may hold any markup, whole calls included, and a model may leave out or double any closing tag. The
rule: a `</parameter>` that is not the other end of a tag inside the value closes it if what follows can follow
a value, on the evidence of line breaks where the value began with one. A weaker sign (a missing or odd closing
tag, a parameter that the tool does not have) counts only when the function then ends while the value would
still be open. So a doubtful call is kept whole or reported, and never run with half a value.

The tests named in vllm#34919, vllm#40861 and sglang#27337 are the shapes that this has to tell apart.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from qwen_code.wire.tags import Tag, TagScanner

MAX_RUN = 12
"""Closing tags in a row that are looked through; more are text."""
MAX_RESTARTS = 4


class Tape:
    """The tags of a call so far, and what is known of the text behind the last of them."""

    def __init__(self) -> None:
        self.tags: list[Tag] = []
        self._scanner = TagScanner()

    def feed(self, text: str) -> None:
        self.tags += self._scanner.feed(text)

    def finish(self) -> None:
        self.tags += self._scanner.finish()

    def after(self, index: int) -> Tag | Literal["text"] | None:
        """What follows the tag at `index` but for blanks; None as long as nothing is known."""
        if index + 1 < len(self.tags):
            following = self.tags[index + 1]
            return "text" if following.gap == "text" else following
        return "text" if self._scanner.text_follows else None


@dataclass(frozen=True, slots=True)
class Slips:
    """What the model has been found to do wrong in this call, each up to the tag of that index."""

    strangers_until: int = 0
    """It gives parameters that the tool does not have, or has already."""
    unclosed_until: int = 0
    """It does not close values before the next parameter."""


@dataclass(frozen=True, slots=True)
class ValueEnd:
    """The value ends where tag `index` starts; reading goes on with tag `resume`."""

    index: int
    resume: int
    sure: bool = True
    """False when only the end of the function ended it, or a weak sign did."""
    slips: Slips = Slips()


_Paired: TypeAlias = Literal["parameter", "function", "call"]


@dataclass(slots=True)
class _Open:
    """A tag inside the value that waits for its other end."""

    kind: _Paired
    at: int
    line: int
    inline: bool
    """Text follows it on its line, so its other end must stand there too; or it is only mentioned."""


class _Nest:
    """The tags inside a value that are open."""

    def __init__(self) -> None:
        self._open: list[_Open] = []
        self._count: dict[_Paired, int] = {"parameter": 0, "function": 0, "call": 0}

    @property
    def bare(self) -> bool:
        """True outside of every parameter and function."""
        return not self._count["parameter"] and not self._count["function"]

    def push(self, kind: _Paired, at: int, tag: Tag) -> None:
        if tag.newline_next:
            for item in reversed(self._open):
                if item.line != tag.line:
                    break
                item.inline = False
        self._open.append(_Open(kind, at, tag.line, not tag.newline_next))
        self._count[kind] += 1

    def pop(self, kind: _Paired) -> int | None:
        """Close the innermost open tag of `kind` and all inside it: its index, None when there is none."""
        while self._count[kind]:
            item = self._drop()
            if item.kind == kind:
                return item.at
        return None

    def parameters(self) -> list[int]:
        """Indices of the parameters that are open."""
        return [item.at for item in self._open if item.kind == "parameter"]

    def pass_line(self, line: int) -> None:
        """Forget what was only mentioned on a line before `line`."""
        while self._open and self._open[-1].inline and self._open[-1].line != line:
            self._drop()

    def _drop(self) -> _Open:
        item = self._open.pop()
        self._count[item.kind] -= 1
        return item


_Step: TypeAlias = ValueEnd | Literal["go on", "again", "wait", "never"]
_Tail: TypeAlias = Literal["certain", "text", "wait"]


class ValueWalk:
    """Looks for the end of one value; `run` again whenever the tape has grown."""

    def __init__(
        self,
        tape: Tape,
        opener: int,
        *,
        may_follow: Callable[[str], bool],
        is_tool: Callable[[str], bool],
        slips: Slips,
    ) -> None:
        self._tape = tape
        self._first = opener + 1
        self._opener = tape.tags[opener]
        self._may_follow = may_follow
        self._is_tool = is_tool
        self._slips = slips
        self._block = self._opener.newline_next
        self._restarts = 0
        self._mentions: set[int] = set()
        """Opening tags that have turned out to be text."""
        self.probable: ValueEnd | None = None
        """The call was closed here and text followed: the end, unless a better one comes."""
        self._start()

    def _start(self) -> None:
        self._at = self._first
        self._nest = _Nest()
        self._closed_inside = -1
        self._function_closed = (-1, -1)
        self._weak: ValueEnd | None = None
        self.probable = None

    def run(self) -> ValueEnd | Literal["wait", "never"]:
        """The end; "wait" while it is undecided, "never" when the text ended inside the value."""
        while self._at < len(self._tape.tags):
            step = self._step(self._at, self._tape.tags[self._at])
            if step == "again":
                self._start()
            elif step == "go on":
                self._at += 1
            else:
                return step
        return "wait"

    def _step(self, at: int, tag: Tag) -> _Step:
        if at in self._mentions:
            return "go on"
        self._nest.pass_line(tag.line)
        match tag.kind:
            case "/parameter":
                return self._close_parameter(at, tag)
            case "parameter" | "torn parameter":
                return self._open_parameter(at, tag)
            case "function":
                if self.probable and tag.fresh and self._is_tool(tag.name):
                    return self.probable
                self._nest.push("function", at, tag)
            case "call":
                if self.probable and tag.fresh:
                    return self.probable
                self._nest.push("call", at, tag)
            case "/function":
                return self._close_outer(at, tag, "function")
            case "/call":
                return self._close_outer(at, tag, "call")
            case "drifted /parameter":
                return self._drifted(at, tag)
            case "response" | "turn" | "/think":
                if self.probable and tag.fresh:
                    return self.probable
            case "end":
                return self._text_ends(at, tag)
            case _:
                pass
        return "go on"

    def _open_parameter(self, at: int, tag: Tag) -> _Step:
        known = tag.kind == "parameter" and self._may_follow(tag.name)
        own_line = tag.fresh or not self._block
        if tag.kind == "torn parameter" and not own_line:
            return "go on"
        if self._nest.bare and own_line:
            if self._closed_inside == at - 1 and tag.gap != "text":
                self._note(ValueEnd(at - 1, at))
            if tag.start - self._opener.end <= 1:
                following = self._tape.after(at)
                if following is None:
                    return "wait"
                if following != "text" and following.kind == "/parameter" and _next_line(tag, following):
                    return "go on"  # the whole value is this one tag
            if known and at < self._slips.unclosed_until:
                return ValueEnd(at, at, slips=self._slips)
            if known:
                self._note(ValueEnd(at, at))
        self._nest.push("parameter", at, tag)
        return "go on"

    def _close_parameter(self, at: int, tag: Tag) -> _Step:
        if self._nest.pop("parameter") is not None:
            if self._nest.bare and (tag.fresh or not self._block):
                self._closed_inside = at
            return "go on"
        following = self._tape.after(at)
        if following is None:
            return "wait"
        if following == "text":
            return "go on"
        strict_follows = self._block and following.kind == "/parameter" and following.gap == "newline"
        if strict_follows and (not tag.fresh or tag.start - self._opener.end <= 1):
            return "go on"  # this one is the value's own last line, or all of it
        return self._judge(at, tag)

    def _judge(self, at: int, tag: Tag) -> _Step:
        """Is the `</parameter>` at `at` the end? What follows decides."""
        last = at
        for _ in range(MAX_RUN):
            following = self._tape.after(last)
            if following is None:
                return "wait"
            if following == "text":
                return "go on"
            if following.kind not in ("/parameter", "/wrapper"):
                return self._judge_by(at, tag, last + 1, following)
            last += 1
        return "go on"

    def _judge_by(self, at: int, tag: Tag, index: int, following: Tag) -> _Step:
        end = ValueEnd(at, at + 1, slips=self._slips)
        lines_apart = not self._block or tag.fresh or following.gap == "newline"
        match following.kind:
            case "parameter" | "torn parameter":
                own_line = following.fresh or not self._block
                if following.kind == "parameter" and self._may_follow(following.name) and lines_apart:
                    return end
                if index < self._slips.strangers_until and own_line:
                    return end
                if own_line or self._may_follow(following.name):
                    self._note(end)
                return "go on"
            case "/function" | "/call":
                match self._tail(index, anchored=lines_apart, own_line=lines_apart):
                    case "certain":
                        return end
                    case "wait":
                        return "wait"
                    case "text":
                        if lines_apart and self.probable is None:
                            self.probable = end
                        return "go on"
            case "function" | "call" | "wrapper" | "response" | "turn" | "/think":
                fits = following.kind != "function" or self._is_tool(following.name)
                own_lines = not self._block or (tag.fresh and following.fresh)
                return end if fits and own_lines else "go on"
            case "end":
                return end if tag.fresh or not self._block else "go on"
            case _:
                return "go on"

    def _tail(self, at: int, *, anchored: bool, own_line: bool) -> _Tail:
        """Do the closing tags from `at` on lead to another call or the end, or to text?

        `anchored`: there is good evidence that they are tags; otherwise what follows must be a call for certain.
        `own_line`: they stand where tags do; otherwise they must be complete for the text to end behind them.
        """
        first = at
        for _ in range(MAX_RUN):
            following = self._tape.after(at)
            if following is None:
                return "wait"
            if following == "text":
                return "text"
            match following.kind:
                case "/function" | "/call" | "/wrapper":
                    at += 1
                    continue
                case "end":
                    tags = self._tape.tags
                    complete = tags[first].kind == "/function" and tags[at].kind == "/call"
                    return "certain" if own_line or complete else "text"
                case "function":
                    fits = self._is_tool(following.name)
                case "parameter":
                    fits = anchored and self._may_follow(following.name)
                case "call" if not anchored:
                    begun = self._tape.after(at + 1)
                    if begun is None:
                        return "wait"
                    fits = begun != "text" and begun.kind in ("call", "function")
                case "call" | "wrapper" | "response" | "turn" | "/think":
                    fits = anchored
                case _:
                    fits = False
            return "certain" if fits and (anchored or following.fresh) else "text"
        return "text"

    def _close_outer(self, at: int, tag: Tag, kind: Literal["function", "call"]) -> _Step:
        """`</function>` or `</tool_call>`: of a call inside the value, or the one this value belongs to."""
        opened = self._nest.pop(kind)
        if opened is not None:
            if kind == "function":
                self._function_closed = (at, opened)
            return "go on"
        tail = self._tail(at, anchored=not self._block, own_line=tag.fresh or not self._block)
        if tail == "wait":
            return "wait"
        if self._closed_inside == at - 1 and tag.gap != "text":
            self._note(ValueEnd(at - 1, at))
        if tail == "certain":
            mentioned = self._only_mentioned(at, tag, kind)
            if mentioned and self._restarts < MAX_RESTARTS:
                self._restarts += 1
                self._mentions.update(mentioned)
                return "again"
            return self._resolved(at) or ValueEnd(at, at, sure=False)
        if self._weak and self.probable is None and (tag.fresh or not self._block):
            self.probable = self._resolved(at)
        return "go on"

    def _only_mentioned(self, at: int, tag: Tag, kind: Literal["function", "call"]) -> list[int]:
        """Tags taken for openers that can't have been any, now that this call ends with its value open."""
        closed, opened = self._function_closed
        if kind == "call" and closed == at - 1 and tag.gap != "text":
            return [opened]  # it took the `</function>` of this call
        return self._nest.parameters() if self._weak is None else []

    def _drifted(self, at: int, tag: Tag) -> _Step:
        if self._nest.pop("parameter") is not None:
            return "go on"
        following = self._tape.after(at)
        if following is None:
            return "wait"
        if following == "text" or following.kind not in ("parameter", "/function", "/call"):
            return "go on"
        lines_apart = not self._block or tag.fresh or following.gap == "newline"
        if lines_apart and (following.kind != "parameter" or self._may_follow(following.name)):
            self._note(ValueEnd(at, at + 1))
        return "go on"

    def _note(self, end: ValueEnd) -> None:
        """Remember the first weak sign."""
        if self._weak is None:
            self._weak = end

    def _resolved(self, until: int) -> ValueEnd | None:
        """The first weak sign taken for the end, now that the function ends at tag `until`."""
        weak = self._weak
        if weak is None:
            return None
        unclosed = weak.index == weak.resume
        slips = Slips(
            self._slips.strangers_until if unclosed else max(until, self._slips.strangers_until),
            max(until, self._slips.unclosed_until) if unclosed else self._slips.unclosed_until,
        )
        return ValueEnd(weak.index, weak.resume, sure=False, slips=slips)

    def _text_ends(self, at: int, tag: Tag) -> _Step:
        if self.probable:
            return self.probable
        if self._closed_inside == at - 1 and tag.gap != "text" and self._weak:
            return self._resolved(at) or "never"
        return "never"


def _next_line(tag: Tag, following: Tag) -> bool:
    """True when nothing but one line break stands between the two."""
    return following.gap == "newline" and following.start - tag.end == 1
