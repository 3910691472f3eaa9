from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from qwen_code.workspace.git import Change, GitError, Repository


def git(folder: Path, *arguments: str) -> str:
    run = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True)
    return run.stdout.strip()


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    folder = tmp_path / "repo"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    (folder / "a.txt").write_text("one\n")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "one")
    return folder


def found(folder: Path) -> Repository:
    repository = Repository.find(folder)
    assert repository is not None
    return repository


def test_changes_name_every_path_that_differs(repo: Path) -> None:
    (repo / "a.txt").write_text("two\n")
    (repo / "new \u00e9\n.txt").write_text("x")
    (repo / "b").write_text("same\n" * 9)
    git(repo, "add", "b")
    git(repo, "commit", "-q", "-m", "b", "b")
    git(repo, "mv", "b", "c")
    repository = found(repo / ".")
    assert set(repository.changes()) == {
        Change("a.txt", " M"),
        Change("c", "R "),
        Change("new \u00e9\n.txt", "??"),
    }
    repository.close()


def test_a_diff_is_against_the_last_commit_and_can_be_of_some_paths(repo: Path) -> None:
    (repo / "a.txt").write_text("two\n")
    (repo / "b.txt").write_text("b\n")
    git(repo, "add", "b.txt")
    repository = found(repo)
    assert "-one\n+two" in repository.diff()
    assert "+b\n" in repository.diff()
    assert "a.txt" not in repository.diff("b.txt")


def test_a_repository_without_a_commit_has_a_diff_too(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "a").write_text("x\n")
    git(tmp_path, "add", "a")
    assert "+x" in found(tmp_path).diff()


def test_bytes_that_are_not_utf8_do_not_break_a_diff(repo: Path) -> None:
    (repo / "a.txt").write_bytes(b"caf\xe9\n")
    assert "+caf\ufffd" in found(repo).diff()


def test_where_there_is_no_repository_there_is_none(tmp_path: Path) -> None:
    assert Repository.find(tmp_path) is None
    assert Repository.find(tmp_path / "nowhere") is None


def test_what_git_refuses_is_said_in_its_words(repo: Path) -> None:
    repository = found(repo)
    (repo / ".git/index").write_bytes(b"broken")
    with pytest.raises(GitError, match=r"git status failed: .*index file"):
        repository.changes()


def test_programs_that_a_repository_names_are_not_run(repo: Path) -> None:
    """Each of these is run by plain `git status` or `git diff`."""
    mark = repo.parent / "mark"
    for name in (
        "filter.e.v=il.clean", "filter.p.process", "diff.e.textconv", "diff.f.command", "diff.external",
        "core.fsmonitor", "core.pager",
    ):  # fmt: skip
        git(repo, "config", name, f"touch {mark}; cat")
    git(repo, "config", "filter.p.required", "true")
    (repo / ".gitattributes").write_text("*.txt filter=e.v=il diff=e\n*.p filter=p diff=f\n")
    (repo / "x.p").write_text("p\n")
    (repo / "a.txt").write_text("two\n")
    git(
        repo,
        "-c",
        "filter.p.process=",
        "-c",
        "filter.p.required=false",
        "-c",
        "core.fsmonitor=",
        "add",
        "-N",
        "x.p",
    )
    mark.unlink(missing_ok=True)
    repository = found(repo)
    assert Change("a.txt", " M") in repository.changes()
    assert "+two" in repository.diff()
    assert not mark.exists()
    subprocess.run(["git", "-C", str(repo), "status", "--short"], capture_output=True)
    assert mark.exists()


def test_without_git_on_the_path_there_is_a_sentence() -> None:
    code = (
        "from pathlib import Path\nfrom qwen_code.workspace.git import GitError, Repository\n"
        "try:\n    Repository.find(Path('/'))\nexcept GitError as error:\n    print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={"PATH": "/nowhere"}
    )
    assert done.stdout == "git is not installed, or not on PATH. Install it to see changes.\n"
