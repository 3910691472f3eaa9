"""The body of a chat completion request, rendered once and never differently.

A message has the same bytes in every request of a session and after a resume: keys in a fixed order, no
sorting, nothing that depends on time or on later messages. What varies least comes first, so that each body
has the one before as its prefix up to the closing brackets; a turn costs the rendering of its new messages.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, cast

from qwen_code.backends.encodable import encodable
from qwen_code.backends.endpoint import Endpoint
from qwen_code.backends.known_models import needs_its_reasoning
from qwen_code.messages import Message, Prompt, ToolCall, ToolSpec
from qwen_code.settings.model import ModelSettings

_OURS = ("messages", "tools", "stream")
"""What `extra_body` can't replace."""

_SEPARATOR = b", "


class RequestBody:
    """Renders prompts for one endpoint and model."""

    def __init__(self, endpoint: Endpoint, settings: ModelSettings, model: str) -> None:
        self._fields = _fixed_fields(endpoint, settings, model)
        self._reasoning_field = needs_its_reasoning(model)
        self._system: tuple[str, bytes] = ("", b"")
        self._tools: tuple[tuple[ToolSpec, ...], bytes] = ((), b"")
        self._messages: list[Message] = []
        self._rendered: list[bytes] = []
        """Each with its separator before it, so that a body is one copy of its parts."""

    @property
    def limits_answer(self) -> bool:
        """True when it says how long the answer may be."""
        return any(name in self._fields for name in ("max_tokens", "max_completion_tokens"))

    def drop(self, name: str) -> bool:
        """Leave out a parameter from now on; False when it was not sent."""
        return self._fields.pop(name, None) is not None

    def encode(self, prompt: Prompt) -> bytes:
        """The whole body for `prompt`."""
        self._render(prompt.messages)
        parts = [_json(self._fields)[:-1]]
        if prompt.tools:
            if self._tools[0] != prompt.tools:
                self._tools = (prompt.tools, _json([_tool(spec) for spec in prompt.tools]))
            parts += [b', "tools": ', self._tools[1]]
        parts.append(b', "messages": [')
        first = len(parts)
        if prompt.system:
            if self._system[0] != prompt.system:
                content = _json({"role": "system", "content": prompt.system})
                self._system = (prompt.system, _SEPARATOR + content)
            parts.append(self._system[1])
        parts += self._rendered
        parts.append(b"]}")
        parts[first] = parts[first].removeprefix(_SEPARATOR)
        return b"".join(parts)

    def _render(self, messages: tuple[Message, ...]) -> None:
        known = 0
        for ours, theirs in zip(self._messages, messages, strict=False):
            if ours is not theirs and ours != theirs:
                break
            known += 1
        del self._messages[known:], self._rendered[known:]
        for message in messages[known:]:
            self._messages.append(message)
            self._rendered.append(_SEPARATOR + _json(self._message(message)))

    def _message(self, message: Message) -> dict[str, Any]:
        if message.role == "tool":
            return {"role": "tool", "tool_call_id": message.tool_call_id, "content": message.text}
        rendered: dict[str, Any] = {"role": message.role, "content": message.text}
        if message.tool_calls:
            if self._reasoning_field:
                rendered[self._reasoning_field] = message.reasoning
            rendered["tool_calls"] = [_call(call) for call in message.tool_calls]
        return rendered


def _fixed_fields(endpoint: Endpoint, settings: ModelSettings, model: str) -> dict[str, Any]:
    provider, sampling = endpoint.provider, settings.sampling
    fields: dict[str, Any] = {"model": model, "stream": True}
    if provider.stream_usage:
        fields["stream_options"] = {"include_usage": True}
    if provider.prefill_progress:
        fields["return_progress"] = True
    chosen = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        provider.top_k_field: sampling.top_k,
        provider.repetition_penalty_field: sampling.repetition_penalty,
        "seed": sampling.seed,
        provider.max_tokens_field: sampling.max_tokens or provider.default_max_tokens,
    }
    fields.update({name: value for name, value in chosen.items() if name and value is not None})
    fields.update({name: value for name, value in settings.extra_body.items() if name not in _OURS})
    return fields


def _tool(spec: ToolSpec) -> dict[str, Any]:
    function = {"name": spec.name, "description": spec.description, "parameters": spec.parameters}
    return {"type": "function", "function": function}


def _call(call: ToolCall) -> dict[str, Any]:
    # Arguments with Python's default spacing, which is what Qwen models write themselves: where a server puts
    # this text into its template as it is, its prompt cache still matches what the model generated.
    arguments = _json(call.arguments).decode()
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def _json(value: Any) -> bytes:
    """`value` as UTF-8 JSON that every server can read: no NaN, no half of a surrogate pair."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except ValueError:
        text = json.dumps(_finite(value), ensure_ascii=False)
    try:
        return text.encode()
    except UnicodeEncodeError:
        return encodable(text).encode()


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in cast("list[Any]", value)]
    return value
