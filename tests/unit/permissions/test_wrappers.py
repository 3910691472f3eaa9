from __future__ import annotations

import pytest

from qwen_code.permissions.shell_command import parse
from qwen_code.permissions.shell_fields import Variables, expand_all
from qwen_code.permissions.wrappers import Inner, look_through
from tests.unit.permissions.judging import lines


def inside(command: str) -> list[Inner]:
    words = parse(command).commands[-1].words
    return list(look_through(expand_all(words, Variables("/home/ada", {}))))


def text_of(inner: Inner) -> str:
    return inner.text if inner.text is not None else " ".join(field.text for field in inner.fields)


@pytest.mark.parametrize(
    "command",
    lines(
        """
        sudo rm x
        sudo -u root -- rm x
        sudo --user root -n A=1 rm x
        doas rm x
        su -c 'rm x'
        su root -c 'rm x'
        env rm x
        env -i A=1 rm x
        env -u A rm x
        env -S 'rm x'
        env --split-string='rm x'
        /usr/bin/env rm x
        sh -c 'rm x'
        bash -lc 'rm x' name
        bash -o pipefail -c 'rm x'
        bash --norc -c 'rm x'
        zsh -c 'rm x'
        eval rm x
        eval 'rm x'
        exec rm x
        exec -a n rm x
        command rm x
        builtin rm x
        trap 'rm x' EXIT
        alias y='rm x'
        setsid rm x
        ionice -c3 rm x
        flock /l rm x
        flock /l -c 'rm x'
        strace -o f rm x
        watch -n 1 rm x
        watch 'rm x'
        busybox rm x
        chroot / rm x
        script -q -c 'rm x' /dev/null
        gosu root rm x
        git -c alias.y='!rm x' y
        git submodule foreach rm x
        git bisect run rm x
        git rebase --exec 'rm x' a
        """
    ),
)
def test_wrappers_are_looked_through(command: str) -> None:
    assert ("wrapper", "rm x") in [(inner.kind, text_of(inner)) for inner in inside(command)]


@pytest.mark.parametrize(
    "command",
    lines(
        """
        timeout 5 rm x
        timeout -k 1 --signal=KILL 5s rm x
        nice rm x
        nice -n 5 rm x
        nice -5 rm x
        nohup rm x
        stdbuf -oL rm x
        stdbuf -o L -e L rm x
        """
    ),
)
def test_some_wrappers_are_harmless(command: str) -> None:
    assert [(inner.kind, text_of(inner)) for inner in inside(command)] == [("harmless", "rm x")]


@pytest.mark.parametrize("command", ["timeout --unknown 5 rm x", "timeout $T rm x", "nice --x rm x"])
def test_a_harmless_wrapper_under_an_unknown_option_is_not(command: str) -> None:
    assert {inner.kind for inner in inside(command)} <= {"wrapper", "runner"}


@pytest.mark.parametrize(
    "command",
    lines(
        """
        docker run -it img rm x
        docker exec c rm x
        npx rm x
        uv run rm x
        poetry run rm x
        ssh host rm x
        ssh h 'rm x'
        """
    ),
)
def test_runners_are_looked_through_for_deny_rules(command: str) -> None:
    assert ("runner", "rm x") in [(inner.kind, text_of(inner)) for inner in inside(command)]


def test_find_and_xargs_add_arguments() -> None:
    assert [(text_of(i), i.adds) for i in inside("find . -exec rm {} \\; -exec ls +")] == [
        ("rm {}", True),
        ("ls", True),
    ]
    assert [(text_of(i), i.adds) for i in inside("xargs -0 -n1 -I{} rm -f")] == [("rm -f", True)]


@pytest.mark.parametrize("command", ["bash", "sh -s", 'sh -c "$X"', "eval $X", "bash $X"])
def test_what_can_not_be_seen_is_said(command: str) -> None:
    assert [bool(inner.hidden) for inner in inside(command)] == [True]


@pytest.mark.parametrize(
    "command", ["ls", "npm test", "docker ps", "command -v rm", "bash script.sh", "git status", "uv pip list"]
)
def test_other_commands_run_nothing_else(command: str) -> None:
    assert inside(command) == []
