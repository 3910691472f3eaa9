from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from qwen_code.sandbox.process import Shell
from qwen_code.sandbox.unconfined import Unconfined
from qwen_code.tool import CommandResult, OutputLimits, ToolFailure
from qwen_code.workspace.outputs import OutputFiles

T = TypeVar("T")

SECRETS = {
    "OPENAI_API_KEY": "canary-1",
    "QWEN_API_KEY": "canary-2",
    "AWS_SECRET_ACCESS_KEY": "canary-3",
    "GITHUB_TOKEN": "canary-4",
    "DB_PASSWORD": "canary-5",
    "DATABASE_URL": "postgres://app:canary-6@db/app",
    "INNOCENT": "ghp_canary7canary7canary7",
    "BASH_ENV": "/nonexistent/canary-8",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "src").mkdir(parents=True)
    return root


@pytest.fixture
def with_shell(root: Path, tmp_path: Path) -> Callable[[Callable[[Shell], Awaitable[T]]], T]:
    def go(body: Callable[[Shell], Awaitable[T]]) -> T:
        async def main() -> T:
            outputs = OutputFiles(tmp_path / "outputs")
            shell = Shell(
                root, {**os.environ, **SECRETS, "MINE": "kept"}, outputs, OutputLimits(), sandbox=Unconfined
            )
            try:
                return await body(shell)
            finally:
                await shell.aclose()

        return asyncio.run(main())

    return go


WithShell = Callable[[Callable[[Shell], Awaitable[T]]], T]


def quiet(_: str) -> None: ...


async def run(
    shell: Shell, command: str, timeout_s: float = 30, directory: Path | None = None
) -> CommandResult:
    return await shell.run(command, directory=directory, timeout_s=timeout_s, on_output=quiet)


def running(mark: str) -> list[str]:
    """Command lines of live processes that carry `mark`."""
    found: list[str] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
                state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                continue
            if mark in line and state not in "ZX":
                found.append(line)
    return found


async def until(holds: Callable[[], object]) -> None:
    for _ in range(1000):
        if holds():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it never came about")


def test_output_of_both_streams_comes_in_order_with_the_exit_code(
    with_shell: WithShell[CommandResult],
) -> None:
    result = with_shell(lambda shell: run(shell, "echo one; echo two >&2; echo three; exit 3"))
    assert (result.text, result.exit_code, result.timed_out) == ("one\ntwo\nthree\n", 3, False)


def test_a_command_killed_by_a_signal_says_which(with_shell: WithShell[CommandResult]) -> None:
    result = with_shell(lambda shell: run(shell, "kill -9 $$"))
    assert (result.exit_code, result.signal) == (None, "SIGKILL")


def test_standard_input_is_closed_so_that_nothing_waits_for_an_answer(
    with_shell: WithShell[CommandResult],
) -> None:
    assert with_shell(lambda shell: run(shell, "cat; read -r answer || echo nobody")).text == "nobody\n"


def test_there_is_no_terminal_to_ask_on(with_shell: WithShell[CommandResult]) -> None:
    result = with_shell(lambda shell: run(shell, "(exec 3</dev/tty) 2>/dev/null || echo none"))
    assert result.text == "none\n"


@pytest.mark.parametrize(
    ("command", "exit_code"),
    [
        ("cd src; true", 0),
        ("cd src; exit 4", 4),
        ("set -e; cd src; false; echo not reached", 1),
        ("set -u; cd src; echo $NOT_SET", 127),
        ("cd src\nif", 2),
        ("cd src; sleep 0.01 &", 0),
        ("cd src; set -x", 0),
        ("pwd() { echo /; }; cd src", 0),
        ("cd src; cat <<END\nunfinished", 0),
    ],
)
def test_the_directory_is_kept_however_the_command_ends(
    with_shell: WithShell[tuple[int | None, Path]], root: Path, command: str, exit_code: int
) -> None:
    async def body(shell: Shell) -> tuple[int | None, Path]:
        return (await run(shell, command)).exit_code, shell.directory

    assert with_shell(body) == (exit_code, root / "src")


def test_a_trap_of_the_command_s_own_works_and_the_directory_stays(with_shell: WithShell[str]) -> None:
    async def body(shell: Shell) -> str:
        text = (await run(shell, "cd src; trap 'echo bye' EXIT")).text
        return text + shell.directory.name

    assert with_shell(body) == "bye\nproject"


def test_the_command_sees_no_trace_of_how_it_is_run(with_shell: WithShell[CommandResult]) -> None:
    assert (
        with_shell(lambda shell: run(shell, 'echo "$#" "$0"; set -x; cd src')).text == "0 bash\n++ cd src\n"
    )


