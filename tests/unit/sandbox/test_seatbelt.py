from __future__ import annotations

import re
from pathlib import Path

import pytest

from qwen_code.sandbox.base import Bounds, Network
from qwen_code.sandbox.protected_paths import ProtectedPaths
from qwen_code.sandbox.seatbelt import Seatbelt


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path.resolve() / "home"
    (home / ".ssh").mkdir(parents=True)
    (home / 'a "project"').mkdir()
    return home


def profile(home: Path, network: str = "off") -> list[str]:
    root = home / 'a "project"'
    bounds = Bounds((root,), home, home / ".qwen", Network.parse(network))
    return Seatbelt(bounds, {}).profile(ProtectedPaths([root]).now()).splitlines()


def test_nothing_is_written_but_in_the_workspace_and_the_temporary_folder(home: Path) -> None:
    lines = profile(home)
    assert lines[:3] == ["(version 1)", "(allow default)", "(deny file-write*)"]
    assert lines[3].startswith("(allow file-write* (subpath ")


def test_a_name_with_quotes_stays_one_name(home: Path) -> None:
    text = "\n".join(profile(home))
    assert f'{home}/a \\"project\\""' in text
    assert len(re.findall(r'(?<!\\)"', text)) % 2 == 0
    assert text.count("(") == text.count(")")


def test_what_is_protected_is_denied_after_the_workspace_is_allowed(home: Path) -> None:
    lines = profile(home)
    allowed = next(i for i, line in enumerate(lines) if line.startswith("(allow file-write* (subpath"))
    denied = next(i for i, line in enumerate(lines) if ".vscode" in line)
    assert allowed < denied
    assert lines[denied].startswith("(deny file-write* ")


def test_secrets_are_neither_read_nor_written(home: Path) -> None:
    (line,) = [line for line in profile(home) if "/.ssh" in line]
    assert line.startswith("(deny file-read* file-write* ")
    assert "/.qwen" in line


def test_no_rule_is_left_without_its_paths(home: Path) -> None:
    assert not [line for line in profile(home) if re.fullmatch(r"\((allow|deny) file-[a-z*-]+\)", line)][1:]


@pytest.mark.parametrize(("network", "denied"), [("off", True), ("allow:pypi.org", True), ("on", False)])
def test_the_network_is_off_unless_it_is_on(home: Path, network: str, denied: bool) -> None:
    assert ("(deny network*)" in profile(home, network)) is denied
