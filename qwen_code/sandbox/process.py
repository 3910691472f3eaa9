"""Runs shell commands and keeps what belongs to a session of them: the directory and the background tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from qwen_code.tool import BackgroundTask, CommandResult, ToolFailure

# What runs a command is imported with the first one: a session's first request does not wait for it.
if TYPE_CHECKING:
    from qwen_code.sandbox.base import Sandbox
    from qwen_code.sandbox.job import Job, Launch
    from qwen_code.sandbox.output import Capture
    from qwen_code.tool import Confinement, OutputLimits
    from qwen_code.workspace.outputs import OutputFiles

GRACE_S: Final = 0.5
"""From SIGTERM to SIGKILL, after a timeout or when cancelled: people wait."""
STOP_GRACE_S: Final = 2.0
"""The same where the model stops a background task; servers close their files."""
STRAGGLER_S: Final = 0.2
"""How long processes may outlive their shell before they count as left running."""
FIRST_OUTPUT_S: Final = 0.3
"""How long the start of a background task waits for it to fail at once."""
POLL_S: Final = 0.02
BACKGROUND_POLL_S: Final = 0.5
_UNBUFFERED: Final = {"PYTHONUNBUFFERED": "1"}
"""A background task is looked at while it runs; Python would hold its output back by the block."""


class Shell:
    """Implements `qwen_code.tool.CommandRunner`, inside a sandbox where there is one."""

    def __init__(
        self,
        root: Path,
        environment: Mapping[str, str],
        outputs: OutputFiles,
        limits: OutputLimits,
        *,
        sandbox: Callable[[], Sandbox],
        extra_roots: Sequence[Path] = (),
    ) -> None:
        """`environment` is the user's; commands get it without its secrets. `sandbox` is called for the first
        command."""
        self._root = root.resolve()
        self._roots = (self._root, *(path.resolve() for path in extra_roots))
        self._directory = self._root
        self._outputs = outputs
        self.limits = limits
        self._environment = environment
        self._sandbox = sandbox
        self._background: dict[str, _Background] = {}

    @property
    def directory(self) -> Path:
        return self._directory if self._directory.is_dir() else self._root

    async def run(
        self,
        command: str,
        *,
        directory: Path | None,
        timeout_s: float,
        on_output: Callable[[str], None],
        confined: bool = True,
    ) -> CommandResult:
        """Run `command` to its end. What it leaves running is ended, and said in `notes`.

        Cancelling ends all that it started before CancelledError goes on.
        """
        from qwen_code.sandbox.job import Job
        from qwen_code.sandbox.output import Capture, LiveText
        from qwen_code.sandbox.unconfined import Unconfined

        capture = Capture(self._outputs, command)
        live = LiveText(on_output)
        launch = self._launch if confined else replace(self._launch, sandbox=Unconfined())
        job = await Job.spawn(launch, command, directory or self.directory, capture, live)
        notes: list[str] = []
        try:
            try:
                in_time = await job.shell_ends(timeout_s)
                if in_time:
                    notes += await _left_running(job)
            finally:
                if not await job.end(GRACE_S):
                    notes.append("Some processes that it started could not be ended.")
            code, stood = job.process.returncode, job.directory()
        finally:
            notes += job.close()
            text = capture.text(self.limits)
            capture.close()
        if directory is None and stood is not None:
            notes += self._follow(stood)
        by_signal = code is None or code < 0
        stopped = _stopped_by(launch.sandbox, code, text, entered=stood is not None)
        notes += stopped[0]
        return CommandResult(
            text=text,
            exit_code=None if by_signal or not in_time else code,
            signal=_signal_name(code),
            timed_out=not in_time,
            total_bytes=capture.total_bytes,
            saved_to=capture.saved_to,
            directory=stood,
            notes=tuple(notes),
            hosts=job.hosts,
            confinement=stopped[1],
        )

    async def start(self, command: str, *, directory: Path | None) -> BackgroundTask:
        """Start `command` beside the conversation; it and all that it starts may run until `aclose`."""
        from qwen_code.sandbox.job import Job
        from qwen_code.sandbox.output import Capture

        capture = Capture(self._outputs, command, save_always=True)
        environment = {**self._launch.environment, **_UNBUFFERED}
        launch = replace(self._launch, environment=environment, waits=self._launch.sandbox.leads_group)
        job = await Job.spawn(launch, command, directory or self.directory, capture, None)
        task = _Background(f"bg_{len(self._background) + 1}", command, job, capture)
        self._background[task.id] = task
        return await self.look(task.id, wait_s=FIRST_OUTPUT_S)

    async def look(self, task_id: str, *, wait_s: float = 0.0) -> BackgroundTask:
        task = self._task(task_id)
        if wait_s > 0:
            await asyncio.wait({task.done}, timeout=wait_s)
        task.take_output()
        return task.state(task.capture.take(self.limits))

    async def stop(self, task_id: str) -> BackgroundTask:
        task = self._task(task_id)
        await task.end(STOP_GRACE_S)
        return await self.look(task_id)

    def tasks(self) -> Sequence[BackgroundTask]:
        return [task.state("") for task in self._background.values()]

    async def aclose(self) -> None:
        running = [task for task in self._background.values() if task.running]
        await asyncio.gather(*(task.end(GRACE_S) for task in running))

    @cached_property
    def _launch(self) -> Launch:
        from qwen_code.sandbox.environment import for_commands
        from qwen_code.sandbox.job import Launch

        return Launch(for_commands(self._environment), self._sandbox(), self._root)

    def _task(self, task_id: str) -> _Background:
        task = self._background.get(task_id)
        if task is None:
            known = ", ".join(self._background) or "none has been started"
            raise ToolFailure(f"There is no background task `{task_id}`; there is: {known}.", "not_found")
        return task

    def _follow(self, stood: Path) -> list[str]:
        """Keep the shell's directory for the next command, unless it has left the workspace."""
        inside = any(stood.is_relative_to(root) for root in self._roots)
        self._directory = stood if inside else self._root
        if inside:
            return []
        return [f"The shell ended in {stood}, outside the workspace; the next one starts in {self._root}."]


