from __future__ import annotations

import os
from pathlib import Path

import pytest

from qwen_code.tool import TextBlock
from qwen_code.tools.glob import Glob
from tests.support.tool_calls import Bench, at_bench, failure, outcome

GLOB = Glob()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    names = ["setup.py", "src/app.py", "src/lib/util.py", "src/lib/util.ts", "docs/a.md", ".github/ci.yml"]
    names += ["build/out.py", "src/gen.tmp"]
    for age, name in enumerate(names):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        os.utime(path, (1_000_000 - age, 1_000_000 - age))
    (root / ".gitignore").write_text("build/\n")
    (root / ".qwenignore").write_text("*.tmp\n")
    return root


@pytest.mark.parametrize(
    ("pattern", "lines"),
    [
        ("**/*.py", ["setup.py", "src/app.py", "src/lib/util.py"]),
        ("*.py", ["setup.py"]),
        ("src/**/*.{py,ts}", ["src/app.py", "src/lib/util.py", "src/lib/util.ts"]),
        ("src/lib/util.py", ["src/lib/util.py"]),
        ("**/ci.*", [".github/ci.yml"]),
        ("src/../docs/*", ["docs/a.md"]),
        ("build/*", ["build/out.py"]),
        ("./src/*.py", ["src/app.py"]),
    ],
)
def test_files_are_found_newest_first(root: Path, pattern: str, lines: list[str]) -> None:
    assert outcome(root, GLOB, pattern=pattern).for_model.splitlines() == lines


def test_ignored_files_are_left_out(root: Path) -> None:
    found = outcome(root, GLOB, pattern="**/*").for_model
    assert "build/out.py" not in found
    assert "src/gen.tmp" not in found


def test_a_pattern_may_be_absolute(root: Path) -> None:
    assert outcome(root, GLOB, pattern=f"{root}/src/*.py").for_model == "src/app.py"


def test_the_search_can_begin_in_a_directory(root: Path) -> None:
    assert outcome(root, GLOB, pattern="*.py", path="src").for_model == "src/app.py"
    assert outcome(root, GLOB, pattern="lib/*.py", path="src").for_model == "src/lib/util.py"


def test_a_bare_name_that_is_further_down_is_found_all_the_same(root: Path) -> None:
    result = outcome(root, GLOB, pattern="util.*")
    assert result.for_model == "src/lib/util.py\nsrc/lib/util.ts\n[not directly in ., but below it]"


def test_nothing_found_is_a_sentence(root: Path) -> None:
    result = outcome(root, GLOB, pattern="**/*.rs", path="src")
    assert (result.ok, result.for_model) == (True, "No file matches **/*.rs in src.")


def test_a_hundred_are_shown_and_the_rest_is_counted(tmp_path: Path) -> None:
    for n in range(150):
        (tmp_path / f"f{n:03}").touch()
    result = outcome(tmp_path, GLOB, pattern="*")
    lines = result.for_model.splitlines()
    assert len(lines) == 101
    assert lines[-1] == "[100 of 150 files, newest first; narrow the pattern]"
    assert result.for_user == TextBlock("150 files")


def test_links_are_found_and_not_followed(root: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.md").touch()
    (root / "out").symlink_to(tmp_path / "outside")
    (root / "README.md").symlink_to("docs/a.md")
    assert set(outcome(root, GLOB, pattern="**/*.md").for_model.splitlines()) == {"README.md", "docs/a.md"}


def test_the_gate_sees_the_directory_that_is_walked(root: Path) -> None:
    def of(pattern: str, path: str = ".") -> list[str]:
        async def body(bench: Bench) -> list[str]:
            return [access.target for access in GLOB.accesses(GLOB.params(pattern, path), bench.context)]

        return at_bench(root, body)

    assert of("*.py") == [str(root)]
    assert of("src/**/*.py") == [str(root / "src")]
    assert of("/etc/*.conf") == ["/etc"]
    assert of("../x/*", "src") == [str(root / "x")]


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ({"pattern": ""}, "schema"),
        ({"pattern": "/"}, "schema"),
        ({"pattern": "[z-a]"}, "schema"),
        ({"pattern": "*.py", "path": "missing"}, "not_found"),
        ({"pattern": "missing/*.py"}, "not_found"),
        ({"pattern": "*.py", "path": "setup.py"}, "not_found"),
        ({"pattern": "a\nb/*.py"}, "invalid_path"),
    ],
)
def test_what_can_t_be_looked_for_says_why(root: Path, arguments: dict[str, str], kind: str) -> None:
    error = failure(root, GLOB, **arguments)
    assert error.kind == kind
    assert str(error).endswith((".", "?"))


def test_odd_names_can_t_steer_a_terminal(tmp_path: Path) -> None:
    (tmp_path / "a\x1b[31m.py").touch()
    assert outcome(tmp_path, GLOB, pattern="*.py").for_model == r"a\x1b[31m.py"
