"""Reads `.env` files: lines of `NAME=value` as dotenv has them; keeps a variable in one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

_LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.-]*)\s*=[ \t]*(.*)", re.ASCII | re.DOTALL)
_QUOTED = re.compile(r"""'([^']*)'|"((?:[^"\\]|\\.)*+)"|`([^`]*)`""", re.DOTALL)
_COMMENT = re.compile(r"(?:^|(?<=\s))#")
_MAX_LINES = 200
"""Of one quoted value; a private key has some sixty."""
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


class Entry(NamedTuple):
    """One variable and the line where it begins."""

    name: str
    value: str
    line: int


def parse_env(text: str) -> tuple[list[Entry], list[int]]:
    """The entries of a file, and the lines that are none.

    Comments, `export`, single, double and back quotes are understood, quoted values may span lines, and
    `\\n` means a line break inside double quotes. A later entry of the same name is listed later.
    """
    entries: list[Entry] = []
    strange: list[int] = []
    lines = text.replace("\r\n", "\n").split("\n")
    at = 0
    while at < len(lines):
        number, line = at + 1, lines[at]
        at += 1
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None or "\0" in line:
            strange.append(number)
            continue
        value = match[2]
        if value[:1] in ("'", '"', "`"):
            rest = "\n".join([value, *lines[at : at + _MAX_LINES]])
            if quoted := _QUOTED.match(rest):
                at += quoted[0].count("\n")
                entries.append(Entry(match[1], _unquote(quoted), number))
                continue
        comment = _COMMENT.search(value)
        entries.append(Entry(match[1], (value[: comment.start()] if comment else value).strip(), number))
    return entries, strange


def _unquote(match: re.Match[str]) -> str:
    single, double, back = match.groups()
    if double is None:
        return single if single is not None else back
    return re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[1]), double, flags=re.DOTALL)


def save_variable(path: Path, name: str, value: str) -> None:
    """Set `name` in the `.env` file at `path`, which only its owner can read; other lines stay.

    Raises:
        ConfigurationError: the file can't be written, or holds what is no text; it is as it was.
    """
    from qwen_code.errors import ConfigurationError
    from qwen_code.settings.atomic_file import locked, make_private, replace_file

    try:
        make_private(path.parent)
        with locked(path.parent.resolve()):
            text = path.read_text("utf-8") if path.exists() else ""
            kept = [line for line in text.splitlines() if not re.match(rf"\s*(?:export\s+)?{name}\s*=", line)]
            replace_file(path, "\n".join([*kept, f"{name}={_quoted(value)}", ""]).encode())
            path.chmod(0o600)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} could not be saved: {error}.") from None


def _quoted(value: str) -> str:
    return value if re.fullmatch(r"[\w./:+=-]*", value) else f"'{value}'"
