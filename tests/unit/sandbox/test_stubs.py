from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from qwen_code.sandbox.git_layout import Missing
from qwen_code.sandbox.stubs import Stubs, is_stub


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


KINDS: list[Missing] = ["node", "file", "pointer"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_stub_comes_and_goes(folder: Path, kind: Missing) -> None:
    stubs = Stubs()
    assert stubs.hold([(folder / "x", kind)]) == [folder / "x"]
    assert is_stub((folder / "x").lstat())
    stubs.release()
    assert list(folder.iterdir()) == []


def test_the_last_of_several_commands_removes_it(folder: Path) -> None:
    first, second = Stubs(), Stubs()
    for stubs in (first, second):
        stubs.hold([(folder / "x", "node")])
    first.release()
    assert (folder / "x").exists()
    second.release()
    assert not (folder / "x").exists()


def test_the_stub_of_a_killed_run_is_taken_over_and_removed(folder: Path) -> None:
    program = f"""
import os, signal
from pathlib import Path
from qwen_code.sandbox.stubs import Stubs
Stubs().hold([(Path({str(folder)!r}) / "x", "node")])
os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", program], check=False)
    assert is_stub((folder / "x").lstat())
    stubs = Stubs()
    assert stubs.hold([(folder / "x", "node")]) == [folder / "x"]
    stubs.release()
    assert not (folder / "x").exists()


def test_what_somebody_has_made_is_never_taken_for_a_stub_nor_removed(folder: Path) -> None:
    (folder / "x").mkdir()
    (folder / "y").write_text("")
    stubs = Stubs()
    assert stubs.hold([(folder / "x", "node"), (folder / "y", "file")]) == []
    stubs.release()
    assert sorted(path.name for path in folder.iterdir()) == ["x", "y"]


def test_a_stub_that_was_replaced_stays(folder: Path) -> None:
    stubs = Stubs()
    stubs.hold([(folder / "x", "node")])
    (folder / "x").unlink()
    (folder / "x").write_text("mine")
    stubs.release()
    assert (folder / "x").read_text() == "mine"


def test_a_folder_that_can_t_be_written_has_no_stubs_and_no_error(folder: Path) -> None:
    assert Stubs().hold([(folder / "missing" / "x", "node")]) == []
    assert Stubs().hold([(Path("/proc/x"), "node")]) == []


def test_git_sees_no_stubs(folder: Path) -> None:
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    stubs = Stubs()
    names: list[tuple[Path, Missing]] = [
        (folder / name, "node") for name in (".gitmodules", ".vscode", ".envrc")
    ]
    stubs.hold([*names, (folder / ".git" / "commondir", "pointer")])
    try:
        for command in (["status", "--porcelain"], ["add", "-A"], ["ls-files"]):
            run = subprocess.run(["git", *command], cwd=folder, capture_output=True, text=True, check=True)
            assert (run.stdout, run.stderr) == ("", "")
    finally:
        stubs.release()
    assert os.listdir(folder) == [".git"]  # noqa: PTH208 - names are what is meant
