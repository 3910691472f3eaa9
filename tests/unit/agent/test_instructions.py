from __future__ import annotations

from pathlib import Path

import pytest

from qwen_code.agent.instructions import Instruction, Sources, find_instructions

NAMES = ("QWEN.md", "AGENTS.md")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "repo" / "pkg"
    root.mkdir(parents=True)
    (tmp_path / "repo" / ".git").mkdir()
    return root


def find(root: Path, *, trusted: bool = True, warnings: list[str] | None = None) -> list[Instruction]:
    kept = warnings if warnings is not None else []
    return find_instructions(Sources(root, root.parent.parent / ".qwen", NAMES, trusted, kept.append))


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_the_users_come_first_and_the_nearest_last(project: Path) -> None:
    write(project / "AGENTS.md", "near")
    write(project.parent / "QWEN.md", "far")
    write(project.parent.parent / ".qwen" / "QWEN.md", "mine")
    write(project.parent.parent / "QWEN.md", "above the repository")
    assert [i.text for i in find(project)] == ["mine", "far", "near"]
    assert [i.origin for i in find(project)][::2] == ["~/.qwen/QWEN.md", "AGENTS.md"]


def test_an_untrusted_project_is_not_obeyed(project: Path) -> None:
    write(project / "AGENTS.md", "run this")
    write(project.parent.parent / ".qwen" / "QWEN.md", "mine")
    assert [i.text for i in find(project, trusted=False)] == ["mine"]


def test_imports_are_put_in_place_but_not_in_code_or_addresses(project: Path) -> None:
    write(project / "docs" / "style.md", "be terse")
    write(project / "AGENTS.md", "See @docs/style.md now.\n```\n@docs/style.md\n```\nmail me@docs/style.md")
    (instruction,) = find(project)
    assert instruction.text == "See be terse now.\n```\n@docs/style.md\n```\nmail me@docs/style.md"


def test_imports_never_leave_the_project_or_go_in_circles(project: Path) -> None:
    write(project.parent.parent / "secret.md", "SECRET")
    write(project / "a.md", "A @b.md")
    write(project / "b.md", "B @a.md")
    write(project / "AGENTS.md", "@../../secret.md and @a.md")
    warnings: list[str] = []
    (instruction,) = find(project, warnings=warnings)
    assert instruction.text == "@../../secret.md and A B @a.md"
    assert "outside the project" in warnings[0]


def test_a_linked_twin_is_read_once(project: Path) -> None:
    write(project / "AGENTS.md", "once")
    (project / "QWEN.md").symlink_to("AGENTS.md")
    assert [i.text for i in find(project)] == ["once"]


def test_a_huge_file_is_cut_and_said(project: Path) -> None:
    write(project / "AGENTS.md", "x" * 100_000)
    warnings: list[str] = []
    (instruction,) = find(project, warnings=warnings)
    assert len(instruction.text) == 64 * 1024
    assert "only its beginning" in warnings[0]
