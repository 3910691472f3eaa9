"""Renders the table of settings in the documentation.

python -m qwen_code.settings.reference docs/settings.md
"""

from __future__ import annotations

import sys
from pathlib import Path

from qwen_code.settings.describe import field_value, render
from qwen_code.settings.key import Key, Reach
from qwen_code.settings.keys import KEYS
from qwen_code.settings.model import Settings

BEGIN = "<!-- settings table: begin (made by python -m qwen_code.settings.reference docs/settings.md) -->"
END = "<!-- settings table: end -->"

_PROJECT = {Reach.NONE: "never", Reach.TRUSTED: "if trusted", Reach.NARROWING: "always"}


def table() -> str:
    """All settings as a Markdown table."""
    lines = ["| Setting | Must be | Default | In a project's file | What it does |", "|---|---|---|---|---|"]
    lines += [
        f"| `{key.path}` | {key.kind.noun} | {_default(key)} | {_project(key)} | {key.text} |" for key in KEYS
    ]
    return "\n".join(lines)


def fill(document: str) -> str:
    """`document` with the table between its two markers made anew."""
    head, _, rest = document.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n\n{table()}\n\n{END}{tail}"


def _default(key: Key) -> str:
    value = render(key, field_value(Settings(), key))
    return f"`{value}`" if value else ""


def _project(key: Key) -> str:
    named = (f"not `{str(value).lower()}`" for value in key.project_refuses)
    refused = ", ".join("without `:`" if name == "not `:`" else name for name in named)
    return _PROJECT[key.reach] + (f", {refused}" if refused else "")


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(fill(path.read_text("utf-8")), "utf-8")
