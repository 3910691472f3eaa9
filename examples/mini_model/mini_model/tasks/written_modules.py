"""The modules of the folder `written`, each a file: a module, a line `# checks`, and what is to be checked.

A check is a line of statements, the last an expression, separated by semicolons.
"""

import ast
from pathlib import Path

from mini_model.tasks.base import written

FOLDER = Path(__file__).parent.parent / "written"


def _check(line: str) -> tuple[str, str]:
    setup, _, expression = line.removeprefix("# ").rpartition("; ")
    if isinstance(ast.parse(expression, mode="eval").body, ast.Tuple) and not expression.startswith("("):
        expression = f"({expression})"
    return setup.replace("; ", "\n") or "pass", expression


for _path in sorted(FOLDER.glob("*.txt")):
    _text, _, _checks = _path.read_text("utf-8").partition("\n# checks\n")
    written(_path.stem, _text, [_check(line) for line in _checks.splitlines() if line.startswith("# ")])
