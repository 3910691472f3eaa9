from __future__ import annotations

import stat
import time
from pathlib import Path

import pytest

from qwen_code.sandbox.base import Bounds
from qwen_code.sandbox.choice import PROBE_S, Choice, Chooser
from qwen_code.sandbox.landlock import version


@pytest.fixture
def bounds(tmp_path: Path) -> Bounds:
    home, root = tmp_path / "home", tmp_path / "home" / "project"
    root.mkdir(parents=True)
    return Bounds((root,), home, home / ".qwen")


def chosen(bounds: Bounds, programs: list[Path], *, enabled: bool = True) -> Choice:
    known = [str(path) for path in programs]
    chooser = Chooser(bounds, {"PATH": "/nonexistent"}, programs=known, enabled=enabled)
    try:
        return chooser.choice
    finally:
        chooser.close()


def failing(path: Path, says: str) -> Path:
    path.write_text(f'#!/bin/sh\necho "{says}" >&2\nexit 1\n')
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_without_bubblewrap_the_weaker_sandbox_is_named_with_the_remedy(bounds: Bounds) -> None:
    choice = chosen(bounds, [])
    assert choice.sandbox.name == ("landlock" if version() else "none")
    assert not choice.sandbox.confines
    assert "Install it" in choice.remedy


@pytest.mark.parametrize(
    ("says", "named"),
    [
        ("bwrap: setting up uid map: Permission denied", "refuses user namespaces"),
        ("bwrap: No permissions to create a new namespace", "refuses user namespaces"),
        ("bwrap: Unknown option --perms", "too old"),
        ("bwrap: Can't mount proc on /newroot/proc: Operation not permitted", "it fails (Can't mount proc"),
    ],
)
def test_a_bubblewrap_that_fails_is_not_used_and_its_reason_is_said(
    bounds: Bounds, tmp_path: Path, says: str, named: str
) -> None:
    choice = chosen(bounds, [failing(tmp_path / "bwrap", says)])
    assert choice.sandbox.name != "bubblewrap"
    assert named in choice.remedy


def test_a_program_of_the_project_is_never_taken_for_bubblewrap(bounds: Bounds) -> None:
    planted = bounds.roots[0] / "bwrap"
    planted.write_text("#!/bin/sh\ntouch ran\n")
    planted.chmod(0o755)
    assert "there is no bwrap" in chosen(bounds, [planted]).remedy


@pytest.mark.parametrize("above", [0, 1])
def test_a_workspace_that_holds_the_home_directory_is_not_confined(bounds: Bounds, above: int) -> None:
    root = [bounds.home, bounds.home.parent][above]
    choice = chosen(Bounds((root,), bounds.home, bounds.config), [])
    assert choice.sandbox.name == "none"
    assert "Start in the directory of a project" in choice.remedy


def test_switched_off_is_off(bounds: Bounds) -> None:
    choice = chosen(bounds, [], enabled=False)
    assert choice.sandbox.name == "none"
    assert "--no-sandbox" in choice.remedy


def test_closing_waits_neither_for_a_probe_that_hangs_nor_for_its_children(
    bounds: Bounds, tmp_path: Path
) -> None:
    hanging = tmp_path / "bwrap"
    hanging.write_text(f"#!/bin/sh\nsleep {PROBE_S * 6} &\nsleep {PROBE_S * 6}\n")
    hanging.chmod(hanging.stat().st_mode | stat.S_IXUSR)
    chooser = Chooser(bounds, {"PATH": "/usr/bin:/bin"}, programs=[str(hanging)])
    started = time.monotonic()
    chooser.begin()
    chooser.close()
    assert time.monotonic() - started < PROBE_S
