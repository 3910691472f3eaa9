"""Paths that try to lead the file tools astray, as data: `tests/cases/paths.jsonl`."""

from __future__ import annotations

from pathlib import Path

from tests.support.attack_cases import read_cases
from tests.support.path_cases import PathTrial


def test_every_path_leads_where_it_should() -> None:
    lines = read_cases(Path(__file__).parents[2] / "cases" / "paths.jsonl")
    with PathTrial() as trial:
        wrong = {line["id"]: faults for line in lines if (faults := trial.faults(line))}
    assert wrong == {}
