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


def test_local_twins_stand_behind_what_they_add_to(project: Path) -> None:
    write(project / "QWEN.md", "shared")
    write(project / "QWEN.local.md", "mine here")
    write(project / ".qwen" / "QWEN.local.md", "mine there")
    write(project / "AGENTS.md", "agents")
    assert [i.text for i in find(project)] == ["shared", "mine here", "mine there", "agents"]


def test_an_import_that_can_not_be_taken_stays_as_it_is_and_the_reason_is_told(project: Path) -> None:
    (project / "logo.png").write_bytes(b"\x89PNG\0\0")
    write(project / "config" / "secrets.yml", "token: 1")
    write(project / "a1.md", "1 @a2.md")
    for n in range(2, 9):
        write(project / f"a{n}.md", f"{n} @a{n + 1}.md")
    write(project / "AGENTS.md", "@logo.png @config/secrets.yml @missing.md @me.too @a1.md @AGENTS.md")
    warnings: list[str] = []
    (instruction,) = find(project, warnings=warnings)
    kept = "@logo.png @config/secrets.yml @missing.md @me.too 1 2 3 4 5 @a6.md @AGENTS.md"
    assert instruction.text == kept
    told = " ".join(warnings)
    for reason in ("is no text", "may hold secrets", "is no file", "more than 5 deep", "and so itself"):
        assert reason in told


def test_imports_share_one_budget(project: Path) -> None:
    for n in range(4):
        write(project / f"part{n}.md", f"{n}" * 30_000)
    write(project / "AGENTS.md", "@part0.md @part1.md @part2.md @part3.md")
    warnings: list[str] = []
    (instruction,) = find(project, warnings=warnings)
    assert 64_000 < len(instruction.text) < 66_000
    assert len([text for text in warnings if "only its beginning" in text]) == 1


def test_the_persons_own_file_may_import_from_home_and_a_projects_may_not(project: Path) -> None:
    write(project.parent.parent / "notes" / "style.md", "be terse")
    write(project.parent.parent / ".qwen" / "QWEN.md", "@~/notes/style.md")
    write(project / "AGENTS.md", "@~/notes/style.md")
    warnings: list[str] = []
    assert [i.text for i in find(project, warnings=warnings)] == ["be terse", "@~/notes/style.md"]
    assert "outside the project" in warnings[0]


def test_a_file_that_leads_outside_the_project_is_left_out(project: Path) -> None:
    write(project.parent.parent / "secret.md", "SECRET")
    (project / "AGENTS.md").symlink_to(project.parent.parent / "secret.md")
    warnings: list[str] = []
    assert find(project, warnings=warnings) == []
    assert "leads outside the project" in warnings[0]


def test_a_rule_without_paths_holds_from_the_start(project: Path) -> None:
    write(project / ".qwen" / "rules" / "b" / "always.md", "---\ndescription: x\n---\nBe kind.")
    write(project / ".qwen" / "rules" / "some.md", "---\npaths: src/**\n---\nOnly there.")
    assert [(i.origin, i.text) for i in find(project)] == [(".qwen/rules/b/always.md", "Be kind.")]
    assert find(project, trusted=False) == []
