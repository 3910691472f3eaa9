"""Finds and ends every process that a command has started, wherever it has gone.

A process leaves its parent by double fork, its group by `setpgid`, its session by `setsid`. What it keeps is
its environment, where each command carries a nonce of its own, and unless it closes them its inherited
descriptors, among them a pipe of ours. On Linux this process also becomes the reaper of orphans
(PR_SET_CHILD_SUBREAPER, prctl(2)), so that a look at its own children tells whether anything is left. No root
is needed. A process that drops all these marks on purpose is the sandbox's matter: its PID namespace ends it.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from qwen_code.sandbox.environment import MARKER

POLL_S: Final = 0.01
KILL_ROUNDS: Final = 50
_PR_SET_CHILD_SUBREAPER: Final = 36

COLLECT_AFTER_S: Final = 0.5

_adopting: list[bool] = []
"""The answer of `adopt_orphans` once it was asked."""
_dead_since: dict[int, float] = {}


def adopt_orphans() -> bool:
    """Make orphaned descendants children of this process instead of init's; done once.

    Returns False where that can't be done (elsewhere than on Linux).
    """
    if not _adopting:
        _adopting.append(_children() is not None and _set_child_subreaper())
    return _adopting[0]


def _set_child_subreaper() -> bool:
    import ctypes

    return ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0


@dataclass(frozen=True, slots=True)
class _Process:
    parent: int
    group: int
    session: int
    started: int
    """Clock ticks since boot; 0 where that is not known."""
    dead: bool
    marked: bool = False


class ProcessTree:
    """The processes of one command. Made before the spawn; `pid` is then its shell, leader of a session."""

    def __init__(self, nonce: str, pipe: int, *, spare_leader: bool = False) -> None:
        """`pipe` is a descriptor of ours whose other end the command inherits.

        With `spare_leader` the spawned process is not asked to end: it is a sandbox, which ends when what it
        holds has ended, and would take that along without grace.
        """
        self.pid = 0
        self._spared = spare_leader
        self._mark = f"{MARKER}={nonce}".encode()
        self._pipe = os.fstat(pipe).st_ino
        self._siblings = _children() if adopt_orphans() else None
        _collect(self._siblings or ())
        self._born = 0
        if hasattr(time, "CLOCK_BOOTTIME"):
            self._born = int(time.clock_gettime(time.CLOCK_BOOTTIME) * os.sysconf("SC_CLK_TCK")) - 1
        self._members: dict[int, _Process] = {}
        """All members seen, by id: what was one stays one. Start times tell ids that are used again."""
        self._over = False

    def survives(self) -> bool:
        """Whether members still run after the shell's end. Cheap where orphans are adopted."""
        children = _children() if self._siblings is not None else None
        if children is not None and self._siblings is not None and not children - self._siblings - {self.pid}:
            self._over = True
        if not self._over:
            self._over = not self.living()
        return not self._over

    def living(self) -> set[int]:
        """Ids of the members that run now."""
        if self._over or not self.pid:
            return set()
        table = _table_from_proc(self._born) if self._born else _table_from_ps(self._mark)
        members = {p for p, seen in self._members.items() if p in table and table[p].started == seen.started}
        members |= {p for p, e in table.items() if self.pid in (p, e.group, e.session)}
        rest = set(table) - members
        members |= {p for p in rest if table[p].marked or self._is_marked(p)}
        while found := {p for p in rest - members if table[p].parent in members}:
            members |= found
        members.discard(os.getpid())
        self._members = {p: table[p] for p in members}
        self._reap()
        return {p for p, e in self._members.items() if not e.dead}

    async def end(self, grace_s: float) -> bool:
        """Ask all members to end, kill those that have not within `grace_s`; False when some could not be.

        Cancelling cuts the grace short, never the killing.
        """
        try:
            if self._signal(signal.SIGTERM):
                for _ in range(int(grace_s / POLL_S)):
                    if not any(_runs(pid) for pid in self._members):
                        break
                    await asyncio.sleep(POLL_S)
        finally:
            ended = self.kill()
        return ended

    def kill(self) -> bool:
        """End all members at once; False when some could not be."""
        for _ in range(KILL_ROUNDS):
            # Two looks: when process numbers start anew, one look can pass the number of a child before there
            # is one, and reach its parent's only after that has ended.
            if not self._signal(signal.SIGKILL) and not self.survives():
                break
            time.sleep(POLL_S / 2)
        return not self.living()

    def _signal(self, number: int) -> bool:
        """Send it to every group with members, which forks can't outrun; False when none could get it."""
        sent = False
        left_out = {os.getpgrp(), 0, 1}
        if self._spared and number != signal.SIGKILL:
            left_out.add(self.pid)
        for group in {self._members[p].group for p in self.living()} - left_out:
            try:
                os.killpg(group, number)
            except (ProcessLookupError, PermissionError):
                continue
            sent = True
        return sent

    def _is_marked(self, pid: int) -> bool:
        if not self._born:
            return False
        try:
            if self._mark in _read(f"/proc/{pid}/environ").split(b"\0"):
                return True
            with os.scandir(f"/proc/{pid}/fd") as descriptors:
                return any(d.stat().st_ino == self._pipe for d in descriptors)
        except OSError:
            return False

    def _reap(self) -> None:
        """Collect dead members that became our children; the shell itself is asyncio's to collect."""
        for pid, process in self._members.items():
            if process.dead and process.parent == os.getpid() and pid != self.pid:
                try:
                    os.waitpid(pid, os.WNOHANG)
                except ChildProcessError:
                    continue


