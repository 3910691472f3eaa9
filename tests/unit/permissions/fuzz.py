"""Differential fuzzing of the shell parser: what real bash runs must be among the commands that we found.

python -m tests.unit.permissions.fuzz 100000 [first seed]
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from qwen_code.permissions.shell_command import parse
from qwen_code.permissions.shell_fields import Variables, expand_all
from qwen_code.permissions.shell_syntax import Script, SimpleCommand
from tests.unit.permissions.shell_scripts import Writer

BATCH = 250
PATIENCE_S = 30.0
"""For one batch; scripts that bash itself never ends are cut off and passed over."""

# Every command name ends in `log`: stubs as functions, which cost no process, and all other names through
# the handler for unknown ones. Each script runs in its own subshell.
_HARNESS = r"""
log() {
    local IFS=$'\x1f'
    printf '%s\x1f%s\x1e' "$ID" "${*//$'\n'/$'\x1d'}" >&9 # without line ends it is one write
    if ((++RAN > 200)); then kill -KILL "$BASHPID"; fi
}
command_not_found_handle() { log "$@"; return 1; }
for n in 0 1 2 3 4 5 6 7 8 9; do eval "c$n() { log c$n \"\$@\"; return $((n % 2)); }"; done
echo() { log echo "$@"; builtin echo "$@"; }
FUNCNEST=40
unset n
ulimit -t 60 -f 100000
ID=0
while IFS= read -r -d '' SCRIPT; do
    if ((++ID > DONE)); then
        printf '%s\x1c\x1e' "$ID" >&9
        ( RAN=0; eval "$SCRIPT" ) </dev/null >/dev/null 2>&1
    fi
done <&8
"""


@dataclass(slots=True)
class Outcome:
    """What a run found."""

    scripts: int = 0
    refused: int = 0
    odd: int = 0
    """Read, but with a note that commands may be hidden."""
    ran: int = 0
    missed: list[tuple[int, str, str]] = field(default_factory=list[tuple[int, str, str]])
    """Seed, script, and the command that bash ran although we had not found it."""

    @property
    def refusal_rate(self) -> float:
        return self.refused / max(1, self.scripts)


def fuzz(seeds: Iterable[int]) -> Outcome:
    """Write one script for each seed, run them in bash, and compare."""
    outcome = Outcome()
    batch: list[int] = []
    for seed in seeds:
        batch.append(seed)
        if len(batch) == BATCH:
            _compare(batch, outcome)
            batch = []
    if batch:
        _compare(batch, outcome)
    return outcome


def _compare(seeds: Sequence[int], outcome: Outcome) -> None:
    scripts = [Writer(seed).script() for seed in seeds]
    for seed, script, ran in zip(seeds, scripts, run_in_bash(scripts), strict=True):
        found = parse(script)
        outcome.scripts += 1
        outcome.ran += len(ran)
        if found.error:
            outcome.refused += 1
        elif any(found.odd.values()):
            outcome.odd += 1
        else:
            outcome.missed += [(seed, script, " ".join(argv)) for argv in ran if not _is_found(argv, found)]


def run_in_bash(scripts: Sequence[str]) -> list[list[list[str]]]:
    """The commands, as argument lists, that bash ran for each script."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "scripts").write_bytes(b"".join(script.encode() + b"\0" for script in scripts))
        log = Path(folder, "log")
        log.touch()
        done = 0
        while done < len(scripts):
            _run_from(done, folder)
            begun = re.findall(rb"(?:\A|\x1e)([0-9]+)\x1c", log.read_bytes())
            done = max([done + 1, *map(int, begun)])
        return _read_log(log.read_bytes().decode("utf-8", "replace"), len(scripts))


def _run_from(done: int, folder: str) -> None:
    """Run the scripts after the first `done`; ends early at one that does not end itself."""
    process = subprocess.Popen(
        [shutil.which("bash") or "bash", "--norc", "-c", f"exec 8<scripts 9>>log\n{_HARNESS}"],
        cwd=folder,
        env={"PATH": "/nonexistent", "LC_ALL": "C", "HOME": "/nonexistent", "DONE": str(done)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        process.wait(PATIENCE_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _read_log(text: str, count: int) -> list[list[list[str]]]:
    ran: list[list[list[str]]] = [[] for _ in range(count)]
    for record in text.split("\x1e")[:-1]:
        number, *argv = record.split("\x1f")
        if argv:
            ran[int(number) - 1].append([text.replace("\x1d", "\n") for text in argv])
    return ran


def _is_found(argv: list[str], script: Script) -> bool:
    return any(_may_be(argv, command) for command in script.commands)


def _may_be(argv: list[str], command: SimpleCommand) -> bool:
    """Can this command, once expanded, be `argv`? Arguments that nobody can know stand for anything."""
    reachable = {0}
    for argument in expand_all(command.words, Variables("/nonexistent", {})):
        if argument.literal and argument.exact:
            reachable = {i + 1 for i in reachable if i < len(argv) and argv[i] == argument.text}
        elif reachable:
            reachable = set(range(min(reachable), len(argv) + 1))
    return len(argv) in reachable


def main(arguments: Sequence[str]) -> int:
    count = int(arguments[0]) if arguments else 10_000
    first = int(arguments[1]) if len(arguments) > 1 else 0
    outcome = fuzz(range(first, first + count))
    for seed, script, command in outcome.missed[:20]:
        print(f"seed {seed}: bash ran {command!r}, unnoticed in\n{script}\n")
    print(
        f"{outcome.scripts} scripts, {outcome.ran} commands ran, {len(outcome.missed)} missed silently, "
        f"{outcome.refused} refused ({outcome.refusal_rate:.1%}), {outcome.odd} odd"
    )
    return 1 if outcome.missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
