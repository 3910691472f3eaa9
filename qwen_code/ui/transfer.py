"""How far a download is, in one line that fits the terminal."""

from __future__ import annotations

import time
from collections.abc import Callable

_SETTLED_S = 2.0
"""Seconds after which the rate says something."""


class Transfer:
    """The state of a download of one or more files, one after the other."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._name = ""
        self._began = 0.0
        self._start = 0

    def line(self, name: str, here: int, total: int, columns: int) -> str:
        """`here` of `total` bytes of the file `name` have come, some of them perhaps in an earlier try."""
        if name != self._name:
            self._name, self._began, self._start = name, self._clock(), here
        seconds = self._clock() - self._began
        rate = (here - self._start) / seconds if seconds else 0.0
        share = 100 * here // total if total else 0
        parts = [f"{share:3d} %", f"{size(here)} of {size(total)}"]
        if here >= total:
            parts.append("done")
        elif rate and seconds > _SETTLED_S:
            parts += [f"{size(int(rate))}/s", f"{_clock_time((total - here) / rate)} left"]
        numbers = "  ".join(parts)
        return f"{name[-max(8, columns - len(numbers) - 3) :]}  {numbers}"[: columns - 1]


def size(count: int) -> str:
    """Bytes for people."""
    return f"{count / 2**30:.2f} GiB" if count >= 2**30 else f"{count / 2**20:.1f} MiB"


def _clock_time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
