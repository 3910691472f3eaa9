"""Decodes the arguments of a native tool call, as OpenAI-compatible servers send them: JSON in a string.

Known deviations: empty, `null`, two objects (an empty one first), a Markdown fence around them, a JSON string
in a JSON string, the XML parameters of the model (qwen-code#783, opencode#1585), slips in the JSON, and a
text that stops where the server's limit was.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

from qwen_code.messages import ToolSpec
from qwen_code.wire.decoder import Decoded, Decoder, gathered
from qwen_code.wire.hermes_json import ARGUMENT_KEYS, pairs
from qwen_code.wire.opener import Opener
from qwen_code.wire.region import CallRegion
from qwen_code.wire.repair import Unreadable, read_json, unfenced
from qwen_code.wire.signatures import RawCall, Signatures

_LEAKED_ENDS = re.compile(r"(?<=\})\s*(?:</(?:function|tool_call)>\s*)+$")
_XML_STARTS = ("<parameter", "<function", "<tool_call", "<invoke")


def decode_native(
    name: str,
    arguments_text: str,
    tools: Sequence[ToolSpec],
    finish_reason: str = "stop",
    call_id: str = "",
) -> Decoded:
    """One call of a server that parses calls itself; `call_id` as the server gave it, else `call_1`.

    Arguments in XML may turn out to be several calls; the further ones get ids made from the first.
    """
    signatures = Signatures(tools)
    new_id = _ids(call_id or "call_1")
    text = unfenced(_LEAKED_ENDS.sub("", arguments_text))
    if text.startswith(_XML_STARTS):
        found = _from_xml(name, text, signatures, tools, finish_reason, new_id)
        if found.calls or found.errors:
            return found
        raw = RawCall(name, fault="malformed", reason="its markup holds no call")
    else:
        raw = _from_json(name, text, signatures, finish_reason == "length")
    completed = signatures.complete(raw, new_id)
    return Decoded("", (completed.call,) if completed.call else (), completed.errors)


def _ids(first: str) -> Callable[[], str]:
    numbers = count(1)

    def following() -> str:
        number = next(numbers)
        return first if number == 1 else f"{first}_{number}"

    return following


def _from_json(name: str, text: str, signatures: Signatures, length: bool) -> RawCall:
    if not text or text in ("null", "None", "undefined"):
        return RawCall(name)
    try:
        values, unclosed = _objects(text)
        arguments = _only(values)
        arguments = _unwrapped(name, arguments, signatures)
    except Unreadable as error:
        return RawCall(name, fault="truncated" if error.cut else "malformed", reason=str(error))
    signature = signatures.find(name)
    if unclosed and (length or not signature or set(signature.required) - {key for key, _ in arguments}):
        return RawCall(name, fault="truncated")
    return RawCall(name, arguments)


def _unwrapped(name: str, arguments: list[tuple[str, Any]], signatures: Signatures) -> list[tuple[str, Any]]:
    """The arguments inside, where the whole call or a key that the tool does not have stands around them."""
    signature = signatures.find(name)
    around = dict(arguments)
    inner = [key for key in ARGUMENT_KEYS if key in around]
    if (
        signature is None
        or len(inner) != 1
        or signature.knows(inner[0])
        or around.keys() - {inner[0], "name"}
    ):
        return arguments
    if "name" in around and (
        signature.knows("name") or signatures.find(str(around["name"])) is not signature
    ):
        return arguments
    return pairs(around[inner[0]])


def _objects(text: str) -> tuple[list[Any], bool]:
    """The values that stand one behind the other, and whether the last lacks a bracket."""
    values: list[Any] = []
    at = 0
    while True:
        reading = read_json(text, at)
        values.append(reading.value)
        at = reading.end
        while at < len(text) and (text[at].isspace() or text[at] in "}],;"):
            at += 1
        if at == len(text):
            return values, bool(reading.unclosed)
        if text[at] != "{":
            raise Unreadable("text follows the JSON object", cut=False)


def _only(values: Sequence[Any]) -> list[tuple[str, Any]]:
    """The arguments, if the objects say the same but for empty ones."""
    arguments: list[tuple[str, Any]] = []
    for value in values:
        given = pairs(value)
        if arguments and given and given != arguments:
            raise Unreadable("there are two different argument objects", cut=False)
        arguments = given or arguments
    return arguments


def _from_xml(
    name: str,
    text: str,
    signatures: Signatures,
    tools: Sequence[ToolSpec],
    finish_reason: str,
    new_id: Callable[[], str],
) -> Decoded:
    if text.startswith("<parameter"):
        region = CallRegion(signatures, new_id, Opener("xml", 0, 0, name))
        return gathered([*region.feed(text), *region.finish(length=finish_reason == "length")])
    decoder = Decoder(tools, new_id=new_id)
    found = gathered([*decoder.feed(text), *decoder.finish(finish_reason)])
    return Decoded("", found.calls, found.errors)
