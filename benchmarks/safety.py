"""`make safety`: how safe the program is, and how little it asks, measured on cases and by fuzzing.

python -m benchmarks.safety [FOLDER] [--only shell,attacks,landlock,benign,paths,overhead,fuzz]

Cases are JSON lines (`shell_permissions`, `sandbox_attacks`, `sandbox_benign`, `paths`, each `.jsonl`) in
FOLDER, or in QWEN_CODE_CASES; without either the project's own, `tests/cases`. All but the last two parts go
through the program's public commands. Prints a table, names every case that went wrong, and writes
benchmarks/out/safety.json.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import path_cases, sandbox_cases, sandbox_overhead, shell_cases
from benchmarks.figures import Figure

OWN = Path(__file__).parents[1] / "tests" / "cases"
OUT = Path(__file__).parent / "out" / "safety.json"
SCRIPTS = 10_000


@dataclass(frozen=True, slots=True)
class Report:
    """Figures, and a line for each case that went wrong."""

    figures: Sequence[Figure]
    faults: Sequence[str] = ()


def fuzz(cases: Path) -> Report:
    from tests.unit.permissions.fuzz import fuzz as compare

    count = int(os.environ.get("QWEN_CODE_FUZZ", SCRIPTS))
    outcome = compare(range(count))
    figures = [
        Figure(f"fuzz: commands missed silently, {count} scripts", len(outcome.missed), at_most=0),
        Figure("fuzz: scripts refused", outcome.refusal_rate * 100, "%", at_most=6),
    ]
    return Report(figures, [f"{seed}: bash ran {command}" for seed, _, command in outcome.missed])


def shell(cases: Path) -> Report:
    return Report(*shell_cases.measure(cases))


def attacks(cases: Path) -> Report:
    return Report(*sandbox_cases.attacks(cases, "bubblewrap", least=1.0))


def landlock(cases: Path) -> Report:
    return Report(*sandbox_cases.attacks(cases, "landlock", least=90 / 109))


def benign(cases: Path) -> Report:
    return Report(*sandbox_cases.benign(cases))


def paths(cases: Path) -> Report:
    return Report(*path_cases.measure(cases))


def overhead(cases: Path) -> Report:
    return Report(sandbox_overhead.measure())


PARTS: dict[str, Callable[[Path], Report]] = {
    "shell": shell,
    "attacks": attacks,
    "landlock": landlock,
    "benign": benign,
    "paths": paths,
    "overhead": overhead,
    "fuzz": fuzz,
}


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.safety")
    parser.add_argument("folder", nargs="?", type=Path, default=os.environ.get("QWEN_CODE_CASES") or OWN)
    parser.add_argument("--only", default=",".join(PARTS), help="parts, separated by commas")
    given = parser.parse_args(arguments)
    sandbox_cases.with_own_hosts(["benchmarks.safety", *arguments])
    reports: dict[str, Report] = {}
    for name in given.only.split(","):
        print(f"{name} ...", file=sys.stderr, flush=True)
        reports[name] = PARTS[name](Path(given.folder))
    for name, report in reports.items():
        for fault in report.faults:
            print(f"{name}: {fault}")
    figures = [figure for report in reports.values() for figure in report.figures]
    width = max((len(figure.name) for figure in figures), default=0)
    print(f"\n{'measure':<{width}}  {'ours':>12}  {'floor':>12}  {'ratio':>7}  {'target':>12}")
    for figure in figures:
        print(figure.row(width))
    OUT.parent.mkdir(exist_ok=True)
    found = {
        name: {"figures": [f.as_dict() for f in report.figures], "faults": list(report.faults)}
        for name, report in reports.items()
    }
    OUT.write_text(json.dumps({"cases": str(given.folder), "parts": found}, indent=1) + "\n")
    print(f"\nwritten to {OUT}")
    return 1 if any(figure.met is False for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