def test_leaving_the_workspace_puts_the_next_command_back_at_its_root(
    with_shell: WithShell[tuple[CommandResult, str]], root: Path
) -> None:
    async def body(shell: Shell) -> tuple[CommandResult, str]:
        left = await run(shell, "cd src && cd /usr && pwd")
        return left, (await run(shell, "pwd")).text

    left, after = with_shell(body)
    assert left.text == "/usr\n"
    assert left.directory == Path("/usr")
    assert str(root) in left.notes[0]
    assert after == f"{root}\n"


def test_a_link_out_of_the_workspace_counts_as_outside(with_shell: WithShell[Path], root: Path) -> None:
    (root / "out").symlink_to("/usr")

    async def body(shell: Shell) -> Path:
        await run(shell, "cd out")
        return shell.directory

    assert with_shell(body) == root


def test_a_directory_given_for_one_command_holds_for_that_command_only(
    with_shell: WithShell[tuple[str, Path]], root: Path
) -> None:
    async def body(shell: Shell) -> tuple[str, Path]:
        result = await run(shell, "pwd", directory=root / "src")
        return result.text, shell.directory

    assert with_shell(body) == (f"{root / 'src'}\n", root)


def test_a_kept_directory_that_was_deleted_falls_back_to_the_root(
    with_shell: WithShell[str], root: Path
) -> None:
    async def body(shell: Shell) -> str:
        await run(shell, "mkdir gone; cd gone")
        shutil.rmtree(root / "gone")
        return (await run(shell, "pwd")).text

    assert with_shell(body) == f"{root}\n"


def test_commands_get_the_environment_without_its_secrets(with_shell: WithShell[CommandResult]) -> None:
    text = with_shell(lambda shell: run(shell, "env")).text
    assert "canary" not in text
    assert "MINE=kept\n" in text
    assert f"PATH={os.environ['PATH']}\n" in text


def test_nothing_pages_prompts_or_opens_an_editor(with_shell: WithShell[CommandResult]) -> None:
    command = 'echo "$PAGER $GIT_PAGER $GIT_TERMINAL_PROMPT $GIT_EDITOR $TERM"'
    assert with_shell(lambda shell: run(shell, command)).text == "cat cat 0 true dumb\n"


SURVIVORS = {
    "plain": "sleep 7{mark}",
    "child in the background": "sleep 7{mark} & wait",
    "new session": "setsid sleep 7{mark} & wait",
    "detached from the pipe": "setsid sleep 7{mark} >/dev/null 2>&1 </dev/null & sleep 7{mark}",
    "nohup": "nohup sleep 7{mark} >/dev/null 2>&1 & sleep 7{mark}",
    "double fork": "(setsid sh -c 'sleep 7{mark} & exec sleep 0' &) ; sleep 7{mark}",
    "double fork, environment cleared": "(setsid env -i sleep 7{mark} >/dev/null 2>&1 &) ; sleep 7{mark}",
    "deaf to TERM": "trap '' TERM; sleep 7{mark} & sleep 7{mark}; sleep 7{mark}",
    "deaf, in a new session": "setsid sh -c \"trap '' TERM HUP INT; sleep 7{mark}; sleep 7{mark}\" & wait",
    "stopped": "sleep 7{mark} & kill -STOP $!; wait",
    "300 children": "for i in {{1..300}}; do sleep 7{mark} & done; wait",
}


@pytest.mark.parametrize("ends_by", ["timeout", "cancel"])
@pytest.mark.parametrize("name", SURVIVORS)
def test_everything_that_a_command_started_ends_with_it(
    with_shell: WithShell[None], name: str, ends_by: str
) -> None:
    mark = f"{os.getpid()}{time.monotonic_ns() % 10**8:08d}"
    command = SURVIVORS[name].format(mark=mark)

    async def started() -> None:
        wanted = 300 if name == "300 children" else 1
        await until(lambda: len(running(f"sleep 7{mark}")) >= wanted)
        await asyncio.sleep(0.1)

    async def body(shell: Shell) -> None:
        if ends_by == "timeout":
            seconds = 2.0 if name == "300 children" else 0.4
            assert (await run(shell, command, timeout_s=seconds)).timed_out
            return
        task = asyncio.ensure_future(run(shell, command))
        await started()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with_shell(body)
    assert running(f"7{mark}") == []


def test_a_child_that_holds_the_pipe_open_does_not_hold_the_command_up(
    with_shell: WithShell[CommandResult],
) -> None:
    mark = f"{os.getpid()}{time.monotonic_ns() % 10**8:08d}"
    result = with_shell(lambda shell: run(shell, f"sleep 7{mark} & echo started"))
    assert (result.text, result.exit_code) == ("started\n", 0)
    assert "sleep" in result.notes[0]
    assert running(f"7{mark}") == []


def test_children_that_end_by_themselves_shortly_after_the_shell_are_let_finish(
    with_shell: WithShell[CommandResult], root: Path
) -> None:
    result = with_shell(lambda shell: run(shell, "echo late > >(sleep 0.05; cat > late.txt)"))
    assert result.notes == ()
    assert (root / "late.txt").read_text() == "late\n"


