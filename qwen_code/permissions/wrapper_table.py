"""The commands that run other commands, as data: how each lays out its arguments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

WrapperKind: TypeAlias = Literal["harmless", "wrapper", "runner"]

SHELLS = frozenset(
    {"sh", "bash", "dash", "zsh", "ksh", "mksh", "ash", "fish", "csh", "tcsh", "rbash", "yash"}
)

READERS_OF_SCRIPTS = frozenset({"at", "batch", "crontab"})
"""Run later what their input or a file says."""


@dataclass(frozen=True, slots=True)
class Wrapper:
    """One command that runs another.

    Through a `harmless` one allow rules look, for it neither hides nor changes what it runs. What a
    `wrapper` runs needs a rule of its own, unless the wrapper's rule names it. A `runner` is so much a
    command of its own that rules name it whole; what it runs matters to deny and ask rules alone.
    """

    kind: WrapperKind = "wrapper"
    valued: str = ""
    """Options that take the next argument as their value, separated by blanks."""
    flags: str = ""
    """For harmless ones: all other options under which they stay harmless."""
    operands: int = 0
    """Arguments of its own before the command."""
    assigns: bool = False
    """Takes `NAME=value` before the command."""
    text: str = ""
    """Options whose value is shell text."""
    joined: bool = False
    """What it runs is shell text, joined from its remaining arguments."""
    adds: bool = False
    """Adds arguments of its own when it runs the command."""
    verbs: str = ""
    """Words of which one must come first, e.g. `run exec`."""
    anywhere: bool = False
    """Its arguments are too intricate: the command may begin at any of them."""


WRAPPERS: Mapping[str, Wrapper] = {
    "timeout": Wrapper(
        "harmless", "-s -k --signal --kill-after", "--foreground --preserve-status -v --verbose", 1
    ),
    "gtimeout": Wrapper(
        "harmless", "-s -k --signal --kill-after", "--foreground --preserve-status -v --verbose", 1
    ),
    "nice": Wrapper("harmless", "-n --adjustment"),
    "nohup": Wrapper("harmless"),
    "time": Wrapper("harmless", "", "-p -v"),
    "stdbuf": Wrapper("harmless", "-i -o -e --input --output --error"),
    "sudo": Wrapper(
        valued="""
        -u -g -h -p -C -r -t -T -U -D -R --user --group --host --prompt --chdir --chroot --role --type
        """,
        assigns=True,
    ),
    "doas": Wrapper(valued="-u -C", assigns=True),
    "pkexec": Wrapper(valued="--user"),
    "gosu": Wrapper(operands=1),
    "su-exec": Wrapper(operands=1),
    "setpriv": Wrapper(anywhere=True),
    "su": Wrapper(text="-c --command", valued="-s -g -G --shell"),
    "runuser": Wrapper(text="-c --command", valued="-u -g -G -s", operands=0),
    "sg": Wrapper(text="-c", operands=1),
    "env": Wrapper(valued="-u --unset -C --chdir -a --argv0", assigns=True, text="-S --split-string"),
    "xargs": Wrapper(
        valued="""
        -I -n -P -L -d -E -s -a -R -J -S --max-args --max-procs --max-lines --delimiter --arg-file --replace
        """,
        adds=True,
    ),
    "parallel": Wrapper(
        valued="-j -I -N -n -a --jobs --colsep --delay --timeout --joblog", adds=True, joined=True
    ),
    "exec": Wrapper(valued="-a"),
    "command": Wrapper(),
    "builtin": Wrapper(),
    "eval": Wrapper(joined=True),
    "trap": Wrapper(text="", operands=0, joined=True),
    "setsid": Wrapper(),
    "ionice": Wrapper(valued="-c -n -p -t --class --classdata"),
    "chrt": Wrapper(valued="-T -P -D", operands=1),
    "taskset": Wrapper(operands=1),
    "numactl": Wrapper(anywhere=True),
    "flock": Wrapper(valued="-w -E --timeout --conflict-exit-code", text="-c --command", operands=1),
    "chroot": Wrapper(valued="--userspec --groups", operands=1),
    "unshare": Wrapper(anywhere=True),
    "nsenter": Wrapper(anywhere=True),
    "prlimit": Wrapper(anywhere=True),
    "cpulimit": Wrapper(anywhere=True),
    "systemd-run": Wrapper(anywhere=True),
    "start-stop-daemon": Wrapper(anywhere=True),
    "firejail": Wrapper(anywhere=True),
    "bwrap": Wrapper(anywhere=True),
    "proot": Wrapper(anywhere=True),
    "strace": Wrapper(valued="-e -o -p -s -u -a -E -I -O -P -S -U -X -b"),
    "ltrace": Wrapper(valued="-e -o -p -s -u -a -n"),
    "valgrind": Wrapper(),
    "perf": Wrapper(anywhere=True),
    "gdb": Wrapper(anywhere=True),
    "lldb": Wrapper(anywhere=True),
    "watch": Wrapper(valued="-n -q --interval --equexit", joined=True),
    "entr": Wrapper(),
    "script": Wrapper(text="-c --command", valued="-E -I -O -B -T -o -m"),
    "unbuffer": Wrapper(),
    "xvfb-run": Wrapper(valued="-n -e -f -p -s -w"),
    "dbus-run-session": Wrapper(valued="--config-file --dbus-daemon"),
    "caffeinate": Wrapper(valued="-t -w"),
    "rlwrap": Wrapper(anywhere=True),
    "proxychains": Wrapper(valued="-f"),
    "proxychains4": Wrapper(valued="-f"),
    "torsocks": Wrapper(),
    "torify": Wrapper(),
    "faketime": Wrapper(operands=1),
    "fakeroot": Wrapper(valued="-l -s -i -b"),
    "eatmydata": Wrapper(),
    "setarch": Wrapper(operands=1),
    "linux32": Wrapper(),
    "linux64": Wrapper(),
    "busybox": Wrapper(),
    "toybox": Wrapper(),
    "catchsegv": Wrapper(),
    "spawn": Wrapper(),
    "hyperfine": Wrapper("runner", anywhere=True),
    "watchexec": Wrapper("runner", anywhere=True),
    "chokidar": Wrapper("runner", anywhere=True),
    "concurrently": Wrapper("runner", anywhere=True),
    "nodemon": Wrapper("runner", anywhere=True),
    "expect": Wrapper("runner", anywhere=True),
    "doit": Wrapper("runner", anywhere=True),
    "tmux": Wrapper("runner", anywhere=True),
    "screen": Wrapper("runner", anywhere=True),
    "ssh": Wrapper("runner", anywhere=True, joined=True),
    "npx": Wrapper("runner", anywhere=True),
    "bunx": Wrapper("runner", anywhere=True),
    "uvx": Wrapper("runner", anywhere=True),
    "pipx": Wrapper("runner", verbs="run", anywhere=True),
    "npm": Wrapper("runner", verbs="exec x explore", anywhere=True),
    "pnpm": Wrapper("runner", verbs="exec dlx", anywhere=True),
    "yarn": Wrapper("runner", verbs="exec dlx", anywhere=True),
    "bun": Wrapper("runner", verbs="x exec", anywhere=True),
    "uv": Wrapper("runner", verbs="run tool", anywhere=True),
    "poetry": Wrapper("runner", verbs="run", anywhere=True),
    "pipenv": Wrapper("runner", verbs="run", anywhere=True),
    "pdm": Wrapper("runner", verbs="run", anywhere=True),
    "hatch": Wrapper("runner", verbs="run", anywhere=True),
    "rye": Wrapper("runner", verbs="run", anywhere=True),
    "conda": Wrapper("runner", verbs="run", anywhere=True),
    "mamba": Wrapper("runner", verbs="run", anywhere=True),
    "bundle": Wrapper("runner", verbs="exec", anywhere=True),
    "mise": Wrapper("runner", verbs="exec x", anywhere=True),
    "asdf": Wrapper("runner", verbs="exec", anywhere=True),
    "direnv": Wrapper("runner", verbs="exec", anywhere=True),
    "nix-shell": Wrapper("runner", text="--run --command"),
    "nix": Wrapper("runner", verbs="develop shell run", anywhere=True),
    "docker": Wrapper("runner", verbs="run exec compose container", anywhere=True),
    "podman": Wrapper("runner", verbs="run exec compose container", anywhere=True),
    "nerdctl": Wrapper("runner", verbs="run exec compose", anywhere=True),
    "docker-compose": Wrapper("runner", verbs="run exec", anywhere=True),
    "kubectl": Wrapper("runner", verbs="exec run debug", anywhere=True),
    "distrobox": Wrapper("runner", anywhere=True),
    "toolbox": Wrapper("runner", anywhere=True),
    "vagrant": Wrapper("runner", verbs="ssh", text="-c --command"),
    "flatpak-spawn": Wrapper("runner", anywhere=True),
    "op": Wrapper("runner", verbs="run", anywhere=True),
    "doppler": Wrapper("runner", verbs="run", anywhere=True),
    "dotenv": Wrapper("runner", anywhere=True),
    "dotenvx": Wrapper("runner", anywhere=True),
    "aws-vault": Wrapper("runner", verbs="exec", anywhere=True),
    "micromamba": Wrapper("runner", verbs="run", anywhere=True),
}
