from __future__ import annotations

import os
from pathlib import Path

import pytest

from qwen_code.sandbox.kept_copies import KeptCopies
from qwen_code.sandbox.protected_paths import ProtectedPaths


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path.resolve() / "project"
    (root / ".vscode").mkdir(parents=True)
    (root / ".vscode" / "tasks.json").write_text("{}")
    (root / ".vscode" / "tasks.json").chmod(0o640)
    return root


@pytest.fixture
def copies(root: Path) -> KeptCopies:
    return KeptCopies(ProtectedPaths([root]).now())


def names(folder: Path) -> list[str]:
    return sorted(path.name.partition(".refused")[0] for path in folder.iterdir())


def test_what_nobody_touched_is_left_alone(root: Path, copies: KeptCopies) -> None:
    before = (root / ".vscode" / "tasks.json").stat().st_mtime_ns
    assert copies.put_back() == []
    assert (root / ".vscode" / "tasks.json").stat().st_mtime_ns == before


@pytest.mark.parametrize("how", ["written", "deleted", "mode", "folder gone", "folder replaced", "linked"])
def test_a_changed_file_is_put_back_with_its_mode(root: Path, copies: KeptCopies, how: str) -> None:
    tasks = root / ".vscode" / "tasks.json"
    match how:
        case "written":
            tasks.write_text("evil")
        case "deleted":
            tasks.unlink()
        case "mode":
            tasks.chmod(0o777)
        case "linked":
            tasks.unlink()
            tasks.symlink_to("/etc/passwd")
        case _:
            (root / ".vscode").rename(root / "moved")
            if how == "folder replaced":
                (root / ".vscode").write_text("")
    assert copies.put_back()
    assert (tasks.read_text(), tasks.stat().st_mode & 0o777, tasks.is_symlink()) == ("{}", 0o640, False)
    assert copies.put_back() == []


def test_what_came_to_be_is_renamed_not_lost(root: Path, copies: KeptCopies) -> None:
    (root / ".qwen").mkdir()
    (root / ".qwen" / "settings.json").write_text("evil")
    (root / ".vscode" / "new.json").write_text("evil")
    assert len(copies.put_back()) == 2
    assert not (root / ".qwen").exists()
    assert not (root / ".vscode" / "new.json").exists()
    assert names(root) == [".qwen", ".vscode"]
    assert names(root / ".vscode") == ["new.json", "tasks.json"]


def test_nothing_is_written_through_a_link_in_the_way(root: Path, copies: KeptCopies) -> None:
    outside = root.parent / "outside"
    outside.mkdir()
    (root / ".vscode").rename(root / "moved")
    (root / ".vscode").symlink_to(outside)
    copies.put_back()
    assert list(outside.iterdir()) == []
    assert (root / ".vscode" / "tasks.json").read_text() == "{}"
    assert not os.path.islink(root / ".vscode")  # noqa: PTH114 - the link itself is meant
