"""Runs one process and says what it cost: wall, CPU, and the peak memory of itself without its tools."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(slots=True)
class Cost:
    """What one run took."""

    wall_s: float = 0.0
    cpu_s: float = 0.0
    """User and system time of the process and of everything it waited for."""
    own_cpu_s: float = 0.0
    """Of `cpu_s`, that of the process itself, without the tools that it ran."""
    peak_mb: float = 0.0
    """Resident memory of the process alone."""
    code: int = 0
    started: float = 0.0
    ended: float = 0.0
    cpu_at: list[float] = field(default_factory=list[float])
    """CPU seconds of the process itself at each `mark`."""
    rss_at: list[float] = field(default_factory=list[float])
    """Resident megabytes at each `mark`."""
    output: str = ""


class Run:
    """A process being measured; `mark` may be called from another thread while it runs."""

    def __init__(self, command: list[str], directory: Path, environment: dict[str, str]) -> None:
        self.cost = Cost(started=time.monotonic())
        self._process = subprocess.Popen(
            command,
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def mark(self) -> None:
        self.cost.cpu_at.append(cpu_of(self._process.pid))
        self.cost.rss_at.append(_status(self._process.pid, "VmRSS") / 1024)

    def kill(self) -> None:
        """`kill -9`, as a power cut would end it."""
        self._process.kill()

    def wait(self) -> Cost:
        process, cost = self._process, self.cost
        ended = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(ended,), daemon=True)
        watcher.start()
        assert process.stdout is not None
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        cost.ended = time.monotonic()
        ended.set()
        watcher.join()
        process.returncode = cost.code = os.waitstatus_to_exitcode(status)
        cost.wall_s = cost.ended - cost.started
        cost.cpu_s = usage.ru_utime + usage.ru_stime
        cost.output = output.decode("utf-8", "replace")
        if not cost.peak_mb:  # no /proc: the largest of the process and its children
            cost.peak_mb = usage.ru_maxrss / 1024
            cost.own_cpu_s = cost.cpu_s
        return cost

    def _watch(self, ended: threading.Event) -> None:
        while not ended.wait(0.005):
            peak = _status(self._process.pid, "VmHWM") / 1024
            self.cost.peak_mb = max(self.cost.peak_mb, peak)
            self.cost.own_cpu_s = max(self.cost.own_cpu_s, cpu_of(self._process.pid))


def measure(command: list[str], directory: Path, environment: dict[str, str]) -> Cost:
    return Run(command, directory, environment).wait()


def cpu_of(pid: int) -> float:
    """CPU seconds that the process's threads have used, to the nanosecond where the kernel tells."""
    total = 0
    with contextlib.suppress(OSError):  # it may end at any moment
        for task in Path(f"/proc/{pid}/task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def _status(pid: int, key: str) -> int:
    """A figure of /proc/PID/status in kilobytes, 0 where there is none."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    _, found, rest = text.partition(f"{key}:")
    return int(rest.split()[0]) if found else 0
