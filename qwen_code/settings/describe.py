"""Tells people what is set and by whom: the rows of `qwen-code config show --origin`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import Any, NamedTuple, cast

from qwen_code.settings.key import Key
from qwen_code.settings.keys import KEYS
from qwen_code.settings.loaded import LoadedSettings
from qwen_code.settings.model import Settings
from qwen_code.settings.origin import DEFAULT
from qwen_code.settings.values import show


class Row(NamedTuple):
    """One setting, or one item of a list that several sources add to."""

    key: str
    """The name in files."""
    value: str
    """As a file would have it; secrets are masked, and what is not set is empty."""
    origin: str
    given: bool
    """False where nobody said anything and the default holds."""


def describe(loaded: LoadedSettings) -> list[Row]:
    """Every setting in the order of the table."""
    rows: list[Row] = []
    fields: set[str] = set()
    for key in KEYS:
        if key.field in fields:  # an older spelling
            continue
        fields.add(key.field)
        if items := loaded.items.get(key.field):
            for source in items:
                place = str(source.origin)
                rows += [Row(source.key.path, show(text), place, True) for text in source.texts]
        else:
            value = field_value(loaded.settings, key)
            origin = loaded.origins.get(key.field, DEFAULT)
            rows.append(Row(key.path, render(key, value), str(origin), origin is not DEFAULT))
    return rows


def field_value(settings: Settings, key: Key) -> object:
    """What `settings` has in the field of `key`."""
    return reduce(
        lambda section, name: cast(object, getattr(section, name)), key.field.split("."), cast(Any, settings)
    )


def render(key: Key, value: object) -> str:
    """A field's value as text for people, in the file's unit."""
    if value is None and (written := key.kind.write(None)) is not None:
        return f"{written}"
    if value in (None, "", (), {}):
        return ""
    if key.secret:
        if isinstance(value, Mapping):
            headers = cast("Mapping[str, str]", value)
            return show({name: mask(text) for name, text in headers.items()})
        return mask(str(value))
    return show(
        list(cast("tuple[object, ...]", value)) if isinstance(value, tuple) else key.kind.write(value)
    )


def mask(secret: str) -> str:
    """Enough of a secret to tell two apart: the last four characters of a long one."""
    return "***" + secret[-4:] if len(secret) >= 16 else "***"
