from __future__ import annotations

import json
from pathlib import Path

import pytest

from qwen_code.assembly import find_place
from qwen_code.errors import UsageError


def problems(home: Path, permissions: dict[str, list[str]], **flags: object) -> tuple[str, ...]:
    settings = home / ".qwen" / "settings.json"
    settings.parent.mkdir(exist_ok=True)
    settings.write_text('{\n"permissions": ' + json.dumps(permissions, indent=1) + "}")
    return find_place(home / "work", {"HOME": str(home)}, flags).loaded.problems


def test_a_faulty_rule_is_named_with_its_place_and_what_follows(tmp_path: Path) -> None:
    (narrow, wide) = problems(tmp_path, {"allow": ["Bash(ls", "Bash(pwd)"], "deny": ["Foo(bar)"]})
    assert narrow.startswith(f"{tmp_path}/.qwen/settings.json:3: the rule `Bash(ls` is not understood")
    assert narrow.endswith("it allows nothing.")
    assert ":7: the rule `Foo(bar)`" in wide
    assert wide.endswith("it makes everything be asked about.")


def test_good_rules_are_no_problem(tmp_path: Path) -> None:
    assert problems(tmp_path, {"allow": ["Bash(ls)", "Network(domain:x.org)"], "deny": ["Read(.env)"]}) == ()


def test_a_faulty_rule_on_the_command_line_is_a_mistake_of_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"The rule `Bash\(` is not understood"):
        problems(tmp_path, {}, **{"permissions.allow": ["Bash("]})
