"""Decides where a parameter's value ends, in a syntax that has no escapes.

A value may hold any markup, whole calls included, and a model may leave out or double any closing tag. The
rule: a `</parameter>` that is not the other end of a tag inside the value closes it if what follows can
follow a value, on the evidence of line breaks where the value began with one. A weaker sign (a closing tag
that is missing or odd, a parameter that the tool does not have) counts only when the function then ends while
the value would still be open. So a doubtful call is kept whole or reported, and not run with half a value.

The shapes that this has to tell apart are those of vllm#34919, vllm#40861 and sglang#27337.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from typing import TypeAlias

from qwen_code.wire.nesting import Nesting, Paired
from qwen_code.wire.tags import Tag
from qwen_code.wire.tape import Beyond, Tape

MAX_RUN = 12
"""Closing tags in a row that are looked through; more are text."""
_INSIDE = ("/function", "parameter")
"""What can't follow a stray closing tag behind the function: the value was still open there."""
MAX_RESTARTS = 4
"""How often a value is read anew because a tag in it turned out to be only mentioned."""


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


class Open(Enum):
    """Why a value has no end yet."""

    UNDECIDED = "undecided"
    """More text is needed."""
    CUT = "cut"
    """The text ended inside it."""


class _Go(Enum):
    ON = "on"
    BACK = "back to the start of the value"


_Step: TypeAlias = ValueEnd | Open | _Go


