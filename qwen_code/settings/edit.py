"""Saves one setting in a file, atomically, beside other sessions that do the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from qwen_code.errors import ConfigurationError
from qwen_code.settings.atomic_file import locked, make_private, replace_file
from qwen_code.settings.jsonc import JsonError, parse
from qwen_code.settings.jsonc_edit import NotAnObject, set_value, value_at
from qwen_code.settings.keys import BY_PATH
from qwen_code.settings.reading import read_config
from qwen_code.settings.values import Unfit, unfit_sentence


def edit_setting(path: Path, key: str, value: object) -> None:
    """Set `key` (e.g. `tools.approvalMode`) in the settings file at `path`, which is made if need be.

    Comments, unknown keys and layout stay.

    Raises:
        ConfigurationError: the file is not valid or can't be written, or `value` does not fit `key`; the
            file is as it was.
    """
    update_setting(path, key, lambda _: value)


def update_setting(path: Path, key: str, change: Callable[[Any], object]) -> None:
    """Set `key` to what `change` makes of its present value (None when it has none), as one step.

    No other process that uses this function can write in between, so nothing is lost when several
    sessions add to one list.

    Raises:
        ConfigurationError: as for `edit_setting`.
    """
    try:
        make_private(path.parent)
        with locked(path.resolve().parent):
            text = read_config(path) or ""
            changed = _changed(path, text, key, change)
            if changed != text:
                replace_file(path, changed.encode())
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConfigurationError(
            f"{path} could not be saved: {reason}. Its old content is unharmed."
        ) from None


def _changed(path: Path, text: str, key: str, change: Callable[[Any], object]) -> str:
    names = key.split(".")
    try:
        # through JSON, so that what is compared and written is what will be read
        value = json.loads(json.dumps(change(value_at(parse(text), names))))
        if known := BY_PATH.get(key):
            known.kind.read(value)
        return set_value(text, names, value)
    except JsonError as error:
        raise ConfigurationError(f"{path}:{error.line}: {error}. Correct it first.") from None
    except NotAnObject as error:
        what = f"`{error}`" if str(error) else "the file's content"
        raise ConfigurationError(
            f"{path}:{error.line}: {what} must be an object in braces. Correct it first."
        ) from None
    except Unfit as error:
        sentence = unfit_sentence(key, BY_PATH[key].kind, "this", error, secret=True)
        raise ConfigurationError(f"{sentence}. {path} was not changed.") from None
