"""The shape of the code: what reviews would otherwise have to catch, and what start-up may cost."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from qwen_code.agent.registry import load_tools, spec_of, tool_names

ROOT = Path(__file__).parent.parent
CODE = ("qwen_code", "tools", "tests", "benchmarks", "scripts", "examples")
MAX_LINES = 400
HEAVY = (
    "git",
    "httpx",
    "llama_cpp",
    "numpy",
    "pathspec",
    "prompt_toolkit",
    "pydantic",
    "pygments",
    "rich",
    "ripgrep",
    "python_ripgrep",
)
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "core"}


def modules(*folders: str) -> list[Path]:
    found = [p for folder in folders for p in (ROOT / folder).rglob("*.py")]
    return [p for p in found if not {"__pycache__", "node_modules"} & set(p.parts)]


def module_id(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", modules(*CODE), ids=module_id)
def test_a_module_is_one_room(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= MAX_LINES
    assert path.stem not in VAGUE_NAMES


@pytest.mark.parametrize("path", modules("qwen_code", "tools"), ids=module_id)
def test_a_module_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text("utf-8")))


@pytest.mark.parametrize("name", tool_names())
def test_a_tool_has_its_prompt_and_names_its_parameters_there(name: str) -> None:
    (tool,) = load_tools(only=[name])
    assert tool.name == name
    spec = spec_of(tool)
    assert spec.description
    described = {k for k, v in spec.parameters["properties"].items() if "description" in v}
    text = (ROOT / "prompts" / "tools" / f"{name}.md").read_text("utf-8")
    _, _, parameters = text.partition("\n## Parameters\n")
    listed = [line[2:].partition(":")[0].strip("`") for line in parameters.splitlines() if line[:2] == "- "]
    assert {part for part in listed if "." not in part} == described


def test_every_prompt_of_a_tool_has_its_tool() -> None:
    assert sorted(p.stem for p in (ROOT / "prompts" / "tools").glob("*.md")) == tool_names()


def imported_by(
    arguments: list[str], *, code: int = 0, environment: dict[str, str] | None = None
) -> set[str]:
    """The top-level modules that a command line has loaded when it is done."""
    program = (
        "import sys\n"
        "from qwen_code.cli.entry import run\n"
        f"ended = run({arguments!r})\n"
        "print(chr(10) + repr((int(ended), [m for m in sys.modules if '.' not in m])))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment
    )
    ended, names = ast.literal_eval(done.stdout.splitlines()[-1])
    assert ended == code, done.stderr
    return set(names)


def test_the_version_imports_nothing() -> None:
    assert not imported_by(["--version"]) & {*HEAVY, "typer", "asyncio"}


def test_the_help_imports_nothing_heavy() -> None:
    assert not imported_by(["--help"]) & {*HEAVY, "asyncio"}


def test_a_one_shot_run_imports_neither_terminal_nor_git_nor_a_model(tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    script.write_text(json.dumps([{"text": "Done."}]))
    names = imported_by(["-m", f"scripted:{script}", "--yolo", "-p", "say done"])
    assert not names & set(HEAVY)


def test_a_remote_run_imports_only_the_http_client_before_its_first_request() -> None:
    environment = {
        **os.environ,
        "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
        "OPENAI_API_KEY": "none",
        "OPENAI_MODEL": "m",
        "QWEN_CODE_MODEL_GENERATION_CONFIG_MAX_RETRIES": "1",
    }
    names = imported_by(["--yolo", "-p", "hi"], code=75, environment=environment)
    assert names & set(HEAVY) == {"httpx"}


def test_the_import_layers_hold() -> None:
    command = [Path(sys.executable).parent / "lint-imports", "--no-cache"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout


@pytest.mark.slow
def test_the_wheel_made_from_the_sdist_holds_every_file_once(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    (sdist,) = tmp_path.glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    packed = [n for n in names if n.startswith("qwen_code/")]
    expected = {
        f"qwen_code/{path.relative_to(ROOT)}" if folder != "qwen_code" else str(path.relative_to(ROOT))
        for folder in ("qwen_code", "tools", "prompts")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert sorted(packed) == sorted(expected)
    assert not any(n.startswith(("tools/", "prompts/", "tests/")) for n in names)
    with tarfile.open(sdist) as archive:
        assert not any(member.issym() for member in archive.getmembers())
