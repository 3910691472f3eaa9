from __future__ import annotations

import asyncio
import os
import subprocess
from pathlib import Path

import pytest

from qwen_code.ui.repl.file_index import FileIndex

FILES = [
    "README.md",
    "src/app.py",
    "src/mapper.py",
    "src/deep/app_test.py",
    "docs/a b.md",
    "ignored.log",
    ".hidden",
]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / ".gitignore").write_text("*.log\n")
    return tmp_path


def found(root: Path, *queries: str) -> list[list[str]]:
    async def find() -> list[list[str]]:
        index = FileIndex(root)
        try:
            return [await index.find(query) for query in queries]
        finally:
            await index.aclose()

    return asyncio.run(find())


def test_git_lists_what_is_tracked_and_what_is_new_but_not_what_is_ignored(project: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=project, check=True)
    (all_files,) = found(project, ".")
    assert "ignored.log" not in all_files
    assert {"README.md", ".gitignore", ".hidden"} <= set(all_files)


def test_without_git_and_ripgrep_the_files_are_walked(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.devnull)
    (matches,) = found(project, "e")
    assert "README.md" in matches
    assert ".hidden" not in matches


def test_a_name_that_begins_so_comes_before_one_that_holds_it(project: Path) -> None:
    (matches,) = found(project, "app")
    assert matches[:2] == ["src/app.py", "src/deep/app_test.py"]
    assert "src/mapper.py" in matches


def test_letters_in_their_order_are_enough(project: Path) -> None:
    assert found(project, "sdat") == [["src/deep/app_test.py"]]


def test_directories_are_found_and_end_in_a_slash(project: Path) -> None:
    (matches,) = found(project, "deep")
    assert matches[0] == "src/deep/"


def test_nothing_typed_shows_the_top_level(project: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=project, check=True)
    (matches,) = found(project, "")
    assert matches == ["src/", "docs/", ".hidden", "README.md", ".gitignore"]


def test_case_does_not_matter_and_a_path_can_be_typed(project: Path) -> None:
    assert found(project, "readme", "src/ma") == [["README.md"], ["src/mapper.py"]]


def test_what_is_not_there_is_not_found(project: Path) -> None:
    assert found(project, "zzzzz") == [[]]


def test_a_best_match_far_down_a_long_list_is_found(tmp_path: Path) -> None:
    for number in range(300):
        (tmp_path / f"a{number}" / "x").mkdir(parents=True)
        (tmp_path / f"a{number}" / "x" / "mapper.py").touch()
    (tmp_path / "zz").mkdir()
    (tmp_path / "zz" / "app.py").touch()
    (matches,) = found(tmp_path, "app")
    assert matches[0] == "zz/app.py"


def test_strange_names_do_no_harm(tmp_path: Path) -> None:
    for name in (b"bad\xff.py", b"new\nline.py", b"(regex[.py"):
        (tmp_path / os.fsdecode(name)).touch()
    (matches,) = found(tmp_path, "(regex[")
    assert matches == ["(regex[.py"]


STRANGE = ["a-b]c.py", "a^b[c.py", "x\\y.z", "(a|b)*.c", "é-ü.md", "aabbcc/abc", "deep/a/b/c.txt", "\\d"]


@pytest.mark.parametrize(
    "query", ["abc", "ac", "-]", "^[", "\\.", "|)", "*c", "éü", "a/b", "cc/c", "\\d", "].y", "cba", "a.b"]
)
def test_just_the_names_with_these_letters_in_their_order_are_found(tmp_path: Path, query: str) -> None:
    for name in STRANGE:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (paths,) = found(tmp_path, "/")
    (matches,) = found(tmp_path, query)
    assert set(matches) == {path for path in paths if _in_order(query, f"/{path}")}


def _in_order(letters: str, text: str) -> bool:
    rest = iter(text)
    return all(letter in rest for letter in letters)


def test_a_name_of_one_letter_repeated_does_not_stop_the_search(tmp_path: Path) -> None:
    (tmp_path / ("a" * 200)).touch()
    (tmp_path / "ab").touch()
    assert found(tmp_path, "a" * 12 + "b") == [[]]  # with backtracking: longer than anyone lives
