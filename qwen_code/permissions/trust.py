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
    entries = _read(file)
    place = Path(os.path.realpath(directory))
    best, trusted = -1, False
    for text, level in entries.items():
        named = Path(os.path.realpath(text))
        reach = named.parent if level == TRUST_PARENT else named
        if (place == reach or place.is_relative_to(reach)) and len(reach.parts) >= best:
            best, trusted = len(reach.parts), level in (TRUST_FOLDER, TRUST_PARENT)
    return trusted


def _read(file: Path) -> dict[str, str]:
    try:
        value: Any = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(value, dict):
        return {}
    entries = cast("dict[str, Any]", value)
    return {text: level for text, level in entries.items() if text.startswith("/") and isinstance(level, str)}