class _Tail(Enum):
    """What closing tags lead to."""

    END = "the end of the call"
    TEXT = "text"
    UNDECIDED = "undecided"


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
        """`opener`: index of the value's `<parameter=…>`. `may_follow`: parameters that may come next."""
        self._tape = tape
        self._first = opener + 1
        self._opener = tape.tags[opener]
        self._block = self._opener.newline_next
        """The value stands on lines of its own, so its closing tag should as well."""
        self._may_follow = may_follow
        self._is_tool = is_tool
        self._slips = slips
        self._restarts = 0
        self._mentions: set[int] = set()
        """Opening tags that have turned out to be text."""
        self._start()

    def _start(self) -> None:
        self._at = self._first
        self._nest = Nesting()
        self._closed_inside = -1
        self._function_closed = (-1, -1)
        self._weak: ValueEnd | None = None
        self.probable: ValueEnd | None = None
        """The call was closed here and text followed: the end, unless a better one comes."""

    def run(self) -> ValueEnd | Open:
        """The end, or why there is none."""
        while self._at < len(self._tape.tags):
            step = self._step(self._at, self._tape.tags[self._at])
            if step is _Go.ON:
                self._at += 1
            elif step is _Go.BACK:
                self._start()
            else:
                return step
        return Open.UNDECIDED

    def _step(self, at: int, tag: Tag) -> _Step:
        if at in self._mentions:
            return _Go.ON
        self._nest.pass_line(tag.line)
        match tag.kind:
            case "/parameter":
                return self._close_parameter(at, tag)
            case "parameter" | "torn parameter":
                return self._open_parameter(at, tag)
            case "/function":
                return self._close_outer(at, tag, "function")
            case "/call":
                return self._close_outer(at, tag, "call")
            case "drifted /parameter":
                return self._drifted(at, tag)
            case "function" | "call" | "response" | "turn" | "/think":
                return self._open_outer(at, tag)
            case "end":
                return self._text_ends(at, tag)
            case _:
                return _Go.ON

    def _apart(self, tag: Tag, following: Tag) -> bool:
        """A line break speaks for `tag`, or none is to be expected."""
        return self._own_line(tag) or following.gap == "newline"

    def _own_line(self, tag: Tag) -> bool:
        return tag.fresh or not self._block

    def _behind_inner_close(self, at: int, tag: Tag) -> bool:
        """Right before tag `at`, the last parameter inside the value was closed."""
        return self._closed_inside == at - 1 and tag.gap != "text"

    def _open_outer(self, at: int, tag: Tag) -> _Step:
        called = tag.kind != "function" or self._is_tool(tag.name)
        if self.probable and tag.fresh and called:
            return self.probable
        if tag.kind == "function":
            self._nest.push("function", at, tag)
        elif tag.kind == "call":
            self._nest.push("call", at, tag)
        return _Go.ON

    def _open_parameter(self, at: int, tag: Tag) -> _Step:
        if tag.kind == "torn parameter" and not self._own_line(tag):
            return _Go.ON
        if self._nest.bare and self._own_line(tag):
            if self._behind_inner_close(at, tag):
                if self._mentioned_before(at, tag):
                    self._weak = None
                self._note(ValueEnd(at - 1, at))
            if tag.start - self._opener.end <= 1:
                following = self._tape.after(at)
                if following is Beyond.UNKNOWN:
                    return Open.UNDECIDED
                if isinstance(following, Tag) and _on_next_line(tag, following):
                    return _Go.ON  # the whole value is this one tag
            if tag.kind == "parameter" and self._may_follow(tag.name):
                if at < self._slips.unclosed_until:
                    return ValueEnd(at, at, slips=self._slips)
                self._note(ValueEnd(at, at))
        self._nest.push("parameter", at, tag)
        return _Go.ON

    def _close_parameter(self, at: int, tag: Tag) -> _Step:
        if self._nest.pop("parameter") is not None:
            if self._nest.bare and self._own_line(tag):
                self._closed_inside = at
            return _Go.ON
        following = self._tape.after(at)
        if following is Beyond.UNKNOWN:
            return Open.UNDECIDED
        if following is Beyond.TEXT:
            return _Go.ON
        last_line_or_all = not tag.fresh or tag.start - self._opener.end <= 1
        if self._block and last_line_or_all and following.kind == "/parameter" and following.gap == "newline":
            return _Go.ON  # the value's own text, with its closing tag behind it
        return self._judge(at, tag)

    def _judge(self, at: int, tag: Tag) -> _Step:
        """Is the `</parameter>` of index `at` the end? What follows decides."""
        last = at
        for _ in range(MAX_RUN):
            following = self._tape.after(last)
            if following is Beyond.UNKNOWN:
                return Open.UNDECIDED
            if following is Beyond.TEXT:
                return _Go.ON
            last += 1
            if following.kind not in ("/parameter", "/wrapper"):
                return self._judge_by(at, tag, last, following)
        return _Go.ON

    def _judge_by(self, at: int, tag: Tag, index: int, following: Tag) -> _Step:
        end = ValueEnd(at, at + 1, slips=self._slips)
        apart = self._apart(tag, following)
        match following.kind:
            case "parameter" | "torn parameter":
                return self._judge_by_parameter(end, index, following, apart=apart)
            case "/function" | "/call":
                tail = self._tail(index, anchored=apart, own_line=apart, strays=True)
                if tail is _Tail.END:
                    return end if apart else replace(end, sure=False)
                if tail is _Tail.TEXT and apart and self.probable is None:
                    self.probable = end
                return Open.UNDECIDED if tail is _Tail.UNDECIDED else _Go.ON
            case "end":
                return end if self._own_line(tag) else _Go.ON
            case "function" if not self._is_tool(following.name):
                return _Go.ON
            case "function" | "call" | "wrapper" | "response" | "turn" | "/think":
                return end if self._own_line(tag) and self._own_line(following) else _Go.ON
            case _:
                return _Go.ON

    def _judge_by_parameter(self, end: ValueEnd, index: int, following: Tag, *, apart: bool) -> _Step:
        expected = following.kind == "parameter" and self._may_follow(following.name)
        own_line = self._own_line(following)
        if (expected and apart) or (own_line and index < self._slips.strangers_until):
            return end
        if expected or own_line:
            self._note(end)
        return _Go.ON

    def _tail(self, at: int, *, anchored: bool, own_line: bool, strays: bool = False) -> _Tail:
        """Do the closing tags from `at` on lead to another call or the end, or to text?

        `anchored`: there is good evidence that they are tags; otherwise a call must follow for certain.
        `own_line`: they stand where tags do; otherwise they must be complete for the text to end there.
        `strays`: a `</parameter>` among them is one too many, unless the function goes on behind it.
        """
        first, strayed = at, False
        for _ in range(MAX_RUN):
            following = self._tape.after(at)
            if following is Beyond.UNKNOWN:
                return _Tail.UNDECIDED
            if following is Beyond.TEXT or (strayed and following.kind in _INSIDE):
                return _Tail.TEXT
            if following.kind == "/parameter" and strays:
                strayed = True
            elif following.kind not in ("/function", "/call", "/wrapper"):
                break
            at += 1
        else:
            return _Tail.TEXT
        tags = self._tape.tags
        if following.kind == "end":
            complete = tags[first].kind == "/function" and tags[at].kind == "/call"
            return _Tail.END if own_line or complete else _Tail.TEXT
        if not anchored and following.kind == "call":
            begun = self._tape.after(at + 1)
            if begun is Beyond.UNKNOWN:
                return _Tail.UNDECIDED
            fits = isinstance(begun, Tag) and begun.kind in ("call", "function")
        else:
            fits = self._leads_on(following, anchored=anchored)
        return _Tail.END if fits and (anchored or following.fresh) else _Tail.TEXT

    def _leads_on(self, tag: Tag, *, anchored: bool) -> bool:
        """Something that may stand behind a call, or behind a function closed too early."""
        match tag.kind:
            case "function":
                return self._is_tool(tag.name)
            case "parameter":
                return anchored and self._may_follow(tag.name)
            case "call" | "wrapper" | "response" | "turn" | "/think":
                return anchored
            case _:
                return False

    def _close_outer(self, at: int, tag: Tag, kind: Paired) -> _Step:
        """`</function>` or `</tool_call>`: of a call inside the value, or the one this value belongs to."""
        opened = self._nest.pop(kind)
        if opened is not None:
            if kind == "function":
                self._function_closed = (at, opened)
            return _Go.ON
        tail = self._tail(at, anchored=not self._block, own_line=self._own_line(tag))
        if tail is _Tail.UNDECIDED:
            return Open.UNDECIDED
        if self._behind_inner_close(at, tag):
            self._note(ValueEnd(at - 1, at))
        if tail is _Tail.TEXT:
            if self.probable is None and self._own_line(tag):
                self.probable = self._resolved(at)
            return _Go.ON
        mentioned = self._only_mentioned(at, tag, kind)
        if not mentioned:
            before = self.probable if kind == "call" else None  # the function was closed there already
            return self._resolved(at) or before or ValueEnd(at, at, sure=False)
        if self._restarts == MAX_RESTARTS:
            return Open.CUT
        self._restarts += 1
        self._mentions.update(mentioned)
        return _Go.BACK

    def _only_mentioned(self, at: int, tag: Tag, kind: Paired) -> list[int]:
        """Tags taken for openers that can't have been any, now that this call ends with its value open."""
        closed, opened = self._function_closed
        if kind == "call" and closed == at - 1 and tag.gap != "text":
            return [opened]  # it took the `</function>` of this call
        return self._nest.parameters() if self._weak is None else []

    def _drifted(self, at: int, tag: Tag) -> _Step:
        if self._nest.pop("parameter") is not None:
            return _Go.ON
        following = self._tape.after(at)
        if following is Beyond.UNKNOWN:
            return Open.UNDECIDED
        if following is Beyond.TEXT or following.kind not in ("parameter", "/function", "/call"):
            return _Go.ON
        fits = following.kind != "parameter" or self._may_follow(following.name)
        if fits and self._apart(tag, following):
            self._note(ValueEnd(at, at + 1))
        return _Go.ON

    def _mentioned_before(self, at: int, tag: Tag) -> bool:
        """The same parameter seemed to begin just before, with this value left open: that was text."""
        weak = self._weak
        if weak is None or weak.index != weak.resume or weak.index != at - 2:
            return False
        return tag.kind == "parameter" and self._tape.tags[weak.index].name == tag.name

    def _note(self, end: ValueEnd) -> None:
        """Remember the first weak sign."""
        if self._weak is None:
            self._weak = end

    def _resolved(self, until: int) -> ValueEnd | None:
        """The first weak sign taken for the end, now that the function ends at tag `until`."""
        weak, slips = self._weak, self._slips
        if weak is None:
            return None
        if weak.index == weak.resume:
            slips = Slips(slips.strangers_until, max(until, slips.unclosed_until))
        else:
            slips = Slips(max(until, slips.strangers_until), slips.unclosed_until)
        return ValueEnd(weak.index, weak.resume, sure=False, slips=slips)

    def _text_ends(self, at: int, tag: Tag) -> ValueEnd | Open:
        if self.probable is None and self._behind_inner_close(at, tag):
            return self._resolved(at) or Open.CUT
        return self.probable or Open.CUT


def _on_next_line(tag: Tag, following: Tag) -> bool:
    """`</parameter>` follows on the next line."""
    return following.kind == "/parameter" and following.gap == "newline" and following.start - tag.end == 1
