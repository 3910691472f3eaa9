from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from qwen_code.workspace.git_programs import programs_of_repository


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    return tmp_path


@pytest.mark.parametrize(
    ("key", "value", "named"),
    [
        ("core.fsmonitor", "/tmp/evil", "core.fsmonitor"),
        ("filter.x.clean", "evil", "filter.clean"),
        ("filter.a b.process", "evil", "filter.process"),
        ("diff.x.textconv", "evil", "diff.textconv"),
        ("diff.external", "evil", "diff.external"),
        ("gpg.program", "evil", "gpg.program"),
        ("log.showSignature", "true", "log.showsignature"),
        ("include.path", "../evil", "include.path"),
        ("includeIf.gitdir:/.path", "../evil", "includeif.path"),
        ("core.fsmonitor", "true", ""),
        ("user.name", "filter.x.clean=evil", ""),
        ("remote.origin.url", "https://example.org/x", ""),
        ("core.hooksPath", ".husky", ""),
    ],
)
def test_settings_that_make_git_run_programs_are_found(
    repository: Path, key: str, value: str, named: str
) -> None:
    subprocess.run(["git", "config", key, value], cwd=repository, check=True)
    assert programs_of_repository(repository) == named


def test_other_spellings_are_found(repository: Path) -> None:
    (repository / ".git" / "config").write_text("[CORE] fsMonitor = evil\n[filter.x]\nclean=evil\n")
    assert programs_of_repository(repository) == "core.fsmonitor"
    (repository / ".git" / "config").write_text('[a]\nb = c\n  [ diff "x" ]\n\tTextConv = \\\n evil\n')
    assert programs_of_repository(repository) == "diff.textconv"


def test_without_a_repository_there_are_none(tmp_path: Path) -> None:
    assert programs_of_repository(tmp_path) == ""
