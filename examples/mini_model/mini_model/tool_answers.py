"""What the product's tools answer, without the tools; the tests compare it with what they say."""

from __future__ import annotations

import re

from qwen_code.workspace.nearest import nearest


def excerpt(text: str, offset: int, limit: int) -> str:
    """What the tool `read_file` answers."""
    lines = text.removesuffix("\n").split("\n")
    if not offset and limit >= len(lines):
        return text
    end = min(offset + limit, len(lines))
    more = f"; continue with offset={end}" if end < len(lines) else ""
    shown = "".join(f"{line}\n" for line in lines[offset:end])
    return f"[lines {offset + 1}-{end} of {len(lines)}{more}]\n{shown}"


def _not_there(path: str, text: str, old: str) -> str:
    """What the tool `edit` answers when `old` is not in a file, and what would replace it isn't either."""
    sentence = f"old_string is not in {path}."
    near = nearest(text, old)
    if near is None:
        return f"{sentence} Nothing in it comes close; read the file again."
    lines = f"line {near.first_line}"
    if near.last_line > near.first_line:
        lines = f"lines {near.first_line}-{near.last_line}"
    return f"{sentence} Closest: {lines} (- yours, + the file's)\n{near.difference}"


_NO_CHANGE = "old_string and new_string are the same; nothing would change."
"""What the tool `edit` answers when there is nothing to do."""


def refused(path: str, text: str, old: str, new: str) -> str:
    """What the tool `edit` answers when it changes nothing; empty when it does its work."""
    if old == new:
        return _NO_CHANGE
    if not old or old not in text:
        return _not_there(path, text, old)
    return _more_than_once(path, text, old) if text.count(old) > 1 else ""


def _more_than_once(path: str, text: str, old: str) -> str:
    """What the tool `edit` answers when `old` is not unique in a file."""
    at = [str(text[: found.start()].count("\n") + 1) for found in re.finditer(re.escape(old), text)]
    return (
        f"old_string is in {path} more than once, at lines {', '.join(at)}. "
        "Add lines around it until it is unique, or set replace_all."
    )
