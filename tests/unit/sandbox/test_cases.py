"""Attacks and ordinary work as data, `tests/cases/sandbox_*.jsonl`: a part, or all with QWEN_CODE_ALL_CASES.

`make safety` runs all of them through the command line.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from qwen_code.sandbox.base import Sandbox
from tests.support.attack_cases import Case, Trial, read_cases
from tests.support.attack_range import AttackRange, Outcome

pytestmark = pytest.mark.skipif(not shutil.which("bwrap"), reason="bubblewrap is not installed")

FOLDER = Path(__file__).parents[2] / "cases"
EVERY = 1 if os.environ.get("QWEN_CODE_ALL_CASES") else 7


def cases(name: str) -> list[Case]:
    found = [Case.of(line) for line in read_cases(FOLDER / name)]
    return [case for case in found if case.network == "off" and not case.tty][::EVERY]


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    with AttackRange(tmp_path_factory.mktemp("range").resolve()).served() as grounds:
        chooser = grounds.choose()
        sandbox: Sandbox = chooser.sandbox
        if sandbox.name != "bubblewrap":
            pytest.skip(f"bubblewrap does not work here: {chooser.choice.remedy}")

        def run(case: Case, command: str) -> Outcome:
            return grounds.run(sandbox, command, case.shell)

        yield Trial(grounds, runner=run)
        chooser.close()


@pytest.mark.parametrize("case", cases("sandbox_attacks.jsonl"), ids=lambda case: case.id)
def test_an_attack_achieves_nothing(trial: Trial, case: Case) -> None:
    assert trial.faults(case) == []


@pytest.mark.parametrize("case", cases("sandbox_benign.jsonl"), ids=lambda case: case.id)
def test_ordinary_work_goes_on(trial: Trial, case: Case) -> None:
    assert trial.faults(case) == []
