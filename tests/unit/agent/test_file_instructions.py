from __future__ import annotations

from pathlib import Path

import pytest

from qwen_code.agent.conversation import Conversation
from qwen_code.agent.file_instructions import Advisor
from qwen_code.agent.instructions import Sources
from qwen_code.agent.memory import add_line, entries, file_to_add_to
from qwen_code.agent.rules import split_front_matter


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    for path in ("src/api/users.py", "src/app.py", "README.md"):
        write(root / path, "x")
    write(root / ".qwen/rules/api.md", "---\npaths:\n  - src/api/**/*.py\n---\nEvery endpoint has a test.")
    write(root / "src/AGENTS.md", "Four spaces.")
    return root


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def sources(root: Path, *, trusted: bool = True) -> Sources:
    return Sources(root, root.parent / ".qwen", ("QWEN.md", "AGENTS.md"), trusted)


def test_rules_and_nested_instructions_are_told_with_the_first_file_that_they_are_about(root: Path) -> None:
    conversation = Conversation("", ())
    advisor = Advisor(sources(root), conversation)
    assert advisor.due([root / "README.md"]) is None
    text = advisor.due([root / "src/api/users.py", root / "src/app.py"])
    assert text is not None
    assert text.count("Every endpoint has a test.") == 1
    assert '<instructions from="src/AGENTS.md">\nFour spaces.\n</instructions>' in text


def test_what_was_told_is_not_told_again_not_even_after_a_resume(root: Path) -> None:
    conversation = Conversation("", ())
    advisor = Advisor(sources(root), conversation)
    conversation.add_user(advisor.due([root / "src/api/users.py"]) or "", by_harness=True)
    assert advisor.due([root / "src/api/users.py"]) is None
    resumed = Conversation("", (), messages=conversation.messages)
    assert Advisor(sources(root), resumed).due([root / "src/app.py"]) is None


def test_what_was_lost_when_the_conversation_was_shortened_is_told_again(root: Path) -> None:
    conversation = Conversation("", ())
    advisor = Advisor(sources(root), conversation)
    first = advisor.due([root / "src/app.py"])
    conversation.add_user(first or "", by_harness=True)
    conversation.replace([])
    assert advisor.due([root / "src/app.py"]) == first


def test_a_project_that_is_not_trusted_says_nothing(root: Path) -> None:
    advisor = Advisor(sources(root, trusted=False), Conversation("", ()))
    assert advisor.due([root / "src/api/users.py"]) is None


def test_files_elsewhere_and_the_instructions_themselves_touch_nothing(root: Path) -> None:
    advisor = Advisor(sources(root), Conversation("", ()))
    assert advisor.due([root.parent / "other.py", root / "src/AGENTS.md"]) is None


@pytest.mark.parametrize(
    ("text", "globs"),
    [
        ("---\npaths: src/**/*.py\n---\nbody", ["src/**/*.py"]),
        ("---\npaths: a.py, 'b c.py'\n---\nbody", ["a.py", "b c.py"]),
        ('---\npaths: ["src/{a,b}/*.py", lib/**]\nname: x\n---\nbody', ["src/{a,b}/*.py", "lib/**"]),
        ("---\nname: x\npaths:\n  - 'a/**'\n  - b/**\nother:\n  - c\n---\nbody", ["a/**", "b/**"]),
        ("---\nname: x\n---\nbody", []),
        ("body", []),
    ],
)
def test_front_matter_is_read_in_the_forms_that_people_write(text: str, globs: list[str]) -> None:
    assert split_front_matter(text) == (globs, "body")


def test_an_unclosed_front_matter_is_text() -> None:
    assert split_front_matter("---\npaths: a\nbody") == ([], "---\npaths: a\nbody")


def test_memory_lists_what_was_told_and_what_waits(root: Path) -> None:
    conversation = Conversation("", ())
    advisor = Advisor(sources(root), conversation)
    preamble = '<instructions from="QWEN.md">\nBe kind to the machine.\n</instructions>'
    listed = entries(sources(root), preamble, conversation.messages)
    assert [(e.origin, e.told) for e in listed] == [("QWEN.md", True), (".qwen/rules/api.md", False)]
    conversation.add_user(advisor.due([root / "src/api/users.py"]) or "", by_harness=True)
    told = {e.origin for e in entries(sources(root), preamble, conversation.messages) if e.told}
    assert told == {"QWEN.md", ".qwen/rules/api.md", "src/AGENTS.md"}


def test_a_line_is_added_to_the_file_that_is_there(root: Path) -> None:
    write(root / "AGENTS.md", "# Rules\nno end of line")
    path = file_to_add_to(root, ("QWEN.md", "AGENTS.md"))
    add_line(path, "Answer in\nGerman.")
    assert path.read_text() == "# Rules\nno end of line\n- Answer in German.\n"
    assert file_to_add_to(root / "src/api", ("QWEN.md", "AGENTS.md")) == root / "src/api/QWEN.md"
    add_line(root / "new" / "QWEN.md", "First.")
    assert (root / "new" / "QWEN.md").read_text() == "- First.\n"
