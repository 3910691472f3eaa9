"""What is known of the tools that were offered, and how a call is completed with it.

A reader of the wire finds a name and raw arguments; here they become a `ToolCall` with converted arguments,
and a `BadCall` for what a tool could not run: an unknown name, a missing or mistyped argument, the same
argument twice with different values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from qwen_code.chunks import BadCall
from qwen_code.messages import ToolCall, ToolSpec
from qwen_code.wire.coerce import Schema, fault, from_json, from_text

CUT = "The call{of} was cut off before its end and was not run. Make it again; a long text in smaller parts."


@dataclass(frozen=True, slots=True)
class RawCall:
    """A call as it stood on the wire."""

    name: str
    arguments: Sequence[tuple[str, Any]] = ()
    """In order of appearance; the same name may come twice. An empty name marks one that can't be meant."""
    text: bool = False
    """The values are XML text, not JSON."""
    fault: Literal["", "truncated", "malformed"] = ""
    reason: str = ""
    """For `malformed`: what is wrong, as a clause."""


@dataclass(frozen=True, slots=True)
class Completed:
    """What became of a raw call."""

    name: str
    """The tool's own name where one was meant, else as written."""
    call: ToolCall | None
    errors: tuple[BadCall, ...] = field(default=())


class Signature:
    """One tool's parameters."""

    def __init__(self, spec: ToolSpec) -> None:
        self.name = spec.name
        parameters: Any = spec.parameters
        self._schema: dict[str, Any] = (
            cast("dict[str, Any]", parameters) if isinstance(parameters, dict) else {}
        )
        properties = self._schema.get("properties")
        self._properties = cast("dict[str, Any]", properties) if isinstance(properties, dict) else {}
        required = self._schema.get("required")
        listed = cast("list[Any]", required) if isinstance(required, list) else []
        self.required = tuple(name for name in listed if isinstance(name, str))

    def knows(self, parameter: str) -> bool:
        """True for a parameter of this tool; for any when its schema names none."""
        return parameter in self._properties or not self._properties

    def parameter(self, written: str) -> str:
        """The parameter meant by `written`: itself, or the only one that differs from it in case alone."""
        if written in self._properties:
            return written
        folded = written.casefold()
        alike = [name for name in self._properties if name.casefold() == folded]
        return alike[0] if len(alike) == 1 else written

    def schema(self, parameter: str) -> Schema:
        if parameter in self._properties:
            return Schema(self._properties[parameter], self._schema)
        return Schema(self._schema.get("additionalProperties"), self._schema)

    def faults(self, arguments: Mapping[str, Any]) -> list[str]:
        """What keeps the tool from running with `arguments`, as clauses."""
        found = [f"missing required argument `{name}`" for name in self.required if name not in arguments]
        for name, value in arguments.items():
            if value is None and name not in self.required:
                continue
            if wrong := fault(value, self.schema(name)):
                found.append(f"argument `{name}` {wrong}")
        return found


class Signatures:
    """All tools that were offered."""

    def __init__(self, tools: Sequence[ToolSpec]) -> None:
        self._by_name = {spec.name: Signature(spec) for spec in tools}
        folded: dict[str, list[Signature]] = {}
        for signature in self._by_name.values():
            folded.setdefault(signature.name.casefold(), []).append(signature)
        self._by_folded_name = {name: alike[0] for name, alike in folded.items() if len(alike) == 1}

    def find(self, written: str) -> Signature | None:
        """The tool meant by `written`: of that name, or the only one that differs from it in case alone."""
        return self._by_name.get(written) or self._by_folded_name.get(written.strip().casefold())

    def knows(self, written: str) -> bool:
        return self.find(written) is not None

    def may_begin(self, start: str) -> bool:
        """True when a tool's name begins with `start`."""
        return any(name.startswith(start) for name in self._by_name)

    def complete(self, raw: RawCall, new_id: Callable[[], str]) -> Completed:
        """The call that `raw` stands for, and what is wrong with it. `new_id` is asked if there is a call."""
        signature = self.find(raw.name)
        name = signature.name if signature else raw.name.strip()
        if raw.fault == "truncated":
            of = f" of {name}" if name else ""
            return Completed(name, None, (BadCall("truncated", CUT.format(of=of), name),))
        if raw.fault == "malformed" or not name:
            reason = raw.reason or "it names no tool"
            return Completed(name, None, (_malformed(name, reason),))
        arguments: dict[str, Any] = {}
        for written, value in raw.arguments:
            parameter = signature.parameter(written) if signature else written
            if not parameter:
                continue
            converted = _converted(signature, parameter, value, raw.text)
            if parameter in arguments and arguments[parameter] != converted:
                return Completed(name, None, (_malformed(name, f"`{parameter}` is given twice"),))
            arguments[parameter] = converted
        return self._checked(signature, ToolCall(new_id(), name, arguments))

    def _checked(self, signature: Signature | None, call: ToolCall) -> Completed:
        if signature is None:
            message = f"There is no tool named `{call.name}`. {self._alternatives(call.name)}"
            return Completed(call.name, call, (BadCall("unknown_tool", message, call.name, call.id),))
        faults = signature.faults(call.arguments)
        if not faults:
            return Completed(call.name, call)
        message = f"Invalid call of {call.name}: {'; '.join(faults)}."
        return Completed(call.name, call, (BadCall("schema", message, call.name, call.id),))

    def _alternatives(self, name: str) -> str:
        from difflib import get_close_matches

        known = {known.casefold(): known for known in self._by_name}
        close = [known[match] for match in get_close_matches(name.casefold(), list(known), n=3, cutoff=0.7)]
        if close:
            return f"Did you mean {' or '.join(f'`{match}`' for match in close)}?"
        if not known:
            return "No tools can be called here."
        return f"The tools are: {', '.join(sorted(self._by_name))}."


def _converted(signature: Signature | None, parameter: str, value: Any, text: bool) -> Any:
    if signature is None:
        return value
    schema = signature.schema(parameter)
    return from_text(value, schema) if text else from_json(value, schema)


def _malformed(name: str, reason: str) -> BadCall:
    of = f" of {name}" if name else ""
    message = f"The call{of} can't be understood: {reason}. Make it again in the format given for calls."
    return BadCall("malformed", message, name)
