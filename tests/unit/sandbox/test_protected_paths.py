from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from qwen_code.sandbox.protected_paths import ProtectedPaths, Protection


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path.resolve() / "project"
    root.mkdir()
    return root


def protection(root: Path) -> Protection:
    return ProtectedPaths([root]).now()


def mounts(root: Path) -> dict[str, bool]:
    return {str(path.relative_to(root)): writable for path, writable in protection(root).mounts}


def init(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["git", "init", "-q", str(folder)], check=True)


def test_settings_of_agents_and_editors_are_protected_there_or_not(root: Path) -> None:
    (root / ".vscode").mkdir()
    found = protection(root)
    assert (root / ".vscode", False) in found.mounts
    missing = dict(found.missing)
    assert {".qwen", ".mcp.json", ".gitmodules"} <= {path.name for path in missing}
    assert root / ".vscode" not in missing


def test_start_up_files_are_protected_only_where_they_are(root: Path) -> None:
    (root / ".bashrc").write_text("")
    assert mounts(root)[".bashrc"] is False
    assert root / ".zshrc" not in dict(protection(root).missing)


def test_a_repository_further_down_is_kept_with_the_folders_that_lead_to_it(root: Path) -> None:
    init(root / "vendor" / "lib")
    found = mounts(root)
    assert found["vendor"] is True
    assert found["vendor/lib"] is True
    assert found["vendor/lib/.git"] is True
    assert found["vendor/lib/.git/hooks"] is False


def test_a_repository_too_far_down_costs_nothing(root: Path) -> None:
    init(root / "a" / "b" / "c" / "d" / "e" / "f")
    assert not any("/.git" in path for path in mounts(root))


def test_settings_further_down_are_protected(root: Path) -> None:
    (root / "package" / ".vscode").mkdir(parents=True)
    assert mounts(root)["package/.vscode"] is False


def test_the_repository_around_the_workspace_takes_commits(root: Path) -> None:
    init(root.parent)
    paths = ProtectedPaths([root])
    assert paths.outside == [root.parent / ".git"]
    assert (root.parent / ".git" / "hooks", False) in paths.now().mounts


def test_what_commands_have_created_is_theirs(root: Path) -> None:
    paths = ProtectedPaths([root])
    paths.now()
    init(root / "new")
    assert not any(path.is_relative_to(root / "new") for path, _ in paths.now().mounts)


def test_a_link_is_remembered_and_its_target_protected(root: Path) -> None:
    (root / "settings").mkdir()
    (root / ".vscode").symlink_to("settings")
    found = protection(root)
    assert found.links == {root / ".vscode": "settings"}
    assert (root / "settings", False) in found.mounts


def test_a_link_that_leads_out_protects_nothing_there(root: Path) -> None:
    (root / ".vscode").symlink_to("/etc")
    assert all(path.is_relative_to(root) for path, _ in protection(root).mounts)


def test_parents_come_before_what_is_in_them(root: Path) -> None:
    init(root)
    paths = [path for path, _ in protection(root).mounts]
    assert paths == sorted(paths)
