from __future__ import annotations

import os
from pathlib import Path

import pytest

from qwen_code.tool import OutputLimits, TextBlock, ToolFailure
from qwen_code.tools.grep_search import GrepSearch
from tests.support.tool_calls import Bench, at_bench, failure, outcome

GREP = GrepSearch()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "src").mkdir(parents=True)
    (root / "src" / "app.py").write_text("import os\n\ndef main(argument):\n    print('hello')\n")
    (root / "README.md").write_text("Hello, this prints.\n")
    return root


def test_matches_are_lines_with_path_and_number(root: Path) -> None:
    result = outcome(root, GREP, pattern=r"def \w+")
    assert (result.ok, result.for_model) == (True, "src/app.py:3:def main(argument):")
    assert result.for_user == TextBlock("1 match in 1 file")


def test_indentation_is_kept_for_edits(root: Path) -> None:
    assert outcome(root, GREP, pattern="print", path="src").for_model == "src/app.py:4:    print('hello')"


def test_no_match_is_a_sentence_and_no_failure(root: Path) -> None:
    result = outcome(root, GREP, pattern="absent", path="src", glob="*.py")
    assert (result.ok, result.for_model) == (True, "No matches for absent in src (*.py).")


def test_an_invalid_pattern_comes_with_the_one_that_means_its_text(root: Path) -> None:
    error = failure(root, GREP, pattern="main(")
    assert error.kind == "schema"
    assert r"For that very text use: main\(" in str(error)


def test_only_so_many_lines_are_shown_and_all_are_counted(root: Path) -> None:
    (root / "many.txt").write_text("".join(f"row {n}\n" for n in range(50)))
    lines = outcome(root, GREP, pattern="row", limit=10).for_model.splitlines()
    assert lines[0] == "many.txt:1:row 0"
    assert lines[10:] == ["[10 of 50 matches in 1 file; narrow the pattern, path or glob]"]


def test_the_result_keeps_to_the_limit_of_bytes(root: Path) -> None:
    (root / "many.txt").write_text("".join(f"row {n} {'漢' * 80}\n" for n in range(500)))

    limits = OutputLimits(400, 4000)
    text = at_bench(root, lambda bench: bench.call(GREP, pattern="row"), limits=limits).for_model
    assert len(text.encode()) <= 4000
    assert "of 500 matches in 1 file" in text.splitlines()[-1]


def test_a_long_line_is_cut_around_its_match(root: Path) -> None:
    (root / "min.js").write_text("a" * 1000 + "needle" + "b" * 1000)
    text = outcome(root, GREP, pattern="needle").for_model
    assert text.startswith("min.js:1:...aaa")
    assert text.endswith("bbb...")
    assert "needle" in text
    assert len(text) < 350


def test_files_with_secrets_are_left_out_and_named(root: Path) -> None:
    (root / ".env").write_text("PRINTS=1\n")
    assert outcome(root, GREP, pattern="prints").for_model.splitlines() == [
        "README.md:1:Hello, this prints.",
        "[not searched, may hold secrets: .env]",
    ]


def test_what_is_said_of_secret_files_does_not_depend_on_what_is_in_them(root: Path) -> None:
    (root / ".env").write_text("TOKEN=abc\n")
    right, wrong = (outcome(root, GREP, pattern=f"TOKEN=a{c}").for_model for c in "bx")
    assert right.replace("TOKEN=ab", "") == wrong.replace("TOKEN=ax", "")


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ({"pattern": "x", "path": "missing"}, "not_found"),
        ({"pattern": "x", "limit": 0}, "schema"),
        ({"pattern": ""}, "schema"),
        ({"pattern": "x", "path": "a\0b"}, "invalid_path"),
    ],
)
def test_what_can_t_be_searched_says_why(root: Path, arguments: dict[str, str | int], kind: str) -> None:
    assert failure(root, GREP, **arguments).kind == kind


def test_a_missing_path_names_what_is_alike(root: Path) -> None:
    assert "README.md" in str(failure(root, GREP, pattern="x", path="READMEE.md"))


def test_a_pipe_is_not_waited_for(root: Path) -> None:
    os.mkfifo(root / "pipe")
    assert failure(root, GREP, pattern="x", path="pipe").kind == "not_regular_file"
    assert outcome(root, GREP, pattern="absent").for_model == "No matches for absent."


def test_a_link_out_of_the_workspace_is_seen_by_the_gate(root: Path) -> None:
    (root / "out").symlink_to("/etc")

    async def body(bench: Bench) -> list[str]:
        return [access.resolved for access in GREP.accesses(GREP.params("x", "out"), bench.context)]

    assert at_bench(root, body) == ["/etc"]


def test_a_path_that_was_not_granted_is_refused(root: Path) -> None:
    (root / "out").symlink_to("/etc")
    with pytest.raises(ToolFailure) as raised:
        at_bench(root, lambda bench: GREP.run(GREP.params("root", "out"), bench.context, print))
    assert raised.value.kind == "not_permitted"
