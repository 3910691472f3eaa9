"""What the file tools do with paths that try to lead astray, through `qwen-code tools run --jsonl`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.figures import Figure
from tests.support.attack_cases import read_cases
from tests.support.path_cases import PathTrial


def measure(cases: Path) -> tuple[Sequence[Figure], Sequence[str]]:
    lines = read_cases(cases / "paths.jsonl")
    with PathTrial() as trial:
        found = {line["id"]: trial.faults(line) for line in lines}
    faults = [f"{name}: {'; '.join(said)}" for name, said in found.items() if said]
    return [Figure(f"paths right, of {len(lines)}", len(lines) - len(faults), at_least=len(lines))], faults
