"""Attacks on the sandbox and ordinary work inside of it, run for real."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.figures import Figure
from tests.support.attack_cases import Case, Trial, read_cases
from tests.support.attack_range import AttackRange

HOSTS = "127.0.0.1 allowed.test\n127.0.0.2 denied.test\n"
"""What the cases about names need; it stands in /etc/hosts of a mount namespace that only this run sees."""
_INSIDE = "QWEN_CODE_OWN_HOSTS"


def attacks(cases: Path, backend: str, *, least: float) -> tuple[Sequence[Figure], Sequence[str]]:
    """How many are blocked; the faults name those that are not."""
    lines = _runnable(cases / "sandbox_attacks.jsonl")
    with _trial(backend) as trial:
        faults = [f for line in lines for f in _faults(trial, line)]
    failed = len({fault.partition(":")[0] for fault in faults})
    name = f"attacks blocked under {backend}, of {len(lines)}"
    return [Figure(name, len(lines) - failed, at_least=least * len(lines))], faults


def benign(cases: Path) -> tuple[Sequence[Figure], Sequence[str]]:
    lines = _runnable(cases / "sandbox_benign.jsonl")
    figures, faults = list[Figure](), list[str]()
    for backend in ("bubblewrap", "landlock"):
        with _trial(backend) as trial:
            found = [f for line in lines for f in _faults(trial, line)]
        least = len(lines) if backend == "bubblewrap" else None
        name = f"ordinary work under {backend}, of {len(lines)}"
        figures.append(Figure(name, len(lines) - len(found), at_least=least))
        faults += [f"{backend}: {fault}" for fault in found]
    return figures, faults


def _runnable(file: Path) -> list[dict[str, object]]:
    """Without those that need the names of HOSTS, where this machine does not let us add them."""
    lines = read_cases(file)
    return [line for line in lines if os.environ.get(_INSIDE) or ".test" not in str(line["cmd"])]


def _faults(trial: Trial, line: dict[str, object]) -> list[str]:
    faults = trial.faults(Case.of(line))
    return [f"{line['id']}: {'; '.join(faults)}: {line['cmd']!r}"] if faults else []


@contextmanager
def _trial(backend: str) -> Generator[Trial]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        with AttackRange(Path(folder).resolve()).served() as grounds:
            yield Trial(grounds, backend)


def with_own_hosts(arguments: Sequence[str]) -> None:
    """Go on in a mount namespace where the names of the cases exist, if this machine permits one."""
    if os.environ.get(_INSIDE) or not _mounts():
        return
    with tempfile.NamedTemporaryFile("w", suffix=".hosts", delete=False) as file:
        file.write(Path("/etc/hosts").read_text() + HOSTS)
    script = 'mount --bind "$1" /etc/hosts && rm "$1" && shift && exec "$@"'
    command = ["unshare", "-m", "sh", "-c", script, "sh", file.name, sys.executable, "-m", *arguments]
    os.execvpe(command[0], command, {**os.environ, _INSIDE: "1"})


def _mounts() -> bool:
    tried = ["unshare", "-m", "mount", "--bind", "/etc/hosts", "/etc/hosts"]
    return os.geteuid() == 0 and subprocess.run(tried, capture_output=True, check=False).returncode == 0
