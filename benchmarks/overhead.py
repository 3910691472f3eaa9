"""`make bench`: what the harness costs, as ratios against bare floors measured in the same run.

Prints a table and writes benchmarks/out/overhead.json. Machines are noisy: only ratios of one run mean
something. Each figure is the median of some runs; the targets are those the project has set itself.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks import scenarios
from benchmarks.figures import Figure

OUT = Path(__file__).parent / "out" / "overhead.json"

SCENARIOS: dict[str, Callable[[], list[Figure]]] = {
    "repair": scenarios.repair,
    "startup": scenarios.startup,
    "turns": scenarios.many_turns,
    "output": scenarios.big_output,
    "search": scenarios.search,
    "stream": scenarios.long_answer,
}


def main(names: list[str]) -> int:
    figures: list[Figure] = []
    for name, scenario in SCENARIOS.items():
        if not names or name in names:
            print(f"{name} ...", file=sys.stderr, flush=True)
            figures += scenario()
    width = max(len(figure.name) for figure in figures)
    print(f"{'measure':<{width}}  {'ours':>12}  {'floor':>12}  {'ratio':>7}  {'target':>12}")
    for figure in figures:
        print(figure.row(width))
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps([figure.as_dict() for figure in figures], indent=1) + "\n")
    print(f"\nwritten to {OUT}")
    missed = [figure.name for figure in figures if figure.met is False]
    print(
        f"{len(figures) - len(missed)} of {len(figures)} within target"
        + (f"; not: {', '.join(missed)}" if missed else "")
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
