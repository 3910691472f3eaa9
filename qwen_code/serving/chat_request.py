"""The body of `POST /v1/chat/completions`, understood.

https://platform.openai.com/docs/api-reference/chat/create, as far as a text model in this process goes. What
would silently mean something else than asked is refused; fields that only tune are ignored.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from qwen_code.local.runtime import Demand
from qwen_code.messages import Message, Prompt, ToolCall, ToolSpec
from qwen_code.serving.refusal import Refusal
from qwen_code.settings.model import SamplingSettings


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What a client asks for."""

    model: str
    prompt: Prompt
    demand: Demand
    sampling: SamplingSettings
    stream: bool
    usage: bool
    """A streamed answer ends with a chunk that has the usage."""
    progress: bool
    """llama-server's `return_progress`: how far the prompt is evaluated."""


class _Lenient(BaseModel):
    model_config = ConfigDict(extra="ignore")


class _Part(_Lenient):
    type: str
    text: str = ""


class _CalledFunction(_Lenient):
    name: str
    arguments: str | dict[str, Any] = ""


class _Call(_Lenient):
    id: str = ""
    function: _CalledFunction


class _Message(_Lenient):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[_Part] | None = None
    tool_calls: list[_Call] | None = None
    tool_call_id: str = ""


class _Function(_Lenient):
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,128}$")]
    description: str | None = None
    parameters: dict[str, Any] | None = None


class _Tool(_Lenient):
    type: Literal["function"] = "function"
    function: _Function


class _NamedFunction(_Lenient):
    name: str


class _ChosenTool(_Lenient):
    function: _NamedFunction


class _StreamOptions(_Lenient):
    include_usage: bool | None = None


class _JsonSchema(_Lenient):
    schema_: dict[str, Any] | None = Field(None, alias="schema")


class _ResponseFormat(_Lenient):
    type: Literal["text", "json_object", "json_schema"]
    json_schema: _JsonSchema | None = None


class _Body(_Lenient):
    model: str = ""
    messages: Annotated[list[_Message], Field(min_length=1)]
    tools: list[_Tool] | None = None
    tool_choice: Literal["none", "auto", "required"] | _ChosenTool | None = None
    response_format: _ResponseFormat | None = None
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    return_progress: bool | None = None
    n: int | None = None
    logprobs: bool | None = None
    stop: str | list[str] | None = None
    seed: int | None = None
    temperature: Annotated[float, Field(ge=0, le=5)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    top_k: int | None = None
    repetition_penalty: Annotated[float, Field(gt=0, le=5)] | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None


def read_request(body: bytes) -> ChatRequest:
    """Understand a request's body.

    Raises:
        Refusal: it is not one, or asks for what can't be done.
    """
    try:
        parsed = _Body.model_validate_json(body)
    except ValidationError as error:
        raise _refusal(error) from None
    if (parsed.n or 1) != 1:
        raise Refusal(400, "n must be 1: one answer at a time.", param="n")
    if parsed.logprobs:
        raise Refusal(400, "logprobs are not available.", param="logprobs")
    tools = tuple(_spec(tool.function) for tool in parsed.tools or ())
    return ChatRequest(
        model=parsed.model,
        prompt=Prompt(_system(parsed.messages), tools, tuple(_messages(parsed.messages))),
        demand=replace(_demand(parsed, tools), stop=_stop(parsed)),
        sampling=SamplingSettings(
            temperature=parsed.temperature,
            top_p=parsed.top_p,
            top_k=parsed.top_k,
            repetition_penalty=parsed.repetition_penalty,
            max_tokens=parsed.max_completion_tokens or parsed.max_tokens,
            seed=parsed.seed,
        ),
        stream=bool(parsed.stream),
        usage=bool(parsed.stream_options and parsed.stream_options.include_usage),
        progress=bool(parsed.return_progress),
    )


def _refusal(error: ValidationError) -> Refusal:
    first = error.errors(include_url=False, include_input=False)[0]
    param = ".".join(str(step) for step in first["loc"] if not str(step).startswith(("list[", "literal[")))
    if first["type"] == "json_invalid":
        return Refusal(400, "The body is not JSON.")
    where = f"{param}: " if param else "The body: "
    return Refusal(400, f"{where}{first['msg'].lower()}.", param=param)


def _spec(function: _Function) -> ToolSpec:
    parameters = function.parameters or {"type": "object", "properties": {}}
    return ToolSpec(function.name, function.description or "", parameters)


def _stop(body: _Body) -> tuple[str, ...]:
    words = [body.stop] if isinstance(body.stop, str) else body.stop or []
    return tuple(word for word in words if word)


def _demand(body: _Body, tools: Sequence[ToolSpec]) -> Demand:
    wanted = body.response_format
    if wanted is not None and wanted.type != "text":
        schema = wanted.json_schema.schema_ if wanted.json_schema else None
        return Demand(schema=schema or {"type": "object"})
    match body.tool_choice:
        case None | "auto":
            return Demand()
        case "none":
            return Demand("none")
        case "required":
            name = ""
        case _ChosenTool(function=function):
            name = function.name
    if not any(name in ("", tool.name) for tool in tools):
        missing = f"a tool {name}" if name else "tools"
        raise Refusal(
            400, f"tool_choice asks for {missing}, and `tools` offers none such.", param="tool_choice"
        )
    return Demand("must", name)


def _system(messages: Sequence[_Message]) -> str:
    """The system text: what stands before the first message of anybody else."""
    texts: list[str] = []
    for message in messages:
        if message.role not in ("system", "developer"):
            break
        texts.append(_text(message))
    return "\n\n".join(texts)


def _messages(messages: Sequence[_Message]) -> Iterator[Message]:
    """The conversation; a system message in its midst counts as said by the user."""
    rest = list(messages)
    while rest and rest[0].role in ("system", "developer"):
        rest.pop(0)
    while rest:
        message = rest.pop(0)
        if message.role == "tool":
            raise Refusal(400, "A tool message answers no call: the assistant's message before it has none.")
        if message.role != "assistant":
            yield Message("user", _text(message))
            continue
        calls = tuple(_call(call) for call in message.tool_calls or ())
        yield Message("assistant", _text(message), tool_calls=calls)
        results: dict[str, str] = {}
        while calls and rest and rest[0].role == "tool":
            result = rest.pop(0)
            results[result.tool_call_id] = _text(result)
        for call in calls:
            if call.id not in results:
                raise Refusal(400, f"The call {call.id} of {call.name} has no tool message that answers it.")
            yield Message("tool", results[call.id], tool_call_id=call.id)


def _text(message: _Message) -> str:
    if not isinstance(message.content, list):
        return message.content or ""
    for part in message.content:
        if part.type not in ("text", "refusal"):
            raise Refusal(400, f"This model reads text only, not {part.type}.", param="messages")
    return "".join(part.text for part in message.content)


def _call(call: _Call) -> ToolCall:
    arguments: Any = call.function.arguments
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments or "{}")
        except (ValueError, RecursionError):
            arguments = None
    if not isinstance(arguments, dict):
        raise Refusal(
            400, f"The arguments of the call {call.id} of {call.function.name} are not a JSON object."
        )
    return ToolCall(call.id, call.function.name, cast("dict[str, Any]", arguments))
