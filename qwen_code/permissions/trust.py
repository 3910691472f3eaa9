"""Which folders a person trusts: only their settings, instructions, hooks and servers are obeyed.

Kept in `~/.qwen/trustedFolders.json` as Qwen Code does: an object from directory to `TRUST_FOLDER` (it and
all below), `TRUST_PARENT` (all below the directory above it) or `DO_NOT_TRUST`. The nearest entry decides.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, cast

TRUST_FOLDER = "TRUST_FOLDER"
TRUST_PARENT = "TRUST_PARENT"
DO_NOT_TRUST = "DO_NOT_TRUST"


def is_trusted(directory: Path, file: Path) -> bool:
    """Whether `file` says that `directory` is trusted. A file that can't be understood trusts nothing."""
    place = Path(os.path.realpath(directory))
    nearest = (-1, False)
    for text, level in _read(file).items():
        named = Path(os.path.realpath(text))
        reach = named.parent if level == TRUST_PARENT else named
        if place == reach or place.is_relative_to(reach):
            # of two entries about the same folder the one that distrusts counts
            refuses = level not in (TRUST_FOLDER, TRUST_PARENT)
            nearest = max(nearest, (len(reach.parts), refuses))
    depth, refused = nearest
    return depth >= 0 and not refused


def trust(directory: Path, file: Path) -> None:
    """Write into `file` that `directory`, and all below it, is trusted; other entries stay.

    Raises:
        ConfigurationError: the file is not valid or can't be written; it is as it was.
    """
    from qwen_code.errors import ConfigurationError
    from qwen_code.settings.atomic_file import locked, replace_file
    from qwen_code.settings.jsonc import JsonError
    from qwen_code.settings.jsonc_edit import NotAnObject, set_value

    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with locked(file.parent.resolve()):
            text = file.read_text("utf-8") if file.exists() else ""
            replace_file(file, set_value(text, [os.path.realpath(directory)], TRUST_FOLDER).encode())
    except (JsonError, NotAnObject) as error:
        raise ConfigurationError(f"{file}:{error.line}: {error}. Correct or remove the file first.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file} could not be saved: {error}.") from None


def _read(file: Path) -> dict[str, str]:
    try:
        value: Any = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(value, dict):
        return {}
    entries = cast("dict[str, Any]", value)
    return {text: level for text, level in entries.items() if text.startswith("/") and isinstance(level, str)}
