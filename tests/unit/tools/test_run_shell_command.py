from __future__ import annotations

from pathlib import Path

import pytest

from qwen_code.tool import Access, CommandBlock, OutputLimits, ToolResult
from qwen_code.tools.read_file import ReadFile
from qwen_code.tools.run_shell_command import RunShellCommand
from tests.support.tool_calls import Bench, at_bench, failure, outcome

SHELL = RunShellCommand()


def test_a_success_is_its_output_and_nothing_else(tmp_path: Path) -> None:
    result = outcome(tmp_path, SHELL, command="echo hello")
    assert (result.ok, result.for_model) == (True, "hello")
    assert result.for_user == CommandBlock("echo hello", str(tmp_path), "hello\n", 0)


def test_no_output_is_said(tmp_path: Path) -> None:
    assert outcome(tmp_path, SHELL, command="true").for_model == "(no output)"


@pytest.mark.parametrize(
    ("command", "for_model"),
    [
        ("echo bad; exit 3", "bad\n[exit code 3]"),
        ("exit 1", "(no output)\n[exit code 1]"),
        ("kill -TERM $$", "(no output)\n[ended by SIGTERM]"),
        ("exit 139", "(no output)\n[exit code 139, SIGSEGV]"),
    ],
)
def test_a_failure_says_how_it_ended(tmp_path: Path, command: str, for_model: str) -> None:
    result = outcome(tmp_path, SHELL, command=command)
    assert not result.ok
    assert result.for_model == for_model


def test_a_timeout_is_in_milliseconds_and_keeps_the_output_so_far(tmp_path: Path) -> None:
    result = outcome(tmp_path, SHELL, command="echo begun; sleep 30", timeout=300)
    assert not result.ok
    assert result.for_model.startswith("begun\n[timed out after 0.3 s;")


def test_a_call_without_a_timeout_has_the_configured_one(tmp_path: Path) -> None:
    async def body(bench: Bench) -> ToolResult:
        bench.context.shell_timeout_s = 0.2
        return await bench.call(SHELL, command="sleep 30")

    assert "timed out after 0.2 s" in at_bench(tmp_path, body).for_model


@pytest.mark.parametrize("timeout", [0, -5])
def test_a_timeout_must_be_positive(tmp_path: Path, timeout: int) -> None:
    assert failure(tmp_path, SHELL, command="true", timeout=timeout).kind == "schema"


def test_a_change_of_directory_lasts_and_is_said(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()

    async def body(bench: Bench) -> list[str]:
        commands = ["cd src", "ls nothing-here 2>/dev/null", "cd .."]
        return [(await bench.call(SHELL, command=command)).for_model for command in commands]

    assert at_bench(tmp_path, body) == [
        "(no output)\n[now in src]",
        "(no output)\n[exit code 2]\n[ran in src]",
        "(no output)\n[now in .]",
    ]


def test_leaving_the_workspace_is_said(tmp_path: Path) -> None:
    assert "outside the workspace" in outcome(tmp_path, SHELL, command="cd /").for_model


def test_a_command_can_run_in_another_directory_once(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()

    async def body(bench: Bench) -> tuple[str, Path]:
        result = await bench.call(SHELL, command="pwd", directory="sub")
        return result.for_model, bench.context.commands.directory

    assert at_bench(tmp_path, body) == (str(tmp_path / "sub"), tmp_path)


def test_a_directory_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert failure(tmp_path, SHELL, command="pwd", directory="missing").kind == "not_found"
    assert failure(tmp_path, SHELL, command="pwd", directory="file").kind == "not_found"


def test_the_gate_sees_the_whole_command_and_where_it_runs(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/usr")

    async def body(bench: Bench) -> list[Access]:
        params = SHELL.params(command="a\nb", directory="link")
        return list(SHELL.accesses(params, bench.context))

    assert at_bench(tmp_path, body) == [Access("run", "a\nb", "/usr")]


def test_an_empty_command_is_refused(tmp_path: Path) -> None:
    assert failure(tmp_path, SHELL, command=" \n").kind == "schema"


def test_output_is_streamed_to_the_screen(tmp_path: Path) -> None:
    async def body(bench: Bench) -> list[str]:
        await bench.call(SHELL, command="echo a; echo b")
        return bench.shown

    assert "".join(at_bench(tmp_path, body)) == "a\nb\n"


def test_the_middle_of_a_long_output_can_be_read_with_read_file(tmp_path: Path) -> None:
    async def body(bench: Bench) -> tuple[str, str]:
        result = await bench.call(SHELL, command="seq 1 1000")
        (saved,) = (tmp_path.parent / f"{tmp_path.name}-outputs").iterdir()
        assert f"the whole output is in {saved}, go on with read_file offset=8]" in result.for_model
        part = await bench.call(ReadFile(), file_path=str(saved), offset=8, limit=3)
        return result.for_model, part.for_model

    text, part = at_bench(tmp_path, body, limits=OutputLimits(20, 2000))
    assert text.startswith("1\n2\n")
    assert text.endswith("\n999\n1000")
    assert part.splitlines()[1:4] == ["9", "10", "11"]


def test_a_process_left_running_is_ended_and_named(tmp_path: Path) -> None:
    result = outcome(tmp_path, SHELL, command="sleep 30 & echo up")
    assert result.ok
    assert result.for_model.startswith("up\n[Left running and ended with the command: sleep.")


def test_the_title_is_the_first_line(tmp_path: Path) -> None:
    async def body(bench: Bench) -> list[str]:
        return [SHELL.title(SHELL.params(command=c), bench.context) for c in ("ls -l\n", "a\nb")]

    assert at_bench(tmp_path, body) == ["ls -l", "a ..."]
