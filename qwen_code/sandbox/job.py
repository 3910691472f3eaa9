"""One command from its spawn to the end of all that it started."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from qwen_code.sandbox.environment import MARKER
from qwen_code.sandbox.pipe import OutputPipe
from qwen_code.sandbox.process_tree import ProcessTree
from qwen_code.tool import ToolFailure

if TYPE_CHECKING:
    from qwen_code.sandbox.base import Confined, Sandbox
    from qwen_code.sandbox.output import Capture, LiveText

MAX_COMMAND_BYTES: Final = 128 * 1024 - 64
"""Linux takes 128 KiB for one argument (execve(2), MAX_ARG_STRLEN)."""

END_S: Final = 1.0
"""How long a killed shell may take to be gone."""


@dataclass(frozen=True, slots=True)
class Launch:
    """How commands are started here."""

    environment: Mapping[str, str]
    sandbox: Sandbox
    project: Path
    """No program of the project's own is taken for a shell."""

    waits: bool = False
    """Whether the shell stays for what it has put into the background, since a sandbox ends with it."""

    def shell(self) -> str:
        """Path of the shell to use. Raises ToolFailure when there is none."""
        return find_shell(self.environment.get("PATH"), self.project)

    def argv(self, shell: str, command: str, report: int) -> list[str]:
        """A shell that runs `command` and, however that ends, writes the directory it stood in to the
        descriptor `report`.

        The command is an argument of `eval`, so that its syntax errors can't keep the trap from being set,
        its line numbers are its own, and it sees no trace of this but the trap.
        """
        name = Path(shell).name
        target = f"&{report}" if name == "bash" else f"/dev/fd/{report}"  # sh takes one digit only
        trap = f"{{ set +x; command pwd -P >{target}; }} 2>/dev/null"
        if self.waits:
            trap += "; wait"
        return [shell, "-c", f"trap '{trap}' EXIT; eval \"shift; $1\"", name, command]


