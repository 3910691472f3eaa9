"""Which folders a person trusts: only their settings, instructions, hooks and servers are obeyed.

Kept in `~/.qwen/trustedFolders.json` as Qwen Code does: an object from directory to `TRUST_FOLDER` (it and
all below), `TRUST_PARENT` (all below the directory above it) or `DO_NOT_TRUST`. The nearest entry decides.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

TRUST_FOLDER: Final = "TRUST_FOLDER"
TRUST_PARENT: Final = "TRUST_PARENT"
DO_NOT_TRUST: Final = "DO_NOT_TRUST"
_LEVELS: Final = (TRUST_FOLDER, TRUST_PARENT, DO_NOT_TRUST)


@dataclass(frozen=True, slots=True)
class Trust:
    """What is on record about one folder."""

    trusted: bool = False
    decided: bool = False
    """Whether the person has said anything about it."""
    problem: str = ""
    """What is wrong with the record: file, line and remedy. Nothing that is wrong trusts anything."""


def trust_of(directory: Path, file: Path) -> Trust:
    """What `file` says about `directory`. A file that can't be understood trusts nothing."""
    from qwen_code.errors import ConfigurationError
    from qwen_code.settings.jsonc import JsonError, parse
    from qwen_code.settings.reading import read_config

    try:
        text = read_config(file)
        root = parse(text or "{}")
    except JsonError as error:
        return Trust(problem=f"{file}:{error.line}: {error}. {_REMEDY}")
    except ConfigurationError as error:
        return Trust(problem=f"{error} {_REMEDY}")
    if not isinstance(root.value, dict):
        return Trust(problem=f"{file}:{root.line}: it must be an object from folder to level. {_REMEDY}")
    place = Path(os.path.realpath(directory))
    nearest, problem = (-1, False), ""
    for name, node in root.value.items():
        level = node.value
        if not name.startswith("/") or level not in _LEVELS:
            known = ", ".join(_LEVELS)
            problem = problem or f"{file}:{node.line}: `{name}` must be a whole path with one of {known}."
        if not name.startswith("/") or not isinstance(level, str):
            continue
        named = Path(os.path.realpath(name))
        reach = named.parent if level == TRUST_PARENT else named
        if place == reach or place.is_relative_to(reach):
            # of two entries about the same folder the one that distrusts counts
            nearest = max(nearest, (len(reach.parts), level not in (TRUST_FOLDER, TRUST_PARENT)))
    depth, refused = nearest
    return Trust(depth >= 0 and not refused, depth >= 0, problem)


_REMEDY: Final = "Until it is corrected or removed, no folder is trusted."


def is_trusted(directory: Path, file: Path) -> bool:
    """Whether `file` says that `directory` is trusted."""
    return trust_of(directory, file).trusted


def trust(directory: Path, file: Path, level: str = TRUST_FOLDER) -> None:
    """Write into `file` that `directory`, and all below it, is trusted (or not); other entries stay.

    Raises:
        ConfigurationError: the file is not valid or can't be written; it is as it was.
    """
    from qwen_code.errors import ConfigurationError
    from qwen_code.settings.atomic_file import locked, make_private, replace_file
    from qwen_code.settings.jsonc import JsonError
    from qwen_code.settings.jsonc_edit import NotAnObject, set_value

    try:
        make_private(file.parent)
        with locked(file.parent.resolve()):
            text = file.read_text("utf-8") if file.exists() else ""
            replace_file(file, set_value(text, [os.path.realpath(directory)], level).encode())
    except (JsonError, NotAnObject) as error:
        raise ConfigurationError(f"{file}:{error.line}: {error}. Correct or remove the file first.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file} could not be saved: {error}.") from None
