from __future__ import annotations

import os
import shutil

import pytest

from tests.unit.permissions.fuzz import fuzz, main

# 10,000 scripts in all unless told otherwise, in pieces that can run side by side.
SCRIPTS = int(os.environ.get("QWEN_CODE_FUZZ", "10000"))
PIECES = 8

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="bash is the oracle of this test")


@pytest.mark.parametrize("piece", range(PIECES))
def test_no_command_that_bash_runs_escapes_the_parser(piece: int) -> None:
    size = SCRIPTS // PIECES
    outcome = fuzz(range(piece * size, (piece + 1) * size))
    assert outcome.missed == []
    assert outcome.refusal_rate < 0.06
    assert outcome.odd < outcome.scripts * 0.2
    assert outcome.ran > outcome.scripts


def test_the_fuzzer_tells_figures(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["40", "7"]) == 0
    assert "40 scripts" in capsys.readouterr().out