def test_adopted_processes_that_have_ended_do_not_pile_up(with_shell: WithShell[None]) -> None:
    def zombies() -> set[str]:
        children: list[str] = []
        for thread in Path("/proc/self/task").iterdir():
            with contextlib.suppress(FileNotFoundError):  # it has just ended
                children += (thread / "children").read_text().split()
        found: set[str] = set()
        for child in children:
            with contextlib.suppress(FileNotFoundError):
                if Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                    found.add(child)
        return found - others

    others: set[str] = set()
    others = zombies()  # children that another test of this worker has spawned and not yet waited for

    async def body(shell: Shell) -> None:
        for _ in range(3):
            await run(shell, "(setsid sleep 0 &); (setsid sleep 30 >/dev/null 2>&1 &); true")
        for _ in range(50):
            if not zombies():
                return
            await asyncio.sleep(0.05)
            await run(shell, "true")

    with_shell(body)
    assert zombies() == set()


def test_other_children_of_this_process_are_left_alone(with_shell: WithShell[bool]) -> None:
    async def body(shell: Shell) -> bool:
        mine = await asyncio.create_subprocess_exec("sleep", "30", start_new_session=True)
        await run(shell, "sleep 30 & sleep 30", timeout_s=0.2)
        alive = mine.returncode is None and Path(f"/proc/{mine.pid}/stat").exists()
        mine.kill()
        await mine.wait()
        return alive

    assert with_shell(body)


def test_output_until_the_timeout_is_kept(with_shell: WithShell[CommandResult]) -> None:
    result = with_shell(lambda shell: run(shell, "echo before; sleep 30", timeout_s=0.3))
    assert result.timed_out
    assert result.exit_code is None
    assert result.text == "before\n"


def test_live_output_arrives_while_the_command_runs(with_shell: WithShell[list[str]], root: Path) -> None:
    async def body(shell: Shell) -> list[str]:
        seen: list[str] = []
        command = "echo first; until [ -e go ]; do sleep 0.02; done; echo second"
        task = asyncio.ensure_future(shell.run(command, directory=None, timeout_s=30, on_output=seen.append))
        await until(lambda: seen)
        (root / "go").touch()
        await task
        return seen

    assert with_shell(body) == ["first\n", "second\n"]


def test_a_flood_reaches_the_model_in_two_ends_and_the_file_whole(
    with_shell: WithShell[CommandResult],
) -> None:
    result = with_shell(lambda shell: run(shell, "seq -f 'line %.0f' 0 499999"))
    assert result.total_bytes > 5_000_000
    assert len(result.text.encode()) <= OutputLimits().bytes
    assert result.text.startswith("line 0\n")
    assert result.text.endswith("line 499999\n")
    assert result.saved_to is not None
    assert str(result.saved_to) in result.text
    assert result.saved_to.stat().st_size == result.total_bytes


def test_bytes_that_are_no_text_do_no_harm(with_shell: WithShell[CommandResult]) -> None:
    result = with_shell(lambda shell: run(shell, r"printf 'a\xff\xfeb\000\033]0;title\007c\n'"))
    assert result.text == "a\ufffd\ufffdbc\n"


@pytest.mark.parametrize(
    ("command", "says"),
    [("echo \0", "NUL"), ("echo " + "x" * 200_000, "write_file"), ("echo \ud800", "Unicode")],
)
def test_a_command_that_can_t_be_started_says_why(
    with_shell: WithShell[None], command: str, says: str
) -> None:
    async def body(shell: Shell) -> None:
        with pytest.raises(ToolFailure, match=says):
            await run(shell, command)

    with_shell(body)


def test_a_script_goes_no_further_when_its_owner_is_killed(root: Path, tmp_path: Path) -> None:
    if not shutil.which("setpriv"):
        pytest.skip("needs setpriv of util-linux")
    program = f"""
import asyncio, os
from pathlib import Path
from qwen_code.sandbox.process import Shell
from qwen_code.sandbox.unconfined import Unconfined
from qwen_code.tool import OutputLimits
from qwen_code.workspace.outputs import OutputFiles

async def main():
    outputs = OutputFiles(Path({str(tmp_path / "outputs")!r}))
    shell = Shell(Path({str(root)!r}), os.environ, outputs, OutputLimits(), sandbox=Unconfined)
    command = "touch begun; sleep 1; touch went-on"
    await shell.run(command, directory=None, timeout_s=30, on_output=lambda text: None)

asyncio.run(main())
"""

    async def main() -> None:
        owner = await asyncio.create_subprocess_exec(sys.executable, "-c", program)
        await until((root / "begun").exists)
        owner.kill()
        await owner.wait()
        await asyncio.sleep(1.3)

    asyncio.run(main())
    assert not (root / "went-on").exists()
