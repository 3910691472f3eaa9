"""Tool parameters: a frozen dataclass -> JSON schema for the model, and JSON arguments -> that dataclass.

The schema is derived by hand because it is sent with every request and must be small and stable (pydantic's
own has titles and `anyOf` nulls: about 40 % more tokens). The arguments are untrusted and validated by
pydantic's core, for which the same walk over the fields writes the validator: importing all of pydantic and
building models would cost a short run 80 ms of CPU.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

from qwen_code.tool import ToolFailure

P = TypeVar("P")

_SCALARS: dict[Any, str] = {str: "string", int: "integer", float: "number", bool: "boolean"}


def schema_of(params: type[Any], descriptions: dict[str, str] | None = None) -> dict[str, Any]:
    """The JSON schema of a params dataclass.

    Supported field types: str, int, float, bool, Literal of strings, `X | None`, list or tuple of these,
    and nested dataclasses. `descriptions` names fields; nested ones as `todos.status`.

    Raises:
        TypeError: a field has another type; a mistake of the tool's author.
    """
    return _object_schema(params, descriptions or {}, "")


def _object_schema(params: type[Any], descriptions: dict[str, str], prefix: str) -> dict[str, Any]:
    hints = typing.get_type_hints(params)
    properties: dict[str, Any] = {}
    required: list[str] = []
    for field in dataclasses.fields(params):
        path = f"{prefix}{field.name}"
        schema = _schema(hints[field.name], descriptions, path)
        if text := descriptions.get(path):
            schema = {"type": schema.pop("type"), "description": text, **schema}
        properties[field.name] = schema
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            required.append(field.name)
    return {"type": "object", "properties": properties, "required": required}


def _schema(hint: Any, descriptions: dict[str, str], path: str) -> dict[str, Any]:
    if hint in _SCALARS:
        return {"type": _SCALARS[hint]}
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return _object_schema(hint, descriptions, f"{path}.")
    origin, args = get_origin(hint), get_args(hint)
    if origin is Literal:
        return {"type": "string", "enum": list(args)}
    if origin in (list, tuple):
        return {"type": "array", "items": _schema(args[0], descriptions, path)}
    if origin in (Union, types.UnionType):
        (kind,) = [a for a in args if a is not type(None)]
        return _schema(kind, descriptions, path)
    raise TypeError(f"{path}: a tool parameter can't have the type {hint!r}")


def parse(params: type[P], arguments: dict[str, Any], tool: str) -> P:
    """Validate what the model sent against a params dataclass.

    Lax where a model's meaning is plain (`"10"` for 10); unknown arguments are refused, since a call
    that ignores what was asked does something else than was meant.

    Raises:
        ToolFailure: kind `schema`, with one sentence for each argument at fault.
    """
    from pydantic_core import ValidationError

    known = {f.name for f in dataclasses.fields(typing.cast(Any, params))}
    unknown = [name for name in arguments if name not in known]
    faults = [f"unknown argument `{name}`" for name in unknown]
    try:
        value: P = _validator(params).validate_python(_given(params, arguments))
    except ValidationError as error:
        faults += [_sentence(e["loc"], e["msg"], e["type"]) for e in error.errors()]
    else:
        if not faults:
            return value
    signature = ", ".join(sorted(known))
    raise ToolFailure(f"Invalid call of {tool}: {'; '.join(faults)}. It takes: {signature}.", "schema")


def _given(params: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments that are known, less optional ones given as null: models write that for "none"."""
    optional = {
        field.name: field.default is not dataclasses.MISSING
        or field.default_factory is not dataclasses.MISSING
        for field in dataclasses.fields(params)
    }
    return {k: v for k, v in arguments.items() if k in optional and not (v is None and optional[k])}


_validators: dict[Any, Any] = {}


def _validator(params: type[Any]) -> Any:
    if params not in _validators:
        from pydantic_core import SchemaValidator

        _validators[params] = SchemaValidator(_core_object(params))
    return _validators[params]


def _core_object(params: type[Any]) -> Any:
    """What pydantic-core must know of a params dataclass (its `core_schema.dataclass_schema`)."""
    hints = typing.get_type_hints(params)
    names = [field.name for field in dataclasses.fields(params)]
    fields: list[dict[str, Any]] = []
    for field in dataclasses.fields(params):
        schema = _core(hints[field.name])
        if field.default is not dataclasses.MISSING:
            schema = {"type": "default", "schema": schema, "default": field.default}
        elif field.default_factory is not dataclasses.MISSING:
            schema = {"type": "default", "schema": schema, "default_factory": field.default_factory}
        fields.append({"type": "dataclass-field", "name": field.name, "schema": schema})
    arguments = {"type": "dataclass-args", "dataclass_name": params.__name__, "fields": fields}
    return {"type": "dataclass", "cls": params, "schema": arguments, "fields": names, "slots": True}


def _core(hint: Any) -> dict[str, Any]:
    if hint in _SCALARS:
        return {"type": hint.__name__}
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return _core_object(hint)
    origin, args = get_origin(hint), get_args(hint)
    if origin is Literal:
        return {"type": "literal", "expected": list(args)}
    if origin is list:
        return {"type": "list", "items_schema": _core(args[0])}
    if origin is tuple:
        return {"type": "tuple", "items_schema": [_core(args[0])], "variadic_item_index": 0}
    (kind,) = [a for a in args if a is not type(None)]
    return {"type": "nullable", "schema": _core(kind)}


def _sentence(location: tuple[int | str, ...], message: str, kind: str) -> str:
    name = ".".join(str(part) for part in location)
    if kind == "missing":
        return f"missing required argument `{name}`"
    return f"argument `{name}`: {message[:1].lower()}{message[1:]}"