def _collect(children: Iterable[int]) -> None:
    """Reap adopted processes that died after their command, and that nobody else waits for.

    Nothing tells an adopted child from one that some other part of this program has spawned and is about to
    wait for; so only those go that have been dead for a while and belong to another session than ours.
    """
    now, own = time.monotonic(), os.getsid(0)
    processes = {p: process for p in children if (process := _process(p)) and process.dead}
    for pid in _dead_since.keys() - processes.keys():
        del _dead_since[pid]
    for pid, process in processes.items():
        if process.session != own and now - _dead_since.setdefault(pid, now) > COLLECT_AFTER_S:
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                continue


def _children() -> set[int] | None:
    """Ids of this process's children, those of all its threads (proc_pid_task_children(5))."""
    found: set[int] = set()
    try:
        threads = os.listdir("/proc/self/task")  # noqa: PTH208 - called for every command
    except OSError:
        return None
    for thread in threads:
        try:
            found.update(int(pid) for pid in _read(f"/proc/self/task/{thread}/children").split())
        except OSError:
            if Path(f"/proc/self/task/{thread}").exists():  # else it has just ended
                return None
    return found


def _table_from_proc(since: int) -> dict[int, _Process]:
    """The processes that started at or after `since`."""
    table: dict[int, _Process] = {}
    with os.scandir("/proc") as entries:
        for entry in entries:
            name = entry.name
            if name.isdecimal() and (process := _process(name)) and process.started >= since:
                table[int(name)] = process
    return table


def _process(pid: int | str) -> _Process | None:
    try:
        fields = _read(f"/proc/{pid}/stat").rpartition(b")")[2].split()
    except OSError:
        return None
    return _Process(int(fields[1]), int(fields[2]), int(fields[3]), int(fields[19]), fields[0] in b"ZX")


def _read(path: str) -> bytes:
    """A whole file of /proc, which `Path.read_bytes` would take three times as long for."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        parts: list[bytes] = []
        while part := os.read(descriptor, 64 * 1024):
            parts.append(part)
        return b"".join(parts)
    finally:
        os.close(descriptor)


def _runs(pid: int) -> bool:
    process = _process(pid)
    if process is not None or hasattr(time, "CLOCK_BOOTTIME"):
        return process is not None and not process.dead
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def _table_from_ps(mark: bytes) -> dict[int, _Process]:
    """As above where there is no /proc: macOS and the BSDs, whose ps shows the environment with -E or -e."""
    import subprocess

    ps = ["/bin/ps", "-axEww", "-o", "pid=,ppid=,pgid=,stat=,command="]
    lines = subprocess.run(ps, capture_output=True, check=False, stdin=subprocess.DEVNULL).stdout.splitlines()
    rows = [line.split(None, 4) for line in lines]
    return {
        int(row[0]): _Process(int(row[1]), int(row[2]), 0, 0, row[3].startswith(b"Z"), mark in row[-1])
        for row in rows
        if len(row) >= 4
    }


def names_of(pids: Iterable[int]) -> list[str]:
    """The programs that run under these ids, for people; those that are gone are left out."""
    names: set[str] = set()
    for pid in pids:
        try:
            names.add(re.sub(r"[^\w.+-]", "?", _read(f"/proc/{pid}/comm").decode("utf-8", "replace").strip()))
        except OSError:
            continue
    return sorted(names)
