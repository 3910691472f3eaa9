"""Drives a program on a real pseudo-terminal and shows what a person would see of it."""

from __future__ import annotations

import codecs
import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.screen import Emulator

PATIENCE_S = 15.0


class PtyProgram:
    """A program with a terminal of its own. `echo` can be compared before and after."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        columns: int = 80,
        rows: int = 24,
    ) -> None:
        self.emulator = Emulator(columns, rows)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.pid, self._master = pty.fork()
        if self.pid == 0:
            os.chdir(cwd)
            signal.signal(signal.SIGHUP, signal.SIG_DFL)  # as from a terminal, also if `nohup` runs the tests
            os.execvpe(command[0], list(command), {"PYTHONFAULTHANDLER": "1", **env})
        self._resize(columns, rows)
        self._exit: int | None = None

    def type(self, *keys: str) -> None:
        """Send keys, a moment apart, as a person would."""
        for key in keys:
            os.write(self._master, key.encode())
            self.read(0.03 if key != "\x1b" else 0.12)

    def resize(self, columns: int, rows: int) -> None:
        self.emulator.resize(columns, rows)
        self._resize(columns, rows)

    def _resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def modes(self) -> list[object]:
        """What `stty` would say, to compare."""
        return list(termios.tcgetattr(self._master))

    def read(self, seconds: float) -> None:
        """Take in what comes within `seconds`."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            if not self._take(left):
                return

    def sees(self, text: str, patience_s: float = PATIENCE_S) -> None:
        """Wait until `text` is on the screen or in the scrollback."""
        self.until(lambda: text in self.emulator.text(), repr(text), patience_s)

    def until(self, condition: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> None:
        deadline = time.monotonic() + patience_s
        while not condition():
            if time.monotonic() > deadline or (not self._take(0.05) and not condition()):
                raise AssertionError(f"waited in vain for {what}; the screen:\n{self.emulator.text()}")

    def rests(self) -> None:
        """Wait until the empty prompt of `qwen-code` says what can be typed: no turn runs any more."""
        self.until(lambda: "> Ask, or /" in "\n".join(self.emulator.screen()), "a prompt at rest")

    def left(self, patience_s: float = PATIENCE_S) -> int:
        """The exit status as a shell would show it."""
        deadline = time.monotonic() + patience_s
        while self._exit is None:
            self._take(0.02)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                code = os.waitstatus_to_exitcode(status)
                self._exit = code if code >= 0 else 128 - code
            elif time.monotonic() > deadline:
                self.signal(signal.SIGABRT)  # Python then says where every thread is
                self.read(1)
                raise AssertionError(f"still running; the screen:\n{self.emulator.text()}")
        self.read(0.1)
        return self._exit

    def close(self) -> None:
        """End the program if it still runs; hang up its terminal."""
        if self._exit is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self._exit = 128 + signal.SIGKILL
        os.close(self._master)

    def hang_up(self) -> None:
        """Close the terminal under the program, as a lost connection does."""
        os.close(self._master)
        self._master = os.open(os.devnull, os.O_RDWR)

    def _take(self, seconds: float) -> bool:
        """Read once if something comes within `seconds`; False when the terminal is gone."""
        ready, _, _ = select.select([self._master], [], [], max(seconds, 0))
        if not ready:
            return True
        try:
            data = os.read(self._master, 65536)
        except OSError:
            return False
        if not data:
            return False
        self.emulator.feed(self._decoder.decode(data))
        return True


@contextmanager
def on_a_terminal(
    command: Sequence[str], *, cwd: Path, env: Mapping[str, str], columns: int = 80, rows: int = 24
) -> Generator[PtyProgram, None, None]:
    program = PtyProgram(command, cwd=cwd, env=env, columns=columns, rows=rows)
    try:
        yield program
    finally:
        program.close()
