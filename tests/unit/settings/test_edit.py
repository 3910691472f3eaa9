from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from qwen_code.errors import ConfigurationError
from qwen_code.settings.edit import edit_setting, update_setting
from qwen_code.settings.jsonc import parse


def test_a_new_file_and_its_folder_are_private(tmp_path: Path) -> None:
    path = tmp_path / ".qwen/settings.json"
    edit_setting(path, "permissions.allow", ("Bash(ls)",))
    assert path.read_text() == '{\n  "permissions": {\n    "allow": [\n      "Bash(ls)"\n    ]\n  }\n}\n'
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [p.name for p in path.parent.iterdir()] == ["settings.json"]


def test_mode_link_and_comments_of_an_old_file_stay(tmp_path: Path) -> None:
    real = tmp_path / "dotfiles.json"
    real.write_text('{ // mine\n  "ui": {"theme": "x"}, // why\n}\n')
    real.chmod(0o640)
    link = tmp_path / "settings.json"
    link.symlink_to(real)
    edit_setting(link, "ui.theme", "y")
    assert real.read_text() == '{ // mine\n  "ui": {"theme": "y"}, // why\n}\n'
    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('{"a": }', ":1: a value is expected"),
        ('{\n"ui": 5}', ":2: `ui` must be an object"),
        ("[]", "the file's content must be an object"),
        ('{"ui": {"theme": "x"}}', "`ui.theme` must be text of one line"),
    ],
)
def test_what_can_not_be_changed_safely_is_left_alone(tmp_path: Path, content: str, says: str) -> None:
    path = tmp_path / "settings.json"
    path.write_text(content)
    with pytest.raises(ConfigurationError) as caught:
        edit_setting(path, "ui.theme", 5 if "x" in content else "y")
    assert says in str(caught.value)
    assert path.read_text() == content


def test_sessions_that_add_rules_at_the_same_time_lose_none(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text('{\n  // shared\n  "permissions": {"allow": []}\n}\n')
    code = (
        "import sys\nfrom pathlib import Path\nfrom qwen_code.settings.edit import update_setting\n"
        "for n in range(25):\n"
        "    rule = f'Bash(echo {sys.argv[2]} {n})'\n"
        "    update_setting(Path(sys.argv[1]), 'permissions.allow', lambda old: [*(old or ()), rule])\n"
    )
    sessions = [subprocess.Popen([sys.executable, "-c", code, str(path), str(n)]) for n in range(8)]
    while any(session.poll() is None for session in sessions):
        parse(path.read_text())
    assert [session.returncode for session in sessions] == [0] * 8
    rules = parse(path.read_text()).plain()["permissions"]["allow"]
    assert sorted(rules) == sorted(f"Bash(echo {s} {n})" for s in range(8) for n in range(25))
    assert "// shared" in path.read_text()
    assert [p.name for p in tmp_path.iterdir()] == ["settings.json"]


def test_a_full_disk_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text('{"ui": {"theme": "x"}}')
    pid = os.fork()
    if pid == 0:
        resource.setrlimit(resource.RLIMIT_FSIZE, (30, 30))
        try:
            edit_setting(path, "ui.theme", "y" * 100)
        except ConfigurationError as error:
            os._exit(0 if "could not be saved: file too large" in str(error) else 2)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert path.read_text() == '{"ui": {"theme": "x"}}'
    assert [p.name for p in tmp_path.iterdir()] == ["settings.json"]


def test_a_folder_that_can_not_be_made_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="could not be saved: not a directory"):
        edit_setting(Path("/dev/null/.qwen/settings.json"), "ui.theme", "y")


def test_the_same_value_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text('{"ui":{"theme":"x"},"permissions":{"allow":["a"]}}')
    inode = path.stat().st_ino
    update_setting(path, "permissions.allow", lambda old: old)
    assert path.stat().st_ino == inode
