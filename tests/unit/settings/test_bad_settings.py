from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from qwen_code.errors import ConfigurationError, UsageError
from tests.unit.settings.place import Place


@pytest.mark.parametrize(
    ("content", "line", "says"),
    [
        ('{\n"model": {"maxToolCalls": "ten"}}', 2, '`model.maxToolCalls` must be a whole number'),
        ('{"model": "qwen"}', 1, "`model` must be an object"),
        ('{"tools": {"approvalMode":\n "never"}}', 2, "must be one of plan, default, auto-edit, auto, yolo"),
        ('{"model": {"baseUrl": "ftp://host"}}', 1, "must be a URL such as http://localhost:8080/v1"),
        ('{"ui": {"hideBanner": "true"}}', 1, "must be true or false, not \"true\"; without quotes"),
        ('{"permissions": {"deny": "Bash"}}', 1, "put it in brackets"),
        ('{"model": {"apiKey": "sk-\u201cquoted\u201d"}}', 1, "not what is given"),
        ('{"model": {"generationConfig": {"customHeaders": {"A b": "c"}}}}', 1, "'A b' can't be the name"),
        ('{"tools": {"core": ["run_shell_command(git)"]}}', 1, "rules go to permissions"),
        ('{"modelProviders": {"openai": [{"baseUrl": "http://x"}]}}', 1, "has no `id`"),
        ('{"modelProviders": {"openai": [{"id": "a"},\n{"id": 5}]}}', 2, "must be text, not 5"),
        ('{"env": {"A": ["b"]}}', 1, "`env.A` must be text"),
        ('{"model": {},\n"model": {}}', 2, "appears twice"),
        ("[1]", 1, "must be an object in braces"),
        ('{\n"a": \n', 3, "a value is expected"),
        (b'{"a": "\xff"}', 1, "not UTF-8"),
        (b'\xff\xfe{\x00}\x00', 1, "UTF-16"),
    ],
)  # fmt: skip
def test_a_bad_file_is_named_with_line_key_and_remedy(
    place: Place, content: str | bytes, line: int, says: str
) -> None:
    path = place.user(content)
    with pytest.raises(ConfigurationError) as caught:
        place.load()
    message = str(caught.value)
    assert message.startswith(f"{path}:{line}: ")
    assert says in message
    assert "sk-" not in message
    assert caught.value.exit_code == 52


def test_a_bad_variable_is_named_with_its_setting(place: Place) -> None:
    with pytest.raises(ConfigurationError, match="QWEN_CODE_DEBUG") as caught:
        place.load({"QWEN_CODE_DEBUG": "maybe"})
    assert "`debug` must be true or false" in str(caught.value)
    with pytest.raises(ConfigurationError, match=r"OPENAI_BASE_URL.*must be a URL such as"):
        place.load({"OPENAI_BASE_URL": "http:/localhost:1"})


def test_bytes_that_are_not_utf8_are_refused_where_they_come_in(place: Place) -> None:
    with pytest.raises(UsageError, match="written in UTF-8"):
        place.load(flags={"agent.appendSystemPrompt": b"caf\xe9".decode("utf-8", "surrogateescape")})


def test_a_bad_flag_is_a_mistake_of_usage(place: Place) -> None:
    with pytest.raises(UsageError, match=r"On the command line `model.maxToolCalls` must be"):
        place.load(flags={"model.maxToolCalls": 0})
    with pytest.raises(UsageError, match=r"no setting `model.nam`. Did you mean `model.name`"):
        place.load(flags={"model.nam": "x"})
    assert place.load(flags={"model.name": None}).settings.model.name == ""


def test_what_lies_under_the_name_of_a_settings_file_can_be_anything(place: Place) -> None:
    path = place.home / ".qwen/settings.json"
    path.parent.mkdir()
    path.mkdir()
    with pytest.raises(ConfigurationError, match="not a regular file"):
        place.load()
    path.rmdir()
    os.mkfifo(path)
    with pytest.raises(ConfigurationError, match="not a regular file"):
        place.load()
    path.unlink()
    path.symlink_to("/dev/zero")
    with pytest.raises(ConfigurationError, match="not a regular file"):
        place.load()
    path.unlink()
    path.symlink_to(path)
    with pytest.raises(ConfigurationError, match="can't be read"):
        place.load()
    path.unlink()
    path.symlink_to("/nowhere/at/all")
    assert place.load().settings.model.name == ""
    path.unlink()
    path.write_bytes(b" " * 2_000_000)
    with pytest.raises(ConfigurationError, match="larger than 1 MB"):
        place.load()


def test_a_planted_env_file_that_is_a_fifo_does_not_stop_the_start(place: Place) -> None:
    os.mkfifo(place.cwd / ".env")
    (problem,) = place.load().problems
    assert "not a regular file" in problem


def test_a_home_that_does_not_exist_is_a_home_without_settings(place: Place) -> None:
    place.home = Path("/dev/null")
    assert place.load().settings.model.name == ""


@pytest.mark.skipif(os.getuid() != 0, reason="needs root to become somebody else")
def test_a_home_closed_to_us_is_passed_over_but_a_closed_file_is_not() -> None:
    code = (
        "import os, sys\nfrom pathlib import Path\nimport qwen_code.settings.settings_file\n"
        "from qwen_code.settings.layers import load_settings\n"
        "os.setuid(65534)\nhome = Path(sys.argv[1])\n"
        "print(load_settings(cwd=home, home=home, environ={}, flags={}, trusted=True).settings.ui)"
    )
    with TemporaryDirectory() as home:  # pytest's own folders are closed to everybody else
        path = Path(home, ".qwen/settings.json")
        path.parent.mkdir()
        path.write_text('{"ui": {"theme": "x"}}')
        Path(home).chmod(0o755)

        def run() -> str:
            done = subprocess.run([sys.executable, "-c", code, home], capture_output=True, text=True)
            return done.stdout + done.stderr

        path.parent.chmod(0o700)
        assert "theme='auto'" in run()
        path.parent.chmod(0o755)
        path.chmod(0o600)
        assert "can't be read: permission denied" in run()
