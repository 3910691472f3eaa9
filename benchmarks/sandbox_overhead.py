"""What the sandbox adds to a command that does nothing, and whether the size of the agent matters."""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.figures import Figure
from qwen_code.sandbox.base import Bounds, Network, Sandbox
from qwen_code.sandbox.choice import Backend, Chooser
from qwen_code.sandbox.environment import for_commands

ROUNDS = 60
HEAVY_BYTES = 1_500_000_000
BARE = "bubblewrap with namespaces alone"
"""What no sandbox of this kind can do without; the difference to ours is what protection costs."""
NAMESPACES = (
    *("--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--unshare-user", "--unshare-pid"),
    *("--unshare-ipc", "--unshare-uts", "--unshare-net", "--die-with-parent", "--new-session"),
)
WAYS: tuple[tuple[str, str, Backend], ...] = (
    ("bubblewrap", "off", "bubblewrap"),
    ("bubblewrap with the proxy", "allow:example.org", "bubblewrap"),
    ("landlock", "off", "landlock"),
)


def measure() -> list[Figure]:
    """Medians in milliseconds; all ways take turns, so that a busy machine hits them alike."""
    with tempfile.TemporaryDirectory() as folder:
        home, workspace = Path(folder, "home").resolve(), Path(folder, "home", "work").resolve()
        workspace.mkdir(parents=True)
        ways: dict[str, Callable[[], float]] = {
            "plain": lambda: _plain(workspace, "/bin/true"),
            BARE: lambda: _plain(workspace, "bwrap", *NAMESPACES, "/bin/true"),
        }
        choosers = dict[str, Chooser]()
        for name, network, backend in WAYS:
            bounds = Bounds((workspace,), home, home / ".qwen", Network.parse(network))
            choosers[name] = Chooser(bounds, os.environ, only=backend)
            if choosers[name].sandbox.name == backend:
                ways[name] = _confined(choosers[name].sandbox, workspace)
        light = _medians(ways)
        ballast = bytearray(os.urandom(1 << 20) * (HEAVY_BYTES >> 20))
        heavy = _medians(ways)
        del ballast
        for chooser in choosers.values():
            chooser.close()
    limits = {"bubblewrap": 20.0, "bubblewrap with the proxy": 45.0}
    figures = [Figure("overhead: `true`, spawned plainly", light["plain"], "ms")]
    figures.append(Figure(f"overhead: {BARE} adds", light[BARE] - light["plain"], "ms"))
    for name in list(ways)[2:]:
        limit = limits.get(name)
        figures += [
            Figure(f"overhead: {name} adds to `true`", light[name] - light["plain"], "ms", at_most=limit),
            Figure(
                f"overhead: {name}, parent of 1.5 GB against a small one", heavy[name], "ms", light[name], 1.5
            ),
        ]
    return figures


def _medians(ways: dict[str, Callable[[], float]]) -> dict[str, float]:
    taken = {name: list[float]() for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            taken[name].append(way())
    return {name: statistics.median(times) * 1000 for name, times in taken.items()}


def _plain(directory: Path, *argv: str) -> float:
    async def run() -> float:
        started = time.perf_counter()
        process = await asyncio.create_subprocess_exec(*argv, cwd=directory, stdin=asyncio.subprocess.DEVNULL)
        await process.wait()
        return time.perf_counter() - started

    return asyncio.run(run())


def _confined(sandbox: Sandbox, directory: Path) -> Callable[[], float]:
    async def run() -> float:
        started = time.perf_counter()
        confined = sandbox.confine(["/bin/true"], directory)
        process = await asyncio.create_subprocess_exec(
            *confined.argv,
            cwd=directory,
            env={**for_commands(os.environ), **confined.environment},
            stdin=asyncio.subprocess.DEVNULL,
            pass_fds=tuple(confined.descriptors),
        )
        await confined.spawned()
        await process.wait()
        confined.close()
        return time.perf_counter() - started

    return lambda: asyncio.run(run())
