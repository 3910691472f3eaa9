"""Makes the pictures of the documentation from the real program: `python docs/pictures/make.py`.

Needs the dev extra. The program runs on a pseudo-terminal in a copy of `examples/fix_failing_test`; its model
is a script. What a terminal emulator then shows is written as SVG.
"""

from __future__ import annotations

import io
import json
import os
import re
import sys
import tempfile
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.style import Style
from rich.terminal_theme import TerminalTheme
from rich.text import Text

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.support.program import BUG, FIX, SOURCE, Program, copy_example  # noqa: E402
from tests.support.pty_driver import PtyProgram, on_a_terminal  # noqa: E402

COLUMNS, ROWS = 92, 30
THEME = TerminalTheme(
    (30, 30, 40),
    (216, 216, 224),
    [
        (60, 63, 72),
        (255, 143, 143),
        (126, 226, 168),
        (255, 207, 112),
        (127, 180, 255),
        (179, 157, 255),
        (143, 227, 214),
        (216, 216, 224),
    ],
)
READ = {"name": "read_file", "arguments": {"file_path": SOURCE}}
SEARCH = {"name": "grep_search", "arguments": {"pattern": "def merge"}}
EDIT = {"name": "edit", "arguments": {"file_path": SOURCE, "old_string": BUG, "new_string": FIX}}
SUITE = "for n in 1 2 3 4 5 6; do echo tests/test_intervals.py::case_$n passed; sleep 0.3; done; sleep 30"
TEST = {"name": "run_shell_command", "arguments": {"command": SUITE, "description": "run the tests"}}
PLAN = """## Let touching intervals become one

1. In `merge`, compare with `<=` instead of `<`
2. Run the tests

No other behaviour changes."""
LOOK = [{"text": "I look at the code first.", "calls": [READ, SEARCH]}]
FOUND = {"text": "`merge` compares with `<`, so intervals that only touch stay apart.", "calls": [EDIT]}
ANSWER = """Fixed: touching intervals are **merged** now.

| case | before | after |
|:-----|:------:|------:|
| `[0, 5)` and `[5, 9)` | 2 intervals | 1 interval |

```python
if merged and interval.start <= merged[-1].end:
    merged[-1] = Interval(merged[-1].start, max(merged[-1].end, interval.end))
```

The ends are half-open, so `<=` is what *touching* means; see `opening_hours/intervals.py:31`."""


def main() -> None:
    """Every picture, each in a fresh project."""
    draw("approve", [*LOOK, FOUND], [("fix the failing test\r", "Allow this?")])
    draw(
        "work",
        [{"text": "Now the tests.", "calls": [TEST]}],
        [("run the tests\r", "case_5 passed"), ("and update the changelog\r", "at the next step")],
        "--approval-mode",
        "yolo",
    )
    draw(
        "answer",
        [*LOOK, FOUND, {"text": ANSWER}],
        [("fix the failing test\r", "1 file changed")],
        "--approval-mode",
        "auto-edit",
    )
    plan = {"name": "exit_plan_mode", "arguments": {"plan": PLAN}}
    draw("plan", [*LOOK, {"calls": [plan]}], [("plan it\r", "Carry out")], "--approval-mode", "plan")


def draw(
    name: str, steps: Sequence[dict[str, Any]], typed: Sequence[tuple[str, str]], *arguments: str
) -> None:
    """`typed`: keys, each with the text to wait for after them."""
    with tempfile.TemporaryDirectory() as folder:
        project = copy_example(Path(folder))
        (project / "script.json").write_text(json.dumps({"name": "qwen3-coder", "steps": list(steps)}))
        program = Program(project)
        env = {**program.env(), "HOME": folder, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        env["COLORFGBG"] = "15;0"
        command = program.command("-m", "scripted:script.json", *arguments)
        with on_a_terminal(command, cwd=project, env=env, columns=COLUMNS, rows=ROWS) as person:
            person.sees("· qwen3-coder")
            for keys, awaited in typed:
                person.type(keys)
                person.sees(awaited)
            person.read(0.5)
            save(person, Path(__file__).with_name(f"{name}.svg"))
    print(f"{name}.svg")


def save(person: PtyProgram, path: Path) -> None:
    """What is on the screen, without the empty rows at its end."""
    rows = [row_text(cells) for cells in person.emulator.cells()]
    while rows and not rows[-1].plain.strip():
        rows.pop()
    console = Console(
        record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor"
    )
    for row in rows:
        console.print(row, no_wrap=True, overflow="crop")
    svg = console.export_svg(title="qwen-code", theme=THEME, unique_id=path.stem)
    path.write_text(re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL) + "\n")


def row_text(cells: Sequence[Any]) -> Text:
    text = Text()
    for style, run in groupby(cells, key=style_of):
        text.append("".join(cell.data for cell in run), style)
    text.rstrip()
    return text


def style_of(cell: Any) -> Style:
    """pyte names the sixteen colours, and gives all others in hexadecimal."""

    def colour(name: str) -> str | None:
        if name == "default":
            return None
        return f"#{name}" if re.fullmatch("[0-9a-f]{6}", name) else name.replace("brown", "yellow")

    return Style(
        color=colour(cell.fg),
        bgcolor=colour(cell.bg),
        bold=cell.bold,
        italic=cell.italics,
        underline=cell.underscore,
        reverse=cell.reverse,
    )


if __name__ == "__main__":
    os.environ.pop("NO_COLOR", None)
    main()
