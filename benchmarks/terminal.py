"""A program in a tmux window of 120 by 40: its screen, its keys, and what it costs."""

from __future__ import annotations

import os
import shlex
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

from benchmarks.process import cpu_of

COLUMNS, ROWS = 120, 40
_MARK = "Z"


class Tmux:
    """One program in a tmux server of its own; use as a context manager."""

    def __init__(self, command: Sequence[str], directory: Path, environment: Mapping[str, str]) -> None:
        self._socket = f"bench-{os.getpid()}-{id(self):x}"
        self._environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TERM": "xterm-256color"}
        variables = [f"{name}={value}" for name, value in environment.items()]
        size = ["-x", str(COLUMNS), "-y", str(ROWS)]
        line = shlex.join(["env", "-i", *variables, *command])
        self.started = time.monotonic()
        self._tmux("-f", "/dev/null", "new-session", "-d", *size, "-c", str(directory), f"exec {line}")
        self._pid = int(self._tmux("display", "-p", "#{pane_pid}"))

    def __enter__(self) -> Tmux:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tmux("kill-server")

    def screen(self) -> str:
        return self._tmux("capture-pane", "-p")

    def type(self, text: str) -> None:
        self._tmux("send-keys", "-l", text)

    def press(self, key: str) -> None:
        self._tmux("send-keys", key)

    def cpu_s(self) -> float:
        return cpu_of(self._pid)

    def until(
        self, condition: Callable[[str], bool], timeout_s: float = 60.0, poll_s: float = 0.005
    ) -> float:
        """When the screen first met `condition`.

        Raises:
            TimeoutError: it never did.
        """
        deadline = time.monotonic() + timeout_s
        while not condition(self.screen()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"waited in vain; the screen:\n{self.screen()}")
            time.sleep(poll_s)
        return time.monotonic()

    def echo_s(self, keys: int) -> float:
        """The median time from a key to its letter on the screen."""
        took: list[float] = []
        for _ in range(keys):
            before = self.screen().count(_MARK)
            pressed = time.monotonic()
            self.type(_MARK)
            took.append(self.until(lambda screen, n=before: screen.count(_MARK) > n, 10, 0.001) - pressed)
            time.sleep(0.08)
        for _ in range(keys):
            self.press("BSpace")
        return statistics.median(took)

    def _tmux(self, *arguments: str) -> str:
        return subprocess.run(
            ["tmux", "-L", self._socket, *arguments],
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        ).stdout
