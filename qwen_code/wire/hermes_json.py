"""Reads calls written as JSON: Hermes' `<tool_call>{"name": …, "arguments": {…}}</tool_call>`, as Qwen2.5 and
the Qwen3 models that are not coders write them, and JSON where XML parameters belong, `<function=NAME>{…}`.

Format: https://qwen.readthedocs.io/en/latest/framework/function_call.html. Shapes that models make of it
(other keys, arguments as a string, two objects in one tag, missing braces): QwenLM/Qwen3#1249.
"""

from __future__ import annotations

import re
from typing import Any, Literal, TypeAlias, cast

from qwen_code.wire.repair import Unreadable, read_json
from qwen_code.wire.signatures import RawCall, Signatures
from qwen_code.wire.tags import Pending, read_tag

_OUTSIDE = re.compile(r"[\"'{}\[\]<]")
_INSIDE = {'"': re.compile(r'["\\]'), "'": re.compile(r"['\\]")}
_NAME_KEYS = ("name", "function", "tool", "tool_name", "function_name")
ARGUMENT_KEYS = ("arguments", "parameters", "args", "input")
_OTHER_KEYS = frozenset((*_NAME_KEYS, *ARGUMENT_KEYS, "id", "type"))
_ENDS = frozenset(("call", "/call", "function", "/function", "response", "turn", "/think"))

_State: TypeAlias = Literal["value", "behind", "lost", "over"]


class JsonReader:
    """Reads from a `{` on until the call's tag is closed; what it was given beyond that is in `rest`."""

    def __init__(self, signatures: Signatures, name: str = "") -> None:
        """`name`: of the function whose arguments the JSON is; empty when the JSON names it."""
        self._signatures = signatures
        self.name = name
        self._state: _State = "value"
        self._piece: list[str] = []
        self._depth = 0
        self._quote = ""
        self._held = ""
        self._calls: list[RawCall] = []
        self.rest = ""

    @property
    def overrun(self) -> bool:
        """Never: this reader ends with its call."""
        return False

    def feed(self, text: str) -> bool:
        """Read on; True when the call is over."""
        return self._read(self._held + text, complete=False)

    def finish(self, *, length: bool) -> None:
        """The text is over; `length` says that a limit ended it."""
        self._read(self._held, complete=True)
        if self._state == "value":
            self._calls += self._cut_off("".join(self._piece), length)
        elif self._state == "lost":
            self._calls.append(self._malformed())

    def calls(self) -> list[RawCall]:
        return self._calls

    def _read(self, text: str, *, complete: bool) -> bool:
        at = 0
        self._held = ""
        while at < len(text) and self._state != "over":
            match self._state:
                case "value":
                    step = self._in_value(text, at, complete)
                case "lost":
                    step = self._in_loss(text, at, complete)
                case _:
                    step = self._behind(text, at, complete)
            if step is None:
                self._held = text[at:]
                return False
            at = step
        self.rest = text[at:]
        return self._state == "over"

    def _in_value(self, text: str, at: int, complete: bool) -> int | None:
        """Take in text up to the next character that matters; None when it takes more to tell."""
        pattern = _INSIDE[self._quote] if self._quote else _OUTSIDE
        found = pattern.search(text, at)
        if found is None:
            self._piece.append(text[at:])
            return len(text)
        if found.start() > at:
            self._piece.append(text[at : found.start()])
            return found.start()
        character, after = found[0], at + 1
        if self._quote:
            if character == "\\":
                if after == len(text) and not complete:
                    return None
                after += 1
            else:
                self._quote = ""
        elif character == "<":
            tag = read_tag(text, at, complete=complete)
            if tag is Pending.MORE:
                return None
            if tag and tag.kind in _ENDS:
                self._end_by_tag()
                return at
        elif character in "\"'":
            self._quote = character
        else:
            self._depth += 1 if character in "{[" else -1
        self._piece.append(text[at:after])
        if not self._quote and self._depth <= 0:
            self._end_balanced()
        return after

    def _behind(self, text: str, at: int, complete: bool) -> int | None:
        """After a complete value: closing tags, stray braces, a fence, another value, or the call's end."""
        character = text[at]
        if character.isspace() or character in "}],;`":
            return at + 1
        if character == "{" and not self.name:
            self._state, self._piece, self._depth = "value", [], 0
            return at
        if character == "<":
            tag = read_tag(text, at, complete=complete)
            if tag is Pending.MORE:
                return None
            if tag and tag.kind == "/function":
                return tag.end
            if tag and tag.kind == "/call":
                self._state = "over"
                return tag.end
        self._state = "over"
        return at

    def _in_loss(self, text: str, at: int, complete: bool) -> int | None:
        """After JSON that can't be read: look for the tag that closes the call."""
        start = text.find("<", at)
        if start < 0:
            return len(text)
        tag = read_tag(text, start, complete=complete)
        if tag is Pending.MORE:
            return start if start > at else None
        if tag and tag.kind in _ENDS:
            self._calls.append(self._malformed())
            self._state = "over"
            return tag.end if tag.kind == "/call" else start
        return start + 1

    def _end_balanced(self) -> None:
        text = "".join(self._piece)
        try:
            reading = read_json(text)
        except Unreadable:
            self._state = "lost"
            return
        if text[reading.end :].strip("}] \t\r\n"):
            self._state = "lost"
            return
        self._calls += self._interpreted(reading.value)
        self._state = "behind"

    def _end_by_tag(self) -> None:
        """A tag outside of every string: whatever is still open was forgotten."""
        text = "".join(self._piece)
        self._state = "behind"
        try:
            reading = read_json(text)
        except Unreadable:
            self._calls.append(self._malformed())
            return
        self._calls += self._interpreted(reading.value)

    def _cut_off(self, text: str, length: bool) -> list[RawCall]:
        """The text ended before the JSON did."""
        if "</tool_call>" in text:
            return [self._malformed()]
        try:
            value = read_json(text).value
        except Unreadable:
            value = None
        calls = [] if value is None or length else self._interpreted(value)
        if calls and all(self._is_whole(call) for call in calls):
            return calls
        name = calls[0].name if calls else self.name or _name_in(text)
        return [RawCall(name, fault="truncated")]

    def _is_whole(self, call: RawCall) -> bool:
        signature = self._signatures.find(call.name)
        given = {name for name, _ in call.arguments}
        return not call.fault and signature is not None and all(name in given for name in signature.required)

    def _malformed(self) -> RawCall:
        return RawCall(
            self.name or _name_in("".join(self._piece)), fault="malformed", reason="it is not JSON"
        )

    def _interpreted(self, value: Any) -> list[RawCall]:
        if not self.name:
            return calls_in(value, self._signatures)
        fields = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
        if fields.keys() >= {"name", "arguments"} and fields["name"] == self.name:
            return calls_in(value, self._signatures)
        return [RawCall(self.name, pairs(fields))]


