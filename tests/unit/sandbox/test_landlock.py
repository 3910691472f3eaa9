from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace

import pytest

from qwen_code.sandbox.base import Network
from qwen_code.sandbox.landlock import Landlock, version
from qwen_code.sandbox.seccomp import program
from tests.support.attack_range import AttackRange

pytestmark = pytest.mark.skipif(version() == 0, reason="this kernel has no Landlock")


@pytest.fixture(scope="module")
def grounds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AttackRange]:
    with AttackRange(tmp_path_factory.mktemp("range").resolve()).served() as grounds:
        yield grounds


@pytest.fixture
def confined(grounds: AttackRange) -> Iterator[Landlock]:
    call_filter = program(os.uname().machine, sockets=False)
    if call_filter is None:
        pytest.skip("no system call filter for this machine")
    sandbox = Landlock(grounds.bounds, grounds.environment, call_filter)
    yield sandbox
    sandbox.close()


@pytest.mark.parametrize(
    "command",
    [
        "echo x > {OUT}/p",
        "echo x > f; mv f {OUT}/p; rm -f f",
        "ln -s {OUT} l; echo x > l/p; rm l",
        "rm -rf {OUT}/canary",
        "ln {OUT}/canary h && echo x >> h",
        "echo x > /proc/self/root{OUT}/p",
        "mount -t tmpfs none {OUT}; echo x > {OUT}/p",
    ],
)
def test_nothing_outside_the_workspace_is_written(
    grounds: AttackRange, confined: Landlock, command: str
) -> None:
    grounds.run(confined, command)
    assert [path.name for path in grounds.outside.iterdir()] == ["canary"]
    assert (grounds.outside / "canary").read_text() == "untouched"


@pytest.mark.parametrize(
    "command",
    [
        "cat {HOME}/.ssh/id_rsa",
        "ln -s {HOME}/.ssh k; cat k/id_rsa; rm k",
        "grep -rs CANARY {HOME}",
        "cat {HOME}/.qwen/oauth_creds.json",
        "env",
        "cat /proc/*/environ",
    ],
)
def test_no_secret_can_be_read(grounds: AttackRange, confined: Landlock, command: str) -> None:
    assert "CANARY" not in grounds.run(confined, command).text


@pytest.mark.parametrize(
    "command",
    [
        "curl -sS -m3 http://127.0.0.1:{TCP}/",
        "echo x > /dev/udp/127.0.0.1/{UDP}",
        "{PY} -c \"import socket; socket.socket(socket.AF_UNIX).connect('{USOCK}')\"",
        "{PY} -c \"import socket; socket.socket(socket.AF_UNIX).connect('\\0{ABS}')\"",
    ],
)
def test_nobody_is_reached(grounds: AttackRange, confined: Landlock, command: str) -> None:
    before = grounds.hits()
    grounds.run(confined, command)
    assert grounds.hits() == before


def test_protected_files_are_put_back(grounds: AttackRange, confined: Landlock) -> None:
    config = grounds.workspace / ".git" / "config"
    before = config.read_text()
    grounds.run(
        confined, "git config alias.st '!id'; mkdir .vscode; echo x > .vscode/tasks.json; rm -r .qwen"
    )
    assert config.read_text() == before
    assert not (grounds.workspace / ".vscode").exists()
    assert (grounds.workspace / ".qwen" / "settings.json").read_text() == "{}"


def test_ordinary_work_goes_on(grounds: AttackRange, confined: Landlock) -> None:
    command = (
        "set -e; cat README.md; echo n > n; git add n; git commit -qm n; git stash list; "
        "{PY} -m unittest -q test_ok.py 2>&1 | tail -1; f=$(mktemp); echo x > $f; cat $f; cat < <(true)"
    )
    outcome = grounds.run(confined, command)
    assert (outcome.code, outcome.text) == (0, "hello\nOK\nx\n")


def test_names_can_t_be_allowed_so_the_network_is_off_and_that_is_said(grounds: AttackRange) -> None:
    bounds = replace(grounds.bounds, network=Network.parse("allow:localhost", private=True))
    sandbox = Landlock(bounds, grounds.environment, program(os.uname().machine, sockets=False) or b"")
    assert sandbox.network.mode == "off"
    assert "needs bubblewrap" in "\n".join(sandbox.explain())
