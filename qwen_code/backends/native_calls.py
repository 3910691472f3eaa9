"""Joins the pieces of native tool calls, also from servers that don't keep to OpenAI's deltas."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, cast


@dataclass(slots=True)
class NativeCall:
    """A call as far as it has come."""

    id: str
    name: str
    pieces: list[str] = field(default_factory=list[str])

    @property
    def arguments(self) -> str:
        return "".join(self.pieces)


class NativeCalls:
    """The calls of one answer, in the order in which they began.

    The format: https://platform.openai.com/docs/api-reference/chat-streaming/streaming. Known deviations:
    every call with index 0 (Ollama), no index (Gemini), empty ids (LM Studio), name and id repeated in every
    delta, a name in pieces (gateways that forward tokens), arguments as an object.
    """

    def __init__(self, known: Collection[str] = ()) -> None:
        """`known`: names of tools, by which a piece of a name is told from a name."""
        self._known = known
        self.calls: list[NativeCall] = []
        self._open: dict[Any, NativeCall] = {}

    def add(self, deltas: object) -> list[str]:
        """Take one delta's `tool_calls`; answers with the names of the calls that begin in it."""
        begun: list[str] = []
        if not isinstance(deltas, list):
            return begun
        for delta in cast("list[Any]", deltas):
            if isinstance(delta, dict):
                self._add(cast("dict[str, Any]", delta), begun)
        return begun

    def _add(self, delta: dict[str, Any], begun: list[str]) -> None:
        function = delta.get("function")
        fields = cast("dict[str, Any]", function) if isinstance(function, dict) else delta
        name, identity = _text(fields.get("name")), _text(delta.get("id"))
        index = delta.get("index") if isinstance(delta.get("index"), int) else None
        call = self._open.get(index) if index is not None else (self.calls[-1] if self.calls else None)
        if call is None or self._begins(call, name, identity):
            if not name and not identity and call is None and not fields.get("arguments"):
                return
            call = NativeCall(identity, name)
            self.calls.append(call)
            self._open[index] = call
            if name and not self._is_piece(name):
                begun.append(name)
        elif name and (not call.name or self._goes_on(call, name)):
            call.name += name
            if not self._is_piece(call.name):
                begun.append(call.name)
        call.id = call.id or identity
        arguments = fields.get("arguments")
        if isinstance(arguments, str):
            call.pieces.append(arguments)
        elif arguments is not None:
            call.pieces.append(json.dumps(arguments, ensure_ascii=False))

    def _begins(self, call: NativeCall, name: str, identity: str) -> bool:
        """True when a delta for the same place is another call."""
        if identity and call.id and identity != call.id:
            return True
        if not name or not call.name or self._goes_on(call, name):
            return False
        # The same name again: a server that repeats it in each delta, or a second call of the same tool.
        return name != call.name or (not identity and bool(call.pieces) and _is_complete(call.arguments))

    def _is_piece(self, name: str) -> bool:
        return name not in self._known and any(known.startswith(name) for known in self._known)

    def _goes_on(self, call: NativeCall, name: str) -> bool:
        """True when `name` is the next piece of the call's name."""
        joined = call.name + name
        return (
            not call.arguments
            and self._is_piece(call.name)
            and any(known.startswith(joined) for known in self._known)
        )


def _is_complete(arguments: str) -> bool:
    try:
        json.loads(arguments)
    except (ValueError, RecursionError):
        return False
    return True


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
