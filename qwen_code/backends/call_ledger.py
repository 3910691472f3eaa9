"""Which calls of an answer have been handed on: each once, under an id of its own."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import Literal, TypeAlias

from qwen_code.backends.encodable import encodable, encodable_json
from qwen_code.chunks import BadCall
from qwen_code.messages import Prompt, ToolCall

Source: TypeAlias = Literal["text", "native"]


class CallLedger:
    """Servers may send a call natively and leave it in the text as well, give calls no ids, or use ids again.

    Two equal calls from one source are two calls; one from each source is one call sent twice.
    """

    def __init__(self, prompt: Prompt) -> None:
        self._ids = {call.id for message in prompt.messages for call in message.tool_calls}
        self._seen: dict[Source, Counter[str]] = {"text": Counter(), "native": Counter()}
        self._lost: list[tuple[BadCall, Source]] = []
        self._given: dict[tuple[Source, str], str] = {}
        self.any_calls = False

    def take(self, call: ToolCall, source: Source) -> ToolCall | None:
        """`call` as it is to be handed on, or None when it came from the other source already."""
        key = _key(call)
        if "\\ud" in key:
            call = replace(call, name=encodable(call.name), arguments=encodable_json(call.arguments))
        self._seen[source][key] += 1
        self.any_calls = True
        if self._seen[source][key] <= self._seen["native" if source == "text" else "text"][key]:
            self._given[source, call.id] = ""
            return None
        identity = self._given[source, call.id] = self._unique(call.id)
        return call if identity == call.id else replace(call, id=identity)

    def lose(self, bad: BadCall, source: Source) -> None:
        """Note what could not be understood; what remains of it is told by `losses`."""
        self._lost.append((bad, source))

    def losses(self) -> list[BadCall]:
        """What went wrong and matters: not the remains in the text of calls that also came natively."""
        told: list[BadCall] = []
        for bad, source in self._lost:
            if bad.call_id:
                identity = self._given.get((source, bad.call_id), bad.call_id)
                if identity:
                    told.append(replace(bad, call_id=identity))
            elif source == "native" or not self._came_natively(bad.name):
                told.append(bad)
        return told

    def _came_natively(self, name: str) -> bool:
        return any(not name or key.startswith(f"{name} ") for key in self._seen["native"])

    def free_id(self) -> str:
        """An id that no call of the conversation has."""
        number = len(self._ids) + 1
        while f"call_{number}" in self._ids:
            number += 1
        return f"call_{number}"

    def _unique(self, identity: str) -> str:
        if not identity or identity in self._ids:
            identity = self.free_id()
        self._ids.add(identity)
        return identity


def _key(call: ToolCall) -> str:
    return f"{call.name} {json.dumps(call.arguments, sort_keys=True, default=str)}"
