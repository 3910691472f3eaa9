"""Cases for the sandbox, as data: commands that must not get through, and commands that must work.

One JSON object a line, `{id, cmd, network, expect_blocked, why}` or `{id, cmd, exit, stdout}`; places stand
in braces, see `attack_range`. Each case gets a fresh copy of the range.
"""

from __future__ import annotations

import json
import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from tests.support.attack_range import ENVIRONMENT, AttackRange, Outcome

PATIENCE_S = 60.0
SURVIVAL_S = 3.0
"""How long a process may take to be gone after its command."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """One line. `blocked` is empty for what must work."""

    id: str
    command: str
    network: str = "off"
    blocked: Sequence[tuple[str, str]] = ()
    exit: int | None = None
    stdout: str | None = None
    shell: str = "sh"
    wait: float = 0.0
    tty: bool = False

    @classmethod
    def of(cls, line: Json) -> Case:
        network = line.get("network") or "off"
        if isinstance(network, dict):
            network = "allow:" + ",".join(cast("dict[str, list[str]]", network)["allow"])
        return cls(
            line["id"],
            line["cmd"],
            network,
            tuple((kind, value) for entry in line.get("expect_blocked", ()) for kind, value in entry.items()),
            line.get("exit"),
            line.get("stdout"),
            line.get("shell", "sh"),
            float(line.get("wait", 0)),
            bool(line.get("tty")),
        )


def read_cases(*files: Path) -> list[Json]:
    """The lines of all the files that exist."""
    return [
        json.loads(line)
        for file in files
        if file.is_file()
        for line in file.read_text("utf-8").splitlines()
        if line.strip()
    ]


@dataclass
class Trial:
    """Runs cases with the program itself, `qwen-code sandbox -- SHELL -c COMMAND`, one after another."""

    grounds: AttackRange
    backend: str = ""
    """As `--backend` takes it; empty: the best one."""
    runner: Callable[[Case, str], Outcome] | None = None
    """Runs commands in place of the program, e.g. in this process, which is quicker."""
    _kept: Path = field(init=False)

    def __post_init__(self) -> None:
        self._kept = self.grounds.base / "kept"
        for folder in self._folders():
            shutil.copytree(folder, self._kept / folder.name, symlinks=True)

    def _folders(self) -> tuple[Path, ...]:
        return self.grounds.home, self.grounds.outside, self.grounds.workspace

    def _renew(self) -> None:
        for folder in self._folders():
            _remove(folder)
            shutil.copytree(self._kept / folder.name, folder, symlinks=True)

    def faults(self, case: Case) -> list[str]:
        """What went wrong with one case; empty when all is well."""
        self._renew()
        mark = str(time.monotonic_ns())
        places = {**self.grounds.places, "MARK": mark}
        before = {value: _state(value) for _, value in self._blocked(case, places)}
        hits = self.grounds.hits()
        outcome = (self.runner or self._run)(case, _filled(case.command, places))
        time.sleep(max(case.wait, 0.1 if any(kind == "connection" for kind, _ in case.blocked) else 0))
        faults = [
            f"{kind}: {value}"
            for kind, value in self._blocked(case, places)
            if self._happened(kind, value, before[value], hits, outcome)
        ]
        if case.exit is not None and outcome.code != case.exit:
            faults.append(f"exit code {outcome.code} instead of {case.exit}: {outcome.text[-300:]}")
        if case.stdout is not None and outcome.text != case.stdout:
            faults.append(f"printed {outcome.text!r} instead of {case.stdout!r}")
        return faults

    def _blocked(self, case: Case, places: dict[str, str]) -> Iterator[tuple[str, str]]:
        return ((kind, _filled(value, places)) for kind, value in case.blocked)

    def _happened(
        self, kind: str, value: str, before: object, hits: dict[str, int], outcome: Outcome
    ) -> bool:
        match kind:
            case "file_created":
                return before is None and _state(value) is not None
            case "file_changed" | "file_deleted":
                return _state(value) != before
            case "output":
                return value in outcome.text
            case "connection":
                return self.grounds.hits()[value] != hits[value]
            case "process_survives":
                return _survives(value)
            case "process_killed":
                return self.grounds.victim.poll() is not None
            case _:
                raise ValueError(f"nothing is known of {kind!r}")

    def _run(self, case: Case, command: str) -> Outcome:
        wanted = [sys.executable, "-m", "qwen_code", "sandbox", "--network", case.network]
        wanted += ["--network-private"] if case.network.startswith("allow") else []
        wanted += ["--backend", self.backend] if self.backend else []
        argv = [*wanted, "--", case.shell, "-c", command]
        environment = {**self.grounds.environment, **ENVIRONMENT, "PYTHONPATH": str(_ROOT)}
        return (_in_terminal if case.tty else _in_pipes)(argv, self.grounds.workspace, environment, case)


_ROOT = Path(__file__).parents[2]


def _filled(text: str, places: dict[str, str]) -> str:
    for name, value in places.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def _in_pipes(argv: Sequence[str], directory: Path, environment: dict[str, str], case: Case) -> Outcome:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(
            argv,
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err if case.stdout is not None else subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            out.write(b"(ended after a minute)")
        out.seek(0)
        return Outcome(process.returncode, out.read().decode("utf-8", "replace"))


def _in_terminal(argv: Sequence[str], directory: Path, environment: dict[str, str], case: Case) -> Outcome:
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(directory)
        os.execvpe(argv[0], list(argv), environment)
    said = b""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 0.1)[0]:
            continue
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # the other end is closed
            break
        said += piece
    os.close(terminal)
    _, status = os.waitpid(pid, 0)
    return Outcome(os.waitstatus_to_exitcode(status), said.decode("utf-8", "replace"))


def _state(path: str) -> object:
    """What a path is at this moment; None when it is nothing."""
    if not path.startswith("/"):
        return None
    try:
        info = os.lstat(path)
        content = Path(path).read_bytes() if os.path.isfile(path) else b""  # noqa: PTH113 - links followed
    except OSError:
        return None
    return info.st_mode, info.st_uid, content


def _survives(pattern: str) -> bool:
    deadline = time.monotonic() + SURVIVAL_S
    while time.monotonic() < deadline:
        found = [pid for pid in _processes() if pattern in _command_line(pid)]
        if not found:
            return False
        time.sleep(0.05)
    for pid in _processes():
        if pattern in _command_line(pid):
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
    return True


def _processes() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()]  # noqa: PTH208


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    except OSError:
        return ""


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():  # modes that a command took away
        subprocess.run(["chmod", "-R", "u+rwX", str(folder)], check=False, capture_output=True)
        shutil.rmtree(folder)
