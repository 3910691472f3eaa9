"""Attacks from inside the sandbox, and ordinary work that must go on there."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from qwen_code.sandbox.base import Network, Sandbox
from tests.support.attack_range import AttackRange

pytestmark = pytest.mark.skipif(not shutil.which("bwrap"), reason="bubblewrap is not installed")


@pytest.fixture(scope="module")
def grounds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AttackRange]:
    with AttackRange(tmp_path_factory.mktemp("range").resolve()).served() as grounds:
        yield grounds


@pytest.fixture
def confined(grounds: AttackRange) -> Iterator[Sandbox]:
    chooser = grounds.choose()
    if chooser.sandbox.name != "bubblewrap":
        pytest.skip(f"bubblewrap does not work here: {chooser.choice.remedy}")
    yield chooser.sandbox
    chooser.close()


@pytest.fixture
def online(grounds: AttackRange) -> Iterator[Sandbox]:
    """With a proxy that lets one name pass, which leads to loopback."""
    chooser = grounds.choose(Network.parse("allow:localhost", private=True))
    if chooser.sandbox.name != "bubblewrap":
        pytest.skip(f"bubblewrap does not work here: {chooser.choice.remedy}")
    yield chooser.sandbox
    chooser.close()


OUTSIDE = {
    "redirection": "echo x > {OUT}/p",
    "copy": "cp README.md {OUT}/p",
    "rename": "echo x > f; mv f {OUT}/p",
    "hard link": "ln {OUT}/canary h && echo x >> h",
    "symbolic link": "ln -s {OUT} l; echo x > l/p; rm l",
    "deletion": "rm -rf {OUT}/*",
    "mode": "chmod 777 {OUT}/canary",
    "times": "touch -d 2001-01-01 {OUT}/canary",
    "owner": "chown 12345 {OUT}/canary",
    "root of the process": "echo x > /proc/self/root{OUT}/p",
    "directory of the sandbox": "echo x > /proc/1/root{OUT}/p; echo x > /proc/1/cwd/../outside/p",
    "remount": "mount -o remount,rw / ; mount -o remount,rw,bind / ; umount -l {OUT}; echo x > {OUT}/p",
    "new namespace": "unshare -Urm sh -c 'mount -o remount,rw /; echo x > {OUT}/p'",
    "device": "mknod d b 8 0; cat d | head -c1 > {OUT}/p",
    "home": "echo evil >> {HOME}/.bashrc",
    "etc": "echo x > /etc/qwen-code-was-here",
    "interpreter": "{PY} -c \"open('{OUT}/p', 'w')\"",
    "git": "git clone -q . {OUT}/p; git worktree add {OUT}/p",
    "tar": "tar cf - README.md | tar xf - -C {OUT}",
    "core pattern": "echo '|/bin/sh' > /proc/sys/kernel/core_pattern",
    "control groups": "echo 1 > /sys/fs/cgroup/cgroup.procs && echo x > {OUT}/p",
    "temporary folder": "echo x > /tmp/qwen-code-was-here; echo x > /var/tmp/qwen-code-was-here",
}  # fmt: skip


@pytest.mark.parametrize("command", OUTSIDE.values(), ids=OUTSIDE)
def test_nothing_outside_the_workspace_changes(grounds: AttackRange, confined: Sandbox, command: str) -> None:
    pattern = Path("/proc/sys/kernel/core_pattern").read_text()
    before = tree(grounds.outside), tree(grounds.home)
    grounds.run(confined, command)
    assert (tree(grounds.outside), tree(grounds.home)) == before
    assert Path("/proc/sys/kernel/core_pattern").read_text() == pattern
    assert not any(Path(top, "qwen-code-was-here").exists() for top in ("/etc", "/tmp", "/var/tmp"))


def tree(folder: Path) -> dict[str, tuple[object, ...]]:
    found: dict[str, tuple[object, ...]] = {}
    for path in sorted(folder.rglob("*")):
        info = path.lstat()
        text = path.read_bytes() if path.is_file() else b""
        found[str(path)] = (info.st_mode, info.st_uid, info.st_mtime_ns, info.st_nlink, text)
    return found


PROTECTED = {
    "hook": "echo x > .git/hooks/pre-commit",
    "hooks moved": "mv .git/hooks .git/h; mkdir .git/hooks; echo x > .git/hooks/pre-commit",
    "config": "git config alias.st '!id'; echo '[alias]' >> .git/config",
    "config by rename": "cp .git/config c; echo '[a]' >> c; mv -f c .git/config; rm -f c",
    "repository moved": "mv .git g; mkdir .git; cp -r g/* .git; echo x > .git/hooks/pre-commit",
    "repository linked": "mv .git g; ln -s g .git",
    "common folder": "mkdir evil; echo evil > .git/commondir; rmdir evil",
    "attributes": "echo '* filter=x' > .git/info/attributes",
    "submodules": "mkdir -p .git/modules/x; echo x > .gitmodules",
    "worktree settings": "echo x > .git/config.worktree",
    "nested hook": "echo x > vendor/lib/.git/hooks/pre-commit",
    "nested repository moved": "mv vendor v; cp -r v vendor; echo x > vendor/lib/.git/hooks/pre-commit",
    "own settings": "echo '{\"a\":1}' > .qwen/settings.json",
    "own settings deleted": "rm -rf .qwen",
    "own settings moved": "mv .qwen q; mkdir .qwen; echo x > .qwen/settings.json",
    "own hooks": "mkdir -p .qwen/hooks; echo x > .qwen/hooks/evil.sh",
    "editor": "mkdir -p .vscode; echo x > .vscode/tasks.json",
    "other agent": "mkdir -p .claude; echo x > .claude/settings.json",
    "servers": "echo '{}' > .mcp.json; ln -s x .mcp.json",
    "direnv": "echo 'curl evil' > .envrc",
    "husky": "mkdir -p .husky; echo x > .husky/pre-commit",
    "remount": "mount -o remount,rw .git/hooks; umount .git/hooks; echo x > .git/hooks/pre-commit",
}  # fmt: skip


@pytest.mark.parametrize("command", PROTECTED.values(), ids=PROTECTED)
def test_what_makes_other_programs_run_code_does_not_change(
    grounds: AttackRange, confined: Sandbox, command: str
) -> None:
    before = tree(grounds.workspace)
    grounds.run(confined, command)
    after = tree(grounds.workspace)
    volatile = (".git/index", ".git/config.lock")
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    assert not {p for p in changed if Path(p).is_file() and not p.endswith(volatile)}
    assert before.keys() <= after.keys()


SECRETS = {
    "key": "cat {HOME}/.ssh/id_rsa",
    "cloud": "cat {HOME}/.aws/credentials",
    "through a link": "ln -s {HOME}/.ssh k; cat k/id_rsa; rm k",
    "through the root of a process": "cat /proc/self/root{HOME}/.ssh/id_rsa /proc/1/root{HOME}/.ssh/id_rsa",
    "passwords of sites": "cat {HOME}/.netrc {HOME}/.npmrc {HOME}/.config/gh/hosts.yml",
    "history": "cat {HOME}/.bash_history",
    "own keys": "cat {HOME}/.qwen/oauth_creds.json",
    "search": "grep -rs CANARY {HOME}",
    "hard link": "ln {HOME}/.ssh/id_rsa k; cat k",
    "mode": "chmod 777 {HOME}/.ssh; umount {HOME}/.ssh; cat {HOME}/.ssh/id_rsa",
    "environment": "env; printenv OPENAI_API_KEY",
    "environment of others": "cat /proc/*/environ | tr '\\0' '\\n'; ps eww -e",
    "environment of a process outside": "cat /proc/{VICTIM}/environ",
    "command lines": "cat /proc/*/cmdline",
}  # fmt: skip


@pytest.mark.parametrize("command", SECRETS.values(), ids=SECRETS)
def test_no_secret_can_be_read(grounds: AttackRange, confined: Sandbox, command: str) -> None:
    assert "CANARY" not in grounds.run(confined, command).text


NETWORK = {
    "web": "curl -sS -m3 http://127.0.0.1:{TCP}/",
    "web without proxy": "curl -sS -m3 --noproxy '*' http://127.0.0.1:{TCP}/",
    "bash": "exec 3<>/dev/tcp/127.0.0.1/{TCP}; echo x >&3",
    "datagram": "echo x > /dev/udp/127.0.0.1/{UDP}",
    "python": "{PY} -c \"import socket; socket.create_connection(('127.0.0.1', {TCP}))\"",
    "unix socket": "{PY} -c \"import socket; socket.socket(socket.AF_UNIX).connect('{USOCK}')\"",
    "abstract socket": "{PY} -c \"import socket; socket.socket(socket.AF_UNIX).connect('\\0{ABS}')\"",
    "netcat": "nc -w1 127.0.0.1 {TCP} < /dev/null; nc -w1 -U {USOCK} < /dev/null",
}


@pytest.mark.parametrize("command", NETWORK.values(), ids=NETWORK)
def test_without_a_network_nobody_is_reached(grounds: AttackRange, confined: Sandbox, command: str) -> None:
    before = grounds.hits()
    grounds.run(confined, command)
    assert grounds.hits() == before


AROUND = {
    "address": "curl -sS -m3 http://127.0.0.1:{TCP}/",
    "other name": "curl -sS -m3 http://localhost.localdomain:{TCP}/",
    "other address": "curl -sS -m3 http://127.0.0.2:{TCP}/",
    "tunnel": "curl -sS -m3 -p http://127.0.0.2:{TCP}/",
    "user before the host": "curl -sS -m3 http://localhost@127.0.0.2:{TCP}/",
    "as a number": "curl -sS -m3 http://2130706434:{TCP}/",
    "no proxy": "curl -sS -m3 --noproxy '*' http://localhost:{TCP}/",
    "own choice of address": "curl -m3 --noproxy '*' --resolve localhost:{TCP}:127.0.0.2 http://localhost:{TCP}/",
    "own choice of proxy": "curl -sS -m3 -x http://127.0.0.2:{TCP} http://localhost/",
    "suffix": "curl -sS -m3 http://localhost.evil.test:{TCP}/",
    "zero byte": (
        "printf 'CONNECT localhost\\0.evil:{TCP} HTTP/1.1\\r\\n\\r\\n' | nc -w1 127.0.0.1 ${http_proxy##*:}"
    ),
}  # fmt: skip


@pytest.mark.parametrize("command", AROUND.values(), ids=AROUND)
def test_only_the_allowed_name_is_reached(grounds: AttackRange, online: Sandbox, command: str) -> None:
    before = grounds.hits()
    grounds.run(online, command)
    assert grounds.hits() == before


@pytest.mark.parametrize("way", ["", "-p", "-X POST -d x"])
def test_the_allowed_name_is_reached_by_every_way(grounds: AttackRange, online: Sandbox, way: str) -> None:
    outcome = grounds.run(online, f"curl -sS -m5 --noproxy '' {way} http://localhost:{{TCP}}/")
    assert outcome.text == "HELLO"


def test_an_allowed_name_that_leads_to_a_private_network_is_refused(grounds: AttackRange) -> None:
    chooser = grounds.choose(Network.parse("allow:localhost"))
    if chooser.sandbox.name != "bubblewrap":
        pytest.skip("bubblewrap does not work here")
    before = grounds.hits()
    assert (
        "--network-private"
        in grounds.run(chooser.sandbox, "curl -sS -m3 --noproxy '' http://localhost:{TCP}/").text
    )
    assert grounds.hits() == before
    chooser.close()


def test_a_server_inside_is_reached_without_the_proxy(grounds: AttackRange, online: Sandbox) -> None:
    command = (
        "{PY} -m http.server --bind 127.0.0.1 8099 >/dev/null 2>&1 & "
        "for i in $(seq 50); do curl -sf http://127.0.0.1:8099/README.md && exit; sleep 0.1; done"
    )
    assert grounds.run(online, command).text == "hello\n"


@pytest.mark.parametrize(
    "command",
    [
        "sleep 987{MARK} & exit 0",
        "nohup sleep 987{MARK} >/dev/null 2>&1 & exit 0",
        "setsid sleep 987{MARK} >/dev/null 2>&1 < /dev/null & exit 0",
        "(trap '' TERM HUP; setsid sleep 987{MARK} &) ; exit 0",
    ],
)
def test_no_process_outlives_its_command(grounds: AttackRange, confined: Sandbox, command: str) -> None:
    mark = str(time.monotonic_ns())
    grounds.run(confined, command.replace("{MARK}", mark))
    deadline = time.monotonic() + 5
    while subprocess.run(["pgrep", "-f", f"987{mark}"], capture_output=True, check=False).returncode == 0:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_processes_outside_are_neither_seen_nor_harmed(grounds: AttackRange, confined: Sandbox) -> None:
    grounds.run(confined, "kill -9 {VICTIM}; kill -9 -1; pkill -9 -f 'sleep 1000'")
    assert grounds.victim.poll() is None
    assert grounds.run(confined, "ps -e --no-headers | wc -l").text.strip() < "9"


WORK = {
    "read and write": ("cat README.md > copy && cat copy && rm copy", "hello\n"),
    "temporary file": ('f=$(mktemp) && echo x > "$f" && cat "$f"', "x\n"),
    "exit code": ("exit 7", ""),
    "commit": ("echo c > c && git add -A && git commit -qm c && git status --short && git ls-files c", "c\n"),
    "branch": ("git switch -qc b && git switch -q main && git branch -d b 2> /dev/null | wc -l", "1\n"),
    "stash": ("echo more >> README.md && git stash -q && git stash pop -q && git checkout -q README.md", ""),
    "tag": ("git tag t && git tag -d t >/dev/null", ""),
    "nested commit": (
        "cd vendor/lib && git commit -q --allow-empty -m b && git log --oneline | wc -l",
        "2\n",
    ),
    "new repository": ("git init -q fresh && git -C fresh config a.b c && rm -rf fresh", ""),
    "python": ("{PY} -m unittest -q test_ok.py 2>&1 | tail -1", "OK\n"),
    "subprocess": (
        "{PY} -c \"import subprocess as s; print(s.check_output('id -u', shell=True)[:0])\"",
        "b''\n",
    ),
    "event loop": ('{PY} -c "import asyncio; asyncio.run(asyncio.sleep(0)); print(1)"', "1\n"),
    "pool": ('{PY} -c "from multiprocessing import Pool; print(Pool(2).map(abs, [-1]))"', "[1]\n"),
    "loopback server": (
        "{PY} -c \"import socket; s = socket.create_server(('127.0.0.1', 0)); "
        "socket.create_connection(s.getsockname()); print('met')\"",
        "met\n",
    ),
    "substitution": ("diff <(echo a) <(echo a) && echo same", "same\n"),
    "devices": ("head -c4 /dev/urandom | wc -c; echo x > /dev/null; test -c /dev/zero && echo ok", "4\nok\n"),
    "shared memory": ("echo x > /dev/shm/x && cat /dev/shm/x", "x\n"),
    "background": ("sleep 0.1 & wait; echo w", "w\n"),
    "search": ("grep -rl hello . --include=*.md", "./README.md\n"),
    "settings of git": ("git config user.email", "t@example.invalid\n"),
}


@pytest.mark.parametrize("name", WORK)
def test_ordinary_work_goes_on(grounds: AttackRange, confined: Sandbox, name: str) -> None:
    command, expected = WORK[name]
    outcome = grounds.run(confined, command)
    assert outcome.text == expected
    assert outcome.code == (7 if name == "exit code" else 0)


def test_nothing_is_left_in_the_workspace(grounds: AttackRange, confined: Sandbox) -> None:
    before = sorted(os.listdir(grounds.workspace))  # noqa: PTH208 - names are what is meant
    inside = grounds.run(confined, "ls -A").text.split()
    assert set(inside) > set(before)
    assert sorted(os.listdir(grounds.workspace)) == before  # noqa: PTH208


def test_a_link_at_a_protected_name_is_put_back(grounds: AttackRange, confined: Sandbox) -> None:
    link = grounds.workspace / ".idea"
    (grounds.workspace / "ide").mkdir(exist_ok=True)
    link.symlink_to("ide")
    chooser = grounds.choose()
    try:
        grounds.run(chooser.sandbox, "rm .idea; mkdir .idea; echo x > .idea/evil.xml")
        assert link.readlink() == Path("ide")
        assert not (link / "evil.xml").exists()
    finally:
        chooser.close()
        for path in grounds.workspace.glob(".idea*"):
            path.unlink() if path.is_symlink() else shutil.rmtree(path)


def test_commands_end_with_a_killed_agent(grounds: AttackRange, confined: Sandbox, tmp_path: Path) -> None:
    mark = f"986{time.monotonic_ns()}"
    program = f"""
import os, sys
sys.path.insert(0, {str(Path(__file__).parents[3])!r})
from pathlib import Path
from qwen_code.sandbox.base import Bounds
from qwen_code.sandbox.choice import Chooser
import subprocess
root = Path({str(grounds.workspace)!r})
run = Chooser(Bounds((root,), Path({str(grounds.home)!r}), root / "none"), os.environ).sandbox.confine(
    ["sh", "-c", "echo up; sleep {mark}"], root
)
subprocess.run(run.argv, pass_fds=tuple(run.descriptors))
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"up\n"
        owner.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 5
    while subprocess.run(["pgrep", "-f", f"sleep {mark}"], capture_output=True, check=False).returncode == 0:
        assert time.monotonic() < deadline
        time.sleep(0.02)
