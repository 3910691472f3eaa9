"""Which programs a repository's own settings make git run for commands that only show something.

`git status`, `diff`, `log` and `show` obey `.git/config`, and a repository that came as an archive brings its
own.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

_MAX_BYTES: Final = 256 * 1024
_SECTION = re.compile(r"^\s*\[\s*([A-Za-z0-9.-]+)(?:\s+\"(?:\\.|[^\"\\])*\")?\s*\]", re.MULTILINE)
_KEY = re.compile(r"\s*([A-Za-z][A-Za-z0-9-]*)\s*(?:=\s*(.*))?$")
_RUNNING: Final = {
    "filter": ("clean", "smudge", "process"),
    "diff": ("textconv", "command", "external"),
    "core": ("fsmonitor", "alternaterefscommand", "attributesfile", "worktree"),
    "gpg": ("program",),
    "log": ("showsignature",),
    "include": ("path",),
    "includeif": ("path",),
}
"""Keys by section; an included file can hold any of them."""
_SWITCH = ("true", "false", "1", "0", "yes", "no", "on", "off")


def programs_of_repository(root: Path) -> str:
    """The first such setting in the repository at `root`, e.g. `filter.clean`; empty when there is none.

    Includes what can't be read: nobody knows what is in it.
    """
    entry = root / ".git"
    config = entry / "config"
    try:
        if entry.is_file():
            return ""  # a worktree or submodule, whose settings lie in the repository that it belongs to
        with config.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError:
        return "settings that can't be read"
    if len(data) > _MAX_BYTES:
        return "settings of an unusual size"
    return _first(data.decode("utf-8", "replace").replace("\\\n", ""))


def _first(text: str) -> str:
    sections = list(_SECTION.finditer(text))
    for at, section in enumerate(sections):
        name = section[1].lower().partition(".")[0]
        end = sections[at + 1].start() if at + 1 < len(sections) else len(text)
        for key in filter(None, map(_KEY.match, text[section.end() : end].split("\n"))):
            given = key[1].lower()
            value = (key[2] or "").strip().strip('"').lower()
            if given not in _RUNNING.get(name, ()) or (given == "fsmonitor" and value in _SWITCH):
                continue
            if given == "showsignature" and value in ("false", "0", "no", "off"):
                continue
            return f"{name}.{given}"
    return ""
