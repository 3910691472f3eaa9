from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from qwen_code.sandbox.git_layout import find_git, guarded_paths


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path.resolve() / "main"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    git(folder, "commit", "-q", "--allow-empty", "-m", "first")
    return folder


def kept(top: Path) -> dict[str, bool]:
    found = find_git(top)
    assert found is not None
    return {str(g.path): g.writable for g in guarded_paths(found, top)}


def test_what_git_obeys_is_read_only_and_the_rest_stays_writable(repository: Path) -> None:
    guarded = kept(repository)
    assert guarded[f"{repository}/.git"] is True
    for name in ("config", "hooks", "info", "config.worktree", "commondir"):
        assert guarded[f"{repository}/.git/{name}"] is False
    assert f"{repository}/.git/HEAD" not in guarded


def test_a_worktree_leads_to_its_main_repository(repository: Path) -> None:
    worktree = repository.parent / "other"
    git(repository, "worktree", "add", "-q", str(worktree))
    guarded = kept(worktree)
    assert guarded[f"{worktree}/.git"] is False
    assert guarded[f"{repository}/.git"] is True
    assert guarded[f"{repository}/.git/hooks"] is False
    assert guarded[f"{repository}/.git/worktrees/other/commondir"] is False


def test_a_pointer_that_nothing_points_back_to_is_not_followed(repository: Path) -> None:
    forged = repository.parent / "forged"
    forged.mkdir()
    (forged / ".git").write_text(f"gitdir: {repository}/.git\n")
    assert find_git(forged) is None
    git(repository, "worktree", "add", "-q", str(repository.parent / "other"))
    (forged / ".git").write_text(f"gitdir: {repository}/.git/worktrees/other\n")
    assert find_git(forged) is None


def test_a_bare_repository_is_guarded_where_it_lies(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--bare", ".")
    guarded = kept(tmp_path)
    assert guarded[f"{tmp_path}/config"] is False
    assert str(tmp_path) not in guarded


def test_hooks_and_settings_that_the_configuration_names_are_guarded_too(repository: Path) -> None:
    git(repository, "config", "core.hooksPath", "scripts/hooks")
    git(repository, "config", "include.path", "../.gitextra")
    guarded = kept(repository)
    assert guarded[f"{repository}/scripts/hooks"] is False
    assert guarded[f"{repository}/.gitextra"] is False


def test_a_folder_without_a_repository_has_none(tmp_path: Path) -> None:
    assert find_git(tmp_path) is None
    (tmp_path / ".git").mkdir()
    assert find_git(tmp_path) is None
