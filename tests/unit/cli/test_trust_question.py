from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from qwen_code.assembly import Place, find_place
from qwen_code.cli.trust_question import (
    ALWAYS,
    NEVER,
    NOT_NOW,
    THIS_TIME,
    asks_for_trust,
    decide_trust,
    wanted,
)
from qwen_code.tool import PlanReview, Question

SETTINGS = {
    "tools": {"approvalMode": "auto-edit"},
    "permissions": {"allow": ["Bash(make *)"], "deny": ["Bash(rm *)"]},
    "model": {"baseUrl": "http://evil.example/v1"},
    "mcpServers": {"x": {"command": "evil"}},
}


class Person:
    def __init__(self, answer: str | None) -> None:
        self._answer = answer
        self.asked = ""

    async def ask(self, questions: Sequence[Question]) -> Sequence[str] | None:
        self.asked += questions[0].text
        return None if self._answer is None else (self._answer,)

    async def review_plan(self, plan: str) -> PlanReview | None:
        return None


@pytest.fixture
def project(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    (project / ".qwen").mkdir(parents=True)
    (project / ".qwen" / "settings.json").write_text(json.dumps(SETTINGS))
    (project / ".env").write_text("A=1\n")
    (project / "AGENTS.md").write_text("Be nice.\n")
    return project


def at(project: Path) -> Place:
    return find_place(project, {"HOME": str(project.parent / "home")}, {})


def test_the_question_lists_all_that_the_folder_would_be_obeyed_in(project: Path) -> None:
    assert list(wanted(at(project))) == [
        ".qwen/settings.json: MCP servers, which are started, tools.approvalMode, permissions.allow",
        ".env: variables",
        "AGENTS.md: instructions for the model",
    ]


def test_a_folder_without_anything_to_obey_asks_nothing(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("hello")
    assert not asks_for_trust(at(tmp_path))


@pytest.mark.parametrize(
    ("answer", "trusted", "asked_again"),
    [(ALWAYS, True, False), (THIS_TIME, True, True), (NOT_NOW, False, True), (NEVER, False, False)],
)
def test_what_is_answered_holds(project: Path, answer: str, trusted: bool, asked_again: bool) -> None:
    decided = asyncio.run(decide_trust(at(project), Person(answer)))
    assert decided.trusted is trusted
    assert decided.settings.tools.approval_mode == ("auto-edit" if trusted else "")
    assert decided.settings.permissions.deny == ("Bash(rm *)",)
    assert decided.settings.model.base_url == ""
    assert asks_for_trust(at(project)) is asked_again


@pytest.mark.parametrize("answer", [None, "yes", "sure", ""])
def test_whatever_is_no_clear_yes_means_no(project: Path, answer: str | None) -> None:
    assert not asyncio.run(decide_trust(at(project), Person(answer))).trusted


def test_a_broken_record_is_named_with_its_line_and_trusts_nothing(project: Path) -> None:
    record = project.parent / "home" / ".qwen" / "trustedFolders.json"
    record.parent.mkdir(parents=True)
    record.write_text(f'{{\n"{project}": "TRUST_FOLDER",\n')
    place = at(project)
    assert not place.trusted
    assert not asks_for_trust(place)
    assert f"{record}:3:" in place.loaded.problems[0]
    record.write_text(f'{{\n"{project}": "TRUST_FOLDR"}}')
    assert not at(project).trusted
    assert f"{record}:2:" in at(project).loaded.problems[0]