class _Background:
    """A command that runs on beside the conversation."""

    def __init__(self, task_id: str, command: str, job: Job, capture: Capture) -> None:
        self.id = task_id
        self.command = command
        self.capture = capture
        self._job = job
        self.done = asyncio.ensure_future(self._watch())

    @property
    def running(self) -> bool:
        return not self.done.done()

    def state(self, text: str) -> BackgroundTask:
        code = self._job.process.returncode
        return BackgroundTask(
            id=self.id,
            command=self.command,
            pid=self._job.process.pid,
            running=self.running,
            exit_code=None if self.running or code is None else code if code >= 0 else 128 - code,
            text=text,
            saved_to=self.capture.saved_to,
        )

    def take_output(self) -> None:
        if self.running:
            self._job.take_output()

    async def end(self, grace_s: float) -> None:
        if self.running:
            await self._job.end(grace_s)
            await asyncio.wait({self.done}, timeout=grace_s)

    async def _watch(self) -> None:
        """Until the shell and all that it started are gone."""
        try:
            await self._job.process.wait()
            while self._job.tree.survives():
                self._job.take_output()
                await asyncio.sleep(BACKGROUND_POLL_S)
        finally:
            self._job.close()
            self.capture.close()


def _stopped_by(
    sandbox: Sandbox, code: int | None, text: str, *, entered: bool
) -> tuple[list[str], Confinement | None]:
    """What a failed command owes to its sandbox: sentences for the model, and the first reason."""
    if code == 0 or sandbox.name == "none":
        return [], None
    from qwen_code.sandbox.denials import explain, sentence

    found = explain(text, sandbox.network, entered=entered, by_permission=sandbox.name == "landlock")
    return [sentence(confinement) for confinement in found], found[0] if found else None


async def _left_running(job: Job) -> list[str]:
    """End what outlives the shell for more than a moment, and say so."""
    from qwen_code.sandbox.process_tree import names_of

    deadline = asyncio.get_running_loop().time() + STRAGGLER_S
    while job.tree.survives():
        if asyncio.get_running_loop().time() > deadline:
            names = ", ".join(names_of(job.tree.living())) or "a process"
            return [f"Left running and ended with the command: {names}. Use is_background to keep one."]
        await asyncio.sleep(POLL_S)
    return []


def _signal_name(code: int | None) -> str:
    import signal

    if code is None or code >= 0:
        return ""
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
