"""The first and the last line of a session."""

from __future__ import annotations

from pathlib import Path

from rich.text import Text

from qwen_code import __version__
from qwen_code.ui.painter import Line
from qwen_code.ui.terminal_text import shown_line


def banner(directory: Path, home: Path) -> Line:
    """Who is here, and where."""
    place = str(directory)
    if directory.is_relative_to(home) and directory != home:
        place = f"~/{directory.relative_to(home)}"
    return Text().append("qwen-code ", "accent").append(f"{__version__}  {shown_line(place)}", "dim")


def farewell(session_id: str) -> str:
    """How to come back."""
    return f"To go on with this session: qwen-code --resume {session_id}"
