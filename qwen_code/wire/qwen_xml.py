"""Reads one call in Qwen3-Coder's XML syntax, from behind `<function=NAME>` on.

The syntax is that of the chat template of Qwen3-Coder (Hugging Face, Qwen/Qwen3-Coder-30B-A3B-Instruct): text
values stand between line breaks of their own, unescaped. Where a value ends is decided in `value_end.py`.
"""

from __future__ import annotations

import re

from qwen_code.wire.signatures import RawCall, Signature, Signatures
from qwen_code.wire.tags import Tag
from qwen_code.wire.tape import Beyond, Tape
from qwen_code.wire.value_end import Open, Slips, ValueEnd, ValueWalk

_CLOSING = re.compile(r"</(?:function|tool_call)>")
_CDATA = ("<![CDATA[", "]]>")


class XmlReader:
    """Reads until its call is over; what it was given beyond that is in `rest`."""

    def __init__(self, name: str, signatures: Signatures, *, torn: bool = False) -> None:
        """`torn`: the function's tag lacked its `>`."""
        self.name = name
        self._signatures = signatures
        self._signature: Signature | None = signatures.find(name)
        self._torn = torn
        self._parts: list[str] = []
        self._text = ""
        self._tape = Tape()
        self._at = 0
        self._walk: ValueWalk | None = None
        self._opener: Tag | None = None
        self._given: set[str] = set()
        self._slips = Slips()
        self._spans: list[tuple[str, int, int]] = []
        self._closed = False
        self._sure = True
        self._end: int | None = None
        self._cut = False

    @property
    def overrun(self) -> bool:
        """The call is closed and text follows, which will most likely not belong to it."""
        return self._walk is not None and self._walk.probable is not None

    @property
    def rest(self) -> str:
        """What follows the call; valid once it is over."""
        return self._text[self._end :] if self._end is not None else ""

    def feed(self, text: str) -> bool:
        """Read on; True when the call is over."""
        self._parts.append(text)
        self._tape.feed(text)
        return self._read()

    def finish(self, *, length: bool) -> None:
        """The text is over; `length` says that a limit ended it."""
        self._tape.finish()
        self._read()
        if self._ended_by_text and not self._closed:
            self._cut = self._cut or length or self._lacks_arguments
        elif length and not self._sure and not _CLOSING.sub("", self.rest).strip():
            self._cut = True

    def calls(self) -> list[RawCall]:
        """The call, or nothing when it was given up by the model before it had begun."""
        if self._cut:
            return [RawCall(self.name, fault="truncated")]
        if self._torn and self._signature is None:
            return [RawCall("", fault="malformed", reason="the function's name is not closed with `>`")]
        if not self._spans and not self._closed and self._lacks_arguments:
            return []
        values = [(name, _value(self._text[start:end])) for name, start, end in self._spans]
        return [RawCall(self.name, values, text=True)]

    @property
    def _lacks_arguments(self) -> bool:
        return self._signature is not None and not self._given.issuperset(self._signature.required)

    @property
    def _ended_by_text(self) -> bool:
        tags = self._tape.tags
        return bool(tags) and tags[-1].kind == "end" and self._end == tags[-1].start

    def _read(self) -> bool:
        while self._end is None:
            if self._walk is not None:
                if not self._end_value(self._walk):
                    break
            elif self._at < len(self._tape.tags):
                self._between(self._tape.tags[self._at])
            elif self._closed and self._tape.after(self._at - 1) is Beyond.TEXT:
                self._over(self._tape.tags[self._at - 1].end)
            else:
                break
        if self._end is None:
            return False
        self._text = "".join(self._parts)
        return True

    def _between(self, tag: Tag) -> None:
        """A tag outside of every value."""
        if self._closed and tag.gap == "text":
            self._over(self._tape.tags[self._at - 1].end)
            return
        match tag.kind:
            case "parameter" | "torn parameter":
                self._begin_value(tag)
            case "/function":
                self._closed = True
            case "/call":
                self._closed = True
                self._over(tag.end)
            case "call" | "wrapper" | "function" | "torn function" | "response" | "turn" | "/think" | "end":
                self._over(tag.start)
            case _:
                pass
        self._at += 1

    def _begin_value(self, tag: Tag) -> None:
        self._opener = tag
        self._walk = ValueWalk(
            self._tape,
            self._at,
            may_follow=self._may_follow,
            is_tool=self._signatures.knows,
            slips=self._slips,
        )

    def _end_value(self, walk: ValueWalk) -> bool:
        """Try to end the open value; False when more text is needed."""
        end = walk.run()
        if end is Open.UNDECIDED:
            return False
        if end is Open.CUT:
            self._cut = True
            self._over(self._tape.tags[-1].start)
            return True
        self._close_value(end)
        return True

    def _close_value(self, end: ValueEnd) -> None:
        opener = self._opener
        self._walk = None
        self._at = end.resume
        self._slips = end.slips
        self._sure = end.sure
        if opener is None:
            return
        name = opener.name if opener.kind == "parameter" else ""
        if self._signature is not None and name:
            name = self._signature.parameter(name)
        self._given.add(name)
        self._spans.append((name, opener.end, self._tape.tags[end.index].start))

    def _may_follow(self, name: str) -> bool:
        """A parameter of the tool that has not come yet, the open one included."""
        current = self._opener.name if self._opener else ""
        if not name or name == current or name in self._given:
            return False
        return self._signature is None or self._signature.knows(name)

    def _over(self, end: int) -> None:
        self._end = end


def _value(text: str) -> str:
    """One line break is stripped at each end; they belong to the tags."""
    if text.startswith("\n"):
        return text[1:].removesuffix("\n")
    if text.startswith("\r\n"):
        return text[2:].removesuffix("\n").removesuffix("\r")
    if text.startswith(_CDATA[0]) and text.endswith(_CDATA[1]):
        return text[len(_CDATA[0]) : -len(_CDATA[1])]
    return text.removesuffix("\n")
