# pyright: basic, reportMissingImports=false
"""How a model is judged that is not in the package yet."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_a_model_is_judged_in_a_program_that_it_comes_with(tmp_path: Path) -> None:
    """With its path after `-m` it would be told folder and date, which the bundled one is not."""
    from mini_model.evaluate import program_with

    model = tmp_path / "trained.gguf"
    model.write_bytes(b"weights")
    code = "from qwen_code.local.bundled import bundled_model; print(bundled_model().read_text())"
    with program_with(model) as program:
        ran = subprocess.run(
            [sys.executable, "-c", code],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(program)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert ran.stdout == "weights\n", ran.stderr
