from __future__ import annotations

import asyncio
import os
import shutil
import sys
from pathlib import Path

import pytest

from qwen_code.workspace.search import Found, InvalidPattern, Query, search
from qwen_code.workspace.search_engines import Pattern, find_ripgrep

RG = shutil.which("rg")
ENGINES = [*([pytest.param(RG, id="rg")] if RG else []), pytest.param(None, id="worker")]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    files = {
        "src/app.py": "import os\n\ndef main():\n    return NEEDLE\n",
        "src/util.py": "needle = 1\nNEEDLE = 2\n",
        "docs/guide.md": "Find the needle here.\n",
        ".github/ci.yml": "run: needle\n",
        "build/out.txt": "needle\n",
        "notes.log": "needle\n",
        ".env": "NEEDLE=secret\n",
        "deploy/id_rsa": "needle\n",
        ".env.example": "NEEDLE=example\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / ".gitignore").write_text("build/\n*.log\n")
    return tmp_path


def find(root: Path, pattern: str, rg: str | None, glob: str = "", start: str = "") -> Found:
    return asyncio.run(search(Query(pattern, root / start, root, glob), rg))


def places(root: Path, found: Found) -> set[str]:
    return {f"{os.path.relpath(match.path, root)}:{match.line}" for match in found.matches}


@pytest.mark.parametrize("rg", ENGINES)
@pytest.mark.parametrize("pattern", ["NEEDLE", "NEEDL[E]"])
def test_lines_are_found_in_all_files_but_ignored_and_secret_ones(
    root: Path, rg: str | None, pattern: str
) -> None:
    assert places(root, find(root, pattern, rg)) == {"src/app.py:4", "src/util.py:2", ".env.example:1"}


@pytest.mark.parametrize("rg", ENGINES)
@pytest.mark.parametrize("pattern", ["needle", "needl[e]"])
def test_a_pattern_in_lower_case_ignores_case(root: Path, rg: str | None, pattern: str) -> None:
    assert places(root, find(root, pattern, rg)) == {
        "src/app.py:4",
        "src/util.py:1",
        "src/util.py:2",
        "docs/guide.md:1",
        ".github/ci.yml:1",
        ".env.example:1",
    }


@pytest.mark.parametrize("rg", ENGINES)
@pytest.mark.parametrize(
    ("glob", "files"),
    [
        ("*.py", {"src/app.py", "src/util.py"}),
        ("*.{py,md}", {"src/app.py", "src/util.py", "docs/guide.md"}),
        ("*.py,*.md", {"src/app.py", "src/util.py", "docs/guide.md"}),
        ("src/**/a*.py", {"src/app.py"}),
        ("**/*.yml", {".github/ci.yml"}),
        ("!*.py", {"docs/guide.md", ".github/ci.yml", ".env.example"}),
        ("/src/*.py", {"src/app.py", "src/util.py"}),
        ("*.log", set[str]()),
        (".env", set[str]()),
    ],
)
def test_a_glob_narrows_the_search(root: Path, rg: str | None, glob: str, files: set[str]) -> None:
    found = find(root, "needle", rg, glob)
    assert {os.path.relpath(match.path, root) for match in found.matches} == files


@pytest.mark.parametrize("rg", ENGINES)
def test_a_directory_or_file_can_be_searched_alone(root: Path, rg: str | None) -> None:
    assert places(root, find(root, "needle", rg, start="docs")) == {"docs/guide.md:1"}
    assert places(root, find(root, "needle", rg, start="src/util.py")) == {"src/util.py:1", "src/util.py:2"}
    assert places(root, find(root, "needl[e]", rg, start="src/util.py")) == {"src/util.py:1", "src/util.py:2"}


@pytest.mark.parametrize("rg", ENGINES)
@pytest.mark.parametrize("pattern", ["NEEDLE", "absent"])
def test_files_left_out_as_secret_are_named_whatever_they_hold(
    root: Path, rg: str | None, pattern: str
) -> None:
    left_out = find(root, pattern, rg).left_out
    assert [os.path.relpath(path, root) for path in left_out] == [".env", "deploy/id_rsa"]
    assert find(root, pattern, rg, "*.py").left_out == ()


@pytest.mark.parametrize("rg", ENGINES)
def test_what_is_ignored_or_secret_is_searched_when_named(root: Path, rg: str | None) -> None:
    assert places(root, find(root, "needle", rg, start="build")) == {"build/out.txt:1"}
    assert places(root, find(root, "needle", rg, start="notes.log")) == {"notes.log:1"}
    assert places(root, find(root, "needle", rg, start=".env")) == {".env:1"}


@pytest.mark.parametrize("rg", ENGINES)
def test_qwenignore_files_count_at_every_level(root: Path, rg: str | None) -> None:
    (root / ".qwenignore").write_text("docs/\n")
    (root / "src" / ".qwenignore").write_text("util.py\n")
    assert places(root, find(root, "needle", rg)) == {"src/app.py:4", ".github/ci.yml:1", ".env.example:1"}


@pytest.mark.parametrize("rg", ENGINES)
def test_links_are_not_followed(root: Path, rg: str | None, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "x.txt").write_text("unique-text\n")
    (root / "dir").symlink_to(outside)
    (root / "x.txt").symlink_to(outside / "x.txt")
    assert find(root, "unique-text", rg).matches == ()
    assert find(root, "unique-tex[t]", rg).matches == ()


@pytest.mark.parametrize("rg", ENGINES)
@pytest.mark.parametrize("pattern", ["-x", "--help", "-", "-[x]", "a.b", r"f\(", "$", "漢字", r"\d+px"])
def test_patterns_are_patterns_and_never_options(root: Path, rg: str | None, pattern: str) -> None:
    text = "one -x --help a.b f( $ 漢字 12px\n"
    (root / "file.txt").write_text(text)
    found = find(root, pattern, rg, start="file.txt")
    assert [match.text for match in found.matches] == [text.rstrip("\n")]


@pytest.mark.parametrize("rg", ENGINES)
@pytest.mark.parametrize("pattern", ["[", "foo(", "*", "(?P<x", "a{2,1}", ""])
def test_an_invalid_pattern_is_an_error_of_one_line(root: Path, rg: str | None, pattern: str) -> None:
    with pytest.raises(InvalidPattern) as raised:
        find(root, pattern, rg)
    assert "\n" not in str(raised.value)
    assert str(raised.value)


@pytest.mark.parametrize("rg", ENGINES)
@pytest.mark.parametrize("pattern", [r"(?<=def )main", r"(\w)\1", r"main(?!x)"])
def test_look_around_and_back_references_work(root: Path, rg: str | None, pattern: str) -> None:
    (root / "one.txt").write_text("def main xx\n")
    assert places(root, find(root, pattern, rg, start="one.txt")) == {"one.txt:1"}


@pytest.mark.parametrize("rg", ENGINES)
def test_a_pattern_may_span_lines(root: Path, rg: str | None) -> None:
    found = find(root, r"def main\(\):\n\s+return", rg)
    assert places(root, found) == {"src/app.py:3", "src/app.py:4"}


@pytest.mark.parametrize("rg", ENGINES)
@pytest.mark.parametrize("pattern", ["needle", "needl[e]"])
def test_text_that_is_not_utf_8_is_searched_too(root: Path, rg: str | None, pattern: str) -> None:
    (root / "gbk.c").write_bytes("// 注释 needle\n".encode("gbk"))
    (root / "latin.txt").write_bytes("caf\xe9 needle\n".encode("latin-1"))
    (root / "wide.txt").write_bytes("needle\n".encode("utf-16"))
    found = places(root, find(root, pattern, rg))
    assert {"gbk.c:1", "latin.txt:1"} <= found


@pytest.mark.parametrize("rg", ENGINES)
def test_binary_files_are_passed_over(root: Path, rg: str | None) -> None:
    (root / "data.bin").write_bytes(b"needle\0needle\n")
    assert not any(match.path.endswith(".bin") for match in find(root, "needl[e]", rg).matches)
    assert not any(match.path.endswith(".bin") for match in find(root, "needle", rg).matches)


@pytest.mark.parametrize("rg", ENGINES)
def test_dos_line_ends_are_no_part_of_lines(root: Path, rg: str | None) -> None:
    (root / "dos.txt").write_bytes(b"needle end\r\nmore\r\n")
    for pattern in ("needle end", "end$", "^needle.*d$", "[$d]$"):
        assert [match.text for match in find(root, pattern, rg, start="dos.txt").matches] == ["needle end"]


@pytest.mark.parametrize("rg", ENGINES)
def test_an_endless_line_comes_in_part(root: Path, rg: str | None) -> None:
    (root / "min.js").write_text("x" * 500_000 + "needle" + "y" * 500_000)
    (match,) = find(root, "needle", rg, start="min.js").matches
    assert len(match.text) < 3000


@pytest.mark.parametrize("rg", ENGINES)
def test_too_many_matches_stop_the_search(root: Path, rg: str | None) -> None:
    (root / "many.txt").write_text("needle and some more text to fill the line with\n" * 100_000)
    found = find(root, "needle", rg)
    assert not found.complete
    assert len(found.matches) > 10_000


@pytest.mark.parametrize("rg", ENGINES)
def test_odd_file_names_mislead_nobody(root: Path, rg: str | None) -> None:
    for name in ["a\nb", "c:1:2", " d ", "-e", "f\xff".encode("latin-1").decode("utf-8", "surrogateescape")]:
        (root / name).write_text("unique\n")
    found = {os.path.relpath(match.path, root) for match in find(root, "unique", rg).matches}
    assert found == {"c:1:2", " d ", "-e", "f\udcff"}


def test_a_search_that_takes_too_long_is_stopped(root: Path) -> None:
    (root / "slow.txt").write_text("a" * 40 + "\n")
    query = Query(r"(?=a)(a+)+$b", root / "slow.txt", root)
    found = asyncio.run(search(query, None, seconds=0.5))
    assert (found.matches, found.complete) == ((), False)


def test_cancelling_ends_the_search_s_process(root: Path) -> None:
    (root / "slow.txt").write_text("a" * 40 + "\n")

    def workers() -> list[str]:
        found: list[str] = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal():
                try:
                    line = (entry / "cmdline").read_bytes().decode("utf-8", "replace")
                    parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
                except OSError:
                    continue
                if "search_worker" in line and int(parent) == os.getpid():
                    found.append(entry.name)
        return found

    async def body() -> None:
        task = asyncio.ensure_future(search(Query(r"(?=a)(a+)+$b", root / "slow.txt", root), None))
        for _ in range(500):
            if workers():
                break
            await asyncio.sleep(0.01)
        assert workers()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not workers()

    asyncio.run(body())


def test_newer_files_come_first(root: Path) -> None:
    for age, name in enumerate(["src/util.py", "docs/guide.md", "src/app.py"]):
        os.utime(root / name, (1_000_000 - age, 1_000_000 - age))
    for name in (".env.example", ".github/ci.yml"):
        os.utime(root / name, (1, 1))
    found = find(root, "needle", None)
    paths = list(dict.fromkeys(os.path.relpath(match.path, root) for match in found.matches))
    assert paths == ["src/util.py", "docs/guide.md", "src/app.py", ".env.example", ".github/ci.yml"]


def test_a_ripgrep_of_the_project_s_own_is_never_run(root: Path) -> None:
    tools = root / "bin"
    tools.mkdir()
    (tools / "rg").write_text("#!/bin/sh\ntouch pwned\n")
    (tools / "rg").chmod(0o755)
    beside = Path(sys.prefix) / "bin" / "rg"
    assert find_ripgrep(str(tools), root) == (str(beside) if beside.exists() else None)
    assert find_ripgrep(str(tools), root / "src") == str(tools / "rg")


@pytest.mark.parametrize(
    ("pattern", "ignores_case"),
    [
        ("abc", True),
        ("aBc", False),
        (r"a\Sb", True),
        (r"\p{Lu}x", True),
        (r"\\S", False),
        ("é", True),
        ("É", False),
    ],
)
def test_case_counts_once_a_capital_is_meant(pattern: str, ignores_case: bool) -> None:
    assert Pattern(pattern).ignores_case is ignores_case


def test_an_escaped_pattern_finds_its_own_text(root: Path) -> None:
    text = "f(x)[0] = {a|b}^2 + $1.5*\\d?"
    (root / "odd.txt").write_text(text + "\n")
    assert len(find(root, Pattern(text).escaped, None, start="odd.txt").matches) == 1