def calls_in(value: Any, signatures: Signatures) -> list[RawCall]:
    """The calls that a JSON value describes, in any of the shapes that models give them."""
    if isinstance(value, list) and value:
        return [call for item in cast("list[Any]", value) for call in calls_in(item, signatures)]
    if not isinstance(value, dict):
        return [RawCall("", fault="malformed", reason="it is not a JSON object")]
    fields = cast("dict[str, Any]", value)
    if isinstance(several := fields.get("tool_calls"), list):
        return calls_in(several, signatures)
    if isinstance(inner := fields.get("function"), dict):
        return calls_in(inner, signatures)
    name = next((fields[key] for key in _NAME_KEYS if isinstance(fields.get(key), str)), "")
    if not name:
        return [_named_by_key(fields, signatures)]
    key = next((key for key in ARGUMENT_KEYS if key in fields), None)
    if key is None:
        return [RawCall(name, [item for item in fields.items() if item[0] not in _OTHER_KEYS])]
    try:
        return [RawCall(name, pairs(fields[key]))]
    except Unreadable as error:
        return [RawCall(name, fault="truncated" if error.cut else "malformed", reason=str(error))]


def pairs(arguments: Any) -> list[tuple[str, Any]]:
    """The items of an argument object, which may also come as JSON text, as null or as a list of one.

    Raises:
        Unreadable: it is none of these.
    """
    for _ in range(3):
        if not isinstance(arguments, str) or not arguments.strip():
            break
        text = arguments.strip()
        reading = read_json(text)
        if reading.unclosed or text[reading.end :].strip("}] \t\r\n"):
            raise Unreadable("the arguments are not one JSON object", cut=bool(reading.unclosed))
        arguments = reading.value
    if arguments is None or arguments == "" or arguments == []:
        return []
    if isinstance(arguments, list) and len(cast("list[Any]", arguments)) == 1:
        arguments = cast("list[Any]", arguments)[0]
    if not isinstance(arguments, dict):
        raise Unreadable("the arguments are not a JSON object", cut=False)
    return [(str(name), value) for name, value in cast("dict[Any, Any]", arguments).items()]


def _named_by_key(fields: dict[str, Any], signatures: Signatures) -> RawCall:
    """`{"read_file": {"path": …}}`: the only key is the tool."""
    if len(fields) == 1:
        ((name, arguments),) = fields.items()
        if signatures.knows(name) and isinstance(arguments, dict):
            return RawCall(name, pairs(arguments))
    return RawCall("", fault="malformed")


def _name_in(text: str) -> str:
    """The tool that broken JSON names, for the message about it."""
    found = re.search(r"""["'](?:name|function)["']\s*:\s*["']([^"'\n]{1,128})["']""", text[:1000])
    return found[1] if found else ""