class Job:
    """A spawned command; `close` must be called in the end."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        tree: ProcessTree,
        pipe: OutputPipe,
        report: int,
        confined: Confined,
    ) -> None:
        self.process = process
        self.tree = tree
        self._pipe = pipe
        self._report = report
        self._confined = confined

    @classmethod
    async def spawn(
        cls, launch: Launch, command: str, directory: Path, capture: Capture, live: LiveText | None
    ) -> Job:
        """Start `command` in a session of its own.

        Never with a `preexec_fn`: a parent that holds a model would be copied, and threads may hold locks.

        Raises:
            ToolFailure: it can't be started.
        """
        _check(command)
        shell = launch.shell()
        nonce = os.urandom(8).hex()
        report, report_end = os.pipe()
        try:
            confined = launch.sandbox.confine(launch.argv(shell, command, report_end), directory)
        except OSError as error:
            os.close(report)
            os.close(report_end)
            raise ToolFailure(f"The sandbox could not be prepared: {error}.") from error
        pipe = OutputPipe(capture, live)
        tree = ProcessTree(nonce, report, spare_leader=launch.sandbox.leads_group)
        variables = {**launch.environment, **confined.environment, MARKER: nonce, "PWD": str(directory)}
        spawning = asyncio.ensure_future(
            asyncio.create_subprocess_exec(
                *confined.argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=pipe.end_for_child,
                stderr=pipe.end_for_child,
                cwd=directory,
                env=variables,
                start_new_session=True,
                pass_fds=(report_end, *confined.descriptors),
            )
        )
        started = False
        try:
            process = await cls._spawned(spawning, tree)
            os.close(report_end)
            report_end = -1
            pipe.close_for_child()
            await cls._entered(confined, tree)
            started = True
        except OSError as error:
            raise ToolFailure(f"The command could not be started: {error.strerror or error}.") from error
        finally:
            if not started:
                if report_end >= 0:
                    os.close(report_end)
                    pipe.close_for_child()
                pipe.close()
                os.close(report)
                confined.close()
        return cls(process, tree, pipe, report, confined)

    @staticmethod
    async def _spawned(
        spawning: asyncio.Future[asyncio.subprocess.Process], tree: ProcessTree
    ) -> asyncio.subprocess.Process:
        """Wait for the spawn, which can't be undone half way: when cancelled, end what came of it."""
        try:
            process = await asyncio.shield(spawning)
        except asyncio.CancelledError:
            tree.pid = (await spawning).pid
            tree.kill()
            raise
        tree.pid = process.pid
        return process

    @staticmethod
    async def _entered(confined: Confined, tree: ProcessTree) -> None:
        """Wait until the sandbox stands; when cancelled, end it."""
        try:
            await confined.spawned()
        except BaseException:
            tree.kill()
            raise

    async def shell_ends(self, timeout_s: float) -> bool:
        """Wait for the shell itself; False when the time is over. What a person takes to decide about a
        connection does not count."""
        while timeout_s > 0:
            try:
                async with asyncio.timeout(timeout_s):
                    await self.process.wait()
                return True
            except TimeoutError:
                timeout_s = self._confined.waited_s()
        return False

    async def end(self, grace_s: float) -> bool:
        """End the shell and all that it started; False when some could not be. Safe to call again."""
        ended = await self.tree.end(grace_s)
        return await self.shell_ends(END_S) and ended

    @property
    def hosts(self) -> tuple[str, ...]:
        """What was decided about each connection."""
        return tuple(self._confined.hosts)

    def take_output(self) -> None:
        """Read what has been printed so far."""
        self._pipe.drain()

    def directory(self) -> Path | None:
        """Where the shell stood when it ended; None when it could not say."""
        os.set_blocking(self._report, False)
        try:
            told = os.fsdecode(os.read(self._report, 64 * 1024).removesuffix(b"\n"))
        except BlockingIOError:
            return None
        path = Path(told)
        return path if told.startswith("/") and path.is_dir() else None

    def close(self) -> Sequence[str]:
        """Let go of everything; what the model should be told of it."""
        self._pipe.close()
        os.close(self._report)
        return self._confined.close()


def _check(command: str) -> None:
    try:
        size = len(os.fsencode(command))
    except UnicodeEncodeError:
        raise ToolFailure("The command contains characters that are not valid Unicode.") from None
    if "\0" in command:
        raise ToolFailure("The command contains a NUL byte; remove it.")
    if size > MAX_COMMAND_BYTES:
        raise ToolFailure(
            "The command is longer than 128 KiB, which the system can't start. "
            "Write it to a file with write_file and run that."
        )


@cache
def find_shell(path: str | None, inside: Path) -> str:
    """bash, else sh; never one from within `inside`, the project at work.

    Raises:
        ToolFailure: there is no shell at all.
    """
    import shutil

    for found in ("/bin/bash", "/usr/bin/bash", shutil.which("bash", path=path), "/bin/sh"):
        if found and os.access(found, os.X_OK) and not Path(found).resolve().is_relative_to(inside):
            return found
    raise ToolFailure("There is neither bash nor sh on this machine, so no command can be run.")


def ends_with_us(argv: Sequence[str]) -> list[str]:
    """`argv` so that its shell is killed when this process dies without a word (PR_SET_PDEATHSIG).

    That can't be set between fork and exec without `preexec_fn`, so setpriv(1) of util-linux does it (1 ms).
    The running child of that shell is out of its reach, what the script would do next is not run. A sandbox
    does better: all of its processes end with it.
    """
    return [*_setpriv(), *argv]


@cache
def _setpriv() -> tuple[str, ...]:
    import shutil
    import subprocess

    program = shutil.which("setpriv", path="/usr/bin:/bin")
    if program is None:
        return ()
    prefix = (program, "--pdeathsig", "KILL", "--")
    tried = subprocess.run([*prefix, "true"], capture_output=True, check=False, stdin=subprocess.DEVNULL)
    return prefix if tried.returncode == 0 else ()
