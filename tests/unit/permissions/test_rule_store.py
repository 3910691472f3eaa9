from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from qwen_code.errors import ConfigurationError
from qwen_code.permissions.rule_store import add_rules
from qwen_code.permissions.rules import RuleError


def test_rules_are_added_beside_comments_and_unknown_keys(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text('{\n  // mine\n  "permissions": {"allow": ["Bash(ls)"], "new": 1},\n  "x": [1,]\n}\n')
    assert add_rules(path, "allow", ["Bash(npm test)", "Bash(ls)", "Bash(npm test)"]) == ("Bash(npm test)",)
    text = path.read_text()
    assert "// mine" in text
    assert '"new": 1' in text
    assert text.index('"Bash(ls)"') < text.index('"Bash(npm test)"')
    assert text.count("npm test") == 1


def test_a_missing_file_is_made_with_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "settings.json"
    add_rules(path, "deny", ["Read(.env)"])
    assert json.loads(path.read_text()) == {"permissions": {"deny": ["Read(.env)"]}}


def test_nothing_is_saved_when_one_rule_is_faulty(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    with pytest.raises(RuleError):
        add_rules(path, "allow", ["Bash(ls)", "Bash("])
    assert not path.exists()


def test_a_file_that_is_not_valid_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text('{"permissions": ')
    with pytest.raises(ConfigurationError, match=r"settings\.json:1"):
        add_rules(path, "allow", ["Bash(ls)"])
    assert path.read_text() == '{"permissions": '


def test_sessions_that_save_at_the_same_time_lose_no_rule(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    program = (
        "import sys; from pathlib import Path; from qwen_code.permissions.rule_store import add_rules\n"
        "for n in range(10): add_rules(Path(sys.argv[1]), 'allow', [f'Bash(x {sys.argv[2]} {n})'])"
    )
    writers = [subprocess.Popen([sys.executable, "-c", program, str(path), str(i)]) for i in range(4)]
    assert [writer.wait() for writer in writers] == [0] * 4
    assert len(set(json.loads(path.read_text())["permissions"]["allow"])) == 40
