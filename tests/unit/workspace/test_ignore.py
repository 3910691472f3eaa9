from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from qwen_code.workspace.ignore import IgnoreRules


def tree(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def shown(root: Path) -> list[str]:
    """The files that the rules leave over, asked one by one."""
    rules = IgnoreRules(root)
    files = sorted(path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    return [path.relative_to(root).as_posix() for path in files if not rules.ignored(path, directory=False)]


PROJECT = {
    ".gitignore": "*.log\n/build/\nnode_modules\n!keep.log\n# a comment\n\ndocs/*.tmp\n",
    ".qwenignore": "secret*\n!important.log\n",
    "a.py": "",
    "a.log": "",
    "keep.log": "",
    "important.log": "",
    "secret.txt": "",
    "build/out.py": "",
    "src/build/kept.py": "",
    "src/deep/b.log": "",
    "src/node_modules/x.js": "",
    "src/.gitignore": "!b.log\n*.gen\n",
    "src/c.gen": "",
    "c.gen": "",
    "docs/x.tmp": "",
    "docs/more/y.tmp": "",
    ".git/config": "",
    ".git/info/exclude": "mine.txt\n",
    "mine.txt": "",
}


def test_rules_of_every_level_hold(tmp_path: Path) -> None:
    tree(tmp_path, PROJECT)
    assert shown(tmp_path) == [
        ".gitignore",
        ".qwenignore",
        "a.py",
        "c.gen",
        "docs/more/y.tmp",
        "important.log",
        "keep.log",
        "src/.gitignore",
        "src/build/kept.py",
        "src/deep/b.log",
    ]


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_git_agrees(tmp_path: Path) -> None:
    tree(
        tmp_path, {name: text for name, text in PROJECT.items() if name not in (".qwenignore", ".git/config")}
    )
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    tree(tmp_path, {".git/info/exclude": "mine.txt\n"})
    listed = subprocess.run(
        ["git", "-C", tmp_path, "ls-files", "--others", "--exclude-standard"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert shown(tmp_path) == sorted(listed.stdout.split())


def test_nothing_comes_back_below_an_ignored_directory(tmp_path: Path) -> None:
    tree(tmp_path, {".gitignore": "out/\n!out/kept.txt\n", "out/kept.txt": "", "out/.gitignore": "!*\n"})
    assert shown(tmp_path) == [".gitignore"]


def test_a_rule_for_directories_leaves_files_alone(tmp_path: Path) -> None:
    tree(tmp_path, {".gitignore": "out/\n", "out": ""})
    rules = IgnoreRules(tmp_path)
    assert not rules.ignored(tmp_path / "out", directory=False)
    assert rules.ignored(tmp_path / "out", directory=True)


def test_the_root_and_what_is_outside_are_never_ignored(tmp_path: Path) -> None:
    tree(tmp_path, {"p/.gitignore": "*\n", "q/a": ""})
    rules = IgnoreRules(tmp_path / "p")
    assert not rules.ignored(tmp_path / "p", directory=True)
    assert not rules.ignored(tmp_path / "q" / "a", directory=False)


def test_lines_that_mean_nothing_and_files_that_can_not_be_read_do_no_harm(tmp_path: Path) -> None:
    tree(tmp_path, {".gitignore": "!\n///\n*.o\n[\n", "a.o": "", "b": "", "d/x": "", "e/y": ""})
    os.mkfifo(tmp_path / "d" / ".gitignore")
    (tmp_path / "e" / ".gitignore").mkdir()
    (tmp_path / "link").symlink_to("b")
    assert shown(tmp_path) == [".gitignore", "b", "d/x", "e/y"]
