from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

from qwen_code.tool import ToolFailure
from qwen_code.tools.run_shell_command import RunShellCommand
from qwen_code.tools.task_output import TaskOutput
from qwen_code.tools.task_stop import TaskStop
from tests.support.tool_calls import Bench, at_bench, failure

SHELL, OUTPUT, STOP = RunShellCommand(), TaskOutput(), TaskStop()


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def test_a_server_starts_prints_and_is_stopped(tmp_path: Path) -> None:
    async def body(bench: Bench) -> None:
        command = "echo up; until [ -e go ]; do sleep 0.02; done; echo went; exec sleep 300"
        started = await bench.call(SHELL, command=command, is_background=True)
        assert started.ok
        assert started.for_model.startswith("up\n[runs in the background as bg_1 (pid ")
        assert (await bench.call(OUTPUT, task_id="bg_1")).for_model == "(no new output)\n[bg_1 still running]"
        (tmp_path / "go").touch()
        seen = (await bench.call(OUTPUT, task_id="bg_1", wait=0.5)).for_model
        assert seen == "went\n[bg_1 still running]"
        pid = bench.context.commands.tasks()[0].pid
        stopped = await bench.call(STOP, task_id="bg_1")
        assert stopped.for_model == "[bg_1 ended, exit code 143]"
        assert not alive(pid)

    at_bench(tmp_path, body)


def test_waiting_ends_with_the_task(tmp_path: Path) -> None:
    async def body(bench: Bench) -> str:
        await bench.call(SHELL, command="sleep 0.5; echo done; exit 3", is_background=True)
        return (await bench.call(OUTPUT, task_id="bg_1", wait=60)).for_model

    assert at_bench(tmp_path, body) == "done\n[bg_1 ended, exit code 3]"


def test_a_task_that_fails_at_once_says_so_in_the_first_answer(tmp_path: Path) -> None:
    async def body(bench: Bench) -> tuple[bool, str]:
        result = await bench.call(SHELL, command="no-such-server --port 1", is_background=True)
        return result.ok, result.for_model

    ok, text = at_bench(tmp_path, body)
    assert not ok
    assert "command not found" in text
    assert text.endswith("[bg_1 has already ended, exit code 127]")


def test_a_task_whose_shell_has_gone_runs_as_long_as_its_children(tmp_path: Path) -> None:
    async def body(bench: Bench) -> None:
        command = "(sleep 1; echo late) &"
        assert (
            "runs in the background"
            in (await bench.call(SHELL, command=command, is_background=True)).for_model
        )
        assert (
            await bench.call(OUTPUT, task_id="bg_1", wait=30)
        ).for_model == "late\n[bg_1 ended, exit code 0]"

    at_bench(tmp_path, body)


def test_foreground_commands_leave_background_tasks_alone(tmp_path: Path) -> None:
    async def body(bench: Bench) -> str:
        await bench.call(SHELL, command="(setsid sleep 300 &); sleep 300", is_background=True)
        await bench.call(SHELL, command="sleep 300", timeout=200)
        await bench.call(SHELL, command="sleep 300 &")
        return (await bench.call(OUTPUT, task_id="bg_1")).for_model

    assert at_bench(tmp_path, body).endswith("[bg_1 still running]")


def test_stopping_reaches_children_that_have_gone_their_own_way(tmp_path: Path) -> None:
    mark = f"7{os.getpid()}{time.monotonic_ns() % 10**8:08d}"

    def left() -> list[str]:
        lines: list[str] = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal() and alive(int(entry.name)):
                try:
                    lines.append((entry / "cmdline").read_text().replace("\0", " "))
                except OSError:
                    continue
        return [line for line in lines if f"sleep {mark}" in line]

    async def body(bench: Bench) -> None:
        await bench.call(SHELL, command=f"(setsid sleep {mark} >/dev/null 2>&1 &)", is_background=True)
        assert left()
        await bench.call(STOP, task_id="bg_1")
        assert not left()

    at_bench(tmp_path, body)


def test_closing_ends_all_tasks(tmp_path: Path) -> None:
    async def body(bench: Bench) -> list[int]:
        for _ in range(3):
            await bench.call(SHELL, command="trap '' TERM; sleep 300; sleep 300", is_background=True)
        return [task.pid for task in bench.context.commands.tasks()]

    pids = at_bench(tmp_path, body)
    assert len(pids) == 3
    assert not any(alive(pid) for pid in pids)


def test_what_a_task_prints_is_not_held_back_by_python(tmp_path: Path) -> None:
    async def body(bench: Bench) -> str:
        command = "exec python3 -c 'import time; print(1); time.sleep(300)'"
        text = (await bench.call(SHELL, command=command, is_background=True)).for_model
        for _ in range(100):
            if text.startswith("1\n"):
                break
            await asyncio.sleep(0.05)
            text = (await bench.call(OUTPUT, task_id="bg_1")).for_model
        return text

    assert at_bench(tmp_path, body).startswith("1\n")


def test_a_flood_between_two_looks_is_capped_and_kept(tmp_path: Path) -> None:
    async def body(bench: Bench) -> tuple[str, int]:
        await bench.call(SHELL, command="sleep 0.5; seq 1 300000; echo end", is_background=True)
        text = (await bench.call(OUTPUT, task_id="bg_1", wait=60)).for_model
        (task,) = bench.context.commands.tasks()
        assert task.saved_to is not None
        return text, task.saved_to.stat().st_size

    text, size = at_bench(tmp_path, body)
    assert len(text) < 17_000
    assert text.startswith("1\n2\n")
    assert text.endswith("end\n[bg_1 ended, exit code 0]")
    assert size > 1_900_000


def test_an_unknown_task_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    assert "none has been started" in str(failure(tmp_path, OUTPUT, task_id="bg_9"))

    async def body(bench: Bench) -> str:
        await bench.call(SHELL, command="true", is_background=True)
        try:
            await bench.call(STOP, task_id="bg_9")
        except ToolFailure as error:
            return f"{error.kind}: {error}"
        return ""

    assert at_bench(tmp_path, body) == "not_found: There is no background task `bg_9`; there is: bg_1."


def test_a_wait_beyond_reason_is_refused(tmp_path: Path) -> None:
    assert failure(tmp_path, OUTPUT, task_id="bg_1", wait=10_000).kind == "schema"
