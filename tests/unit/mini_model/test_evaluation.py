# pyright: basic, reportMissingImports=false
"""How a model is judged that is not in the package yet."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from qwen_code.local.bundled import bundled_model
from tests.support.tiny_models import needs_llama_cpp


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


@needs_llama_cpp
def test_what_the_program_did_is_counted(tmp_path: Path) -> None:
    import mini_model
    from mini_model.evaluate import program_with, report, through_the_program

    handwritten = Path(mini_model.__path__[0]).parent / "handwritten"
    package = shutil.copytree(handwritten / "shopping_cart", tmp_path / "package")
    model = bundled_model()
    assert model is not None
    with program_with(model) as program:
        result = through_the_program(program, package, "shopping_cart")
    assert result.green, result.transcript
    assert (result.attempts, result.turns) == (1, 5)
    assert "1 of 1 green (100.0 %), 1 with the first edit; 0 false claims" in report([result])
