"""Commands and what is decided about them, as data: `tests/cases/shell_permissions.jsonl`."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from tests.support.attack_cases import Json, read_cases
from tests.unit.permissions.judging import decide

CASES: dict[str, list[Json]] = defaultdict(list)
for _line in read_cases(Path(__file__).parents[2] / "cases" / "shell_permissions.jsonl"):
    CASES[_line["id"].rpartition("-")[0]].append(_line)


@pytest.mark.parametrize("kind", CASES)
def test_every_command_of_its_kind_is_decided_as_it_should_be(kind: str) -> None:
    wrong: list[str] = []
    for case in CASES[kind]:
        found = decide(case["cmd"], mode=case.get("mode", "default"), **case.get("rules", {}))
        if found.verdict not in (case["expect"], *case.get("also_ok", ())):
            wrong.append(f"{case['id']}: {found.verdict} ({found.reason}): {case['cmd']!r}")
    assert wrong == []
