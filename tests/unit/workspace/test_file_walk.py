from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from qwen_code.workspace.file_walk import walk


def tree(root: Path, *files: str, **ignore_files: str) -> Path:
    for name in files:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    return root


def listed(root: Path, start: str = "", *, links: bool = False) -> list[str]:
    return sorted(walk(root / start, root, links=links))


def test_all_files_are_listed_hidden_ones_too_but_not_those_of_git(tmp_path: Path) -> None:
    tree(tmp_path, "a.py", "src/b.py", ".github/ci.yml", ".git/config", "sub/.git/HEAD", "src/.hidden")
    assert listed(tmp_path) == [".github/ci.yml", "a.py", "src/.hidden", "src/b.py"]


def test_ignore_files_of_every_level_count(tmp_path: Path) -> None:
    tree(
        tmp_path,
        "a.log",
        "keep.log",
        "build/x",
        "src/build/y",
        "src/gen/z.py",
        "src/gen.py",
        "src/deep/a.tmp",
    )
    (tmp_path / ".gitignore").write_text("*.log\n!keep.log\n/build/\n# comment\n\n")
    (tmp_path / "src" / ".gitignore").write_text("gen/\n")
    (tmp_path / "src" / "deep" / ".qwenignore").write_text("*.tmp\n")
    expected = [
        ".gitignore",
        "keep.log",
        "src/.gitignore",
        "src/build/y",
        "src/deep/.qwenignore",
        "src/gen.py",
    ]
    assert listed(tmp_path) == expected


def test_a_start_below_the_root_obeys_the_rules_above_it(tmp_path: Path) -> None:
    tree(tmp_path, "src/a.py", "src/a.log", "src/deep/b.log", "src/deep/c.py")
    (tmp_path / ".gitignore").write_text("*.log\nsrc/deep/c.py\n")
    assert listed(tmp_path, "src") == ["a.py"]
    assert listed(tmp_path, "src/deep") == []


def test_an_ignored_directory_that_is_asked_for_is_listed_whole(tmp_path: Path) -> None:
    tree(tmp_path, "node_modules/lib/index.js", "node_modules/lib/x.log")
    (tmp_path / ".gitignore").write_text("node_modules\n*.log\n")
    assert listed(tmp_path) == [".gitignore"]
    assert listed(tmp_path, "node_modules/lib") == ["index.js", "x.log"]


def test_links_are_listed_when_wanted_and_never_followed(tmp_path: Path) -> None:
    tree(tmp_path, "a.py", "dir/b.py")
    (tmp_path / "link.py").symlink_to("a.py")
    (tmp_path / "linked").symlink_to("dir")
    (tmp_path / "circle").symlink_to(".")
    assert listed(tmp_path) == ["a.py", "dir/b.py"]
    assert listed(tmp_path, links=True) == ["a.py", "circle", "dir/b.py", "link.py", "linked"]


def test_a_walk_outside_the_workspace_has_its_own_rules(tmp_path: Path) -> None:
    tree(tmp_path, "a.py", "b.log")
    (tmp_path / ".gitignore").write_text("*.log\n")
    assert sorted(walk(tmp_path, None, links=False)) == [".gitignore", "a.py"]


def test_it_stops_when_told(tmp_path: Path) -> None:
    tree(tmp_path, *(f"d{n}/f" for n in range(50)))
    asked: list[int] = []

    def stopped() -> bool:
        asked.append(1)
        return len(asked) > 3

    assert len(list(walk(tmp_path, tmp_path, links=False, stopped=stopped))) < 5


def test_unreadable_and_odd_things_are_passed_over(tmp_path: Path) -> None:
    import os

    tree(tmp_path, "a.py")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / ".gitignore").mkdir()
    assert listed(tmp_path, links=True) == ["a.py"]
    assert listed(tmp_path / "missing") == []


NAMES = st.sampled_from(["a", "b", "build", "x.py", "x.log", "keep.log", ".env", "é.py", "a b"])
LINES = st.sampled_from([
    "*.log", "!keep.log", "build/", "/build", "a/b", "**/a", "a/**", "!a/", "x.*", "[ab]", "*", "!*.py", "#x",
    "\\#x", "a b", "a b ", "/a/*", "!/a/b", "é.py", "*.py[co]", "", "!", "/", "**", ".env", "build", "a/",
])  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    files=st.lists(st.lists(NAMES, min_size=1, max_size=3).map("/".join), min_size=1, max_size=12),
    top=st.lists(LINES, max_size=5),
    below=st.lists(LINES, max_size=3),
)
def test_git_lists_the_same_files(files: list[str], top: list[str], below: list[str]) -> None:
    with tempfile.TemporaryDirectory() as made:
        root = Path(made).resolve()
        for name in files:
            path = root / name
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text("x")
            except OSError:
                continue  # a file stands where this one needs a directory, or the reverse
        (root / ".gitignore").write_text("\n".join(top))
        if (root / "a").is_dir():
            (root / "a" / ".gitignore").write_text("\n".join(below))
        subprocess.run(["git", "init", "-q"], cwd=root, check=True)
        command = ["git", "ls-files", "-o", "-z", "--exclude-standard"]
        said = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout
        assert listed(root) == sorted(said.split("\0")[:-1])
