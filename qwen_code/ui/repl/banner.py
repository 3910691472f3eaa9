"""The first and the last line of a session."""

from __future__ import annotations

from pathlib import Path

from rich.text import Text

from qwen_code import __version__
from qwen_code.ui.painter import Line
from qwen_code.ui.terminal_text import shown_line


def banner(directory: Path, home: Path) -> Line:
    """Who is here, and where."""
    place = shown_path(directory, home)
    return Text().append("qwen-code ", "accent").append(f"{__version__}  {place}", "dim")


def shown_path(path: Path, home: Path) -> str:
    """As people write it: `~/` for what lies in their home."""
    inside = path.is_relative_to(home) and path != home
    return shown_line(f"~/{path.relative_to(home)}" if inside else str(path))


def farewell(session_id: str) -> str:
    """How to come back."""
    return f"To go on with this session: qwen-code --resume {session_id}"
