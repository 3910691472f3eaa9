"""Two columns under a title: how commands show names and what they mean."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from qwen_code.ui.markdown_view import MARGIN
from qwen_code.ui.painter import Line, Painter
from qwen_code.ui.terminal_text import clipped


def pairs(title: str, rows: Sequence[tuple[str, str]], painter: Painter) -> list[Line]:
    """Two columns; below each other where the terminal is narrow or read aloud."""
    lines = [Text(f"{MARGIN}{title}", "strong")]
    if painter.plain or painter.width < 70:
        for name, meaning in rows:
            lines += painter.wrap(Text(f"{name}: ", "accent").append(meaning, "none"), MARGIN * 2, MARGIN * 3)
        return lines
    from rich.table import Table  # not needed for the first frame

    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="accent", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, meaning in rows:
        grid.add_row(clipped(name, 40), meaning)
    return [*lines, *painter.laid_out(grid, 4)]
