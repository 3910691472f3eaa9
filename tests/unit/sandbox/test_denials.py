from __future__ import annotations

import pytest

from qwen_code.sandbox.base import Network
from qwen_code.sandbox.denials import explain, sentence

OFF, ON, SOME = Network(), Network("on"), Network.parse("allow:pypi.org")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("sh: 1: cannot create /etc/x: Read-only file system", "can be written"),
        ("OSError: [Errno 30] Read-only file system: '/x'", "can be written"),
        ("error: could not write config file .git/config: Device or resource busy", ".git/config"),
        ("curl: (6) Could not resolve host: example.org", "no network"),
        ("fatal: unable to access 'https://x/': Could not resolve host: x", "no network"),
        ("npm error code EAI_AGAIN", "no network"),
        ("socket.gaierror: [Errno -3] Temporary failure in name resolution", "no network"),
        ("dial unix /var/run/docker.sock: connect: operation not permitted", "unix sockets"),
    ],
)
def test_a_failure_that_the_sandbox_caused_is_explained_in_a_line(text: str, says: str) -> None:
    (found,) = explain(text, OFF, entered=True)
    assert says in sentence(found)
    assert "\n" not in sentence(found)
    assert found.remedy.startswith("--")


@pytest.mark.parametrize("text", ["", "2 failed, 11 passed", "command not found", "Permission denied"])
def test_an_ordinary_failure_is_not(text: str) -> None:
    assert explain(text, OFF, entered=True) == []


def test_where_there_is_a_network_its_failures_are_its_own() -> None:
    text = "curl: (6) Could not resolve host: example.org"
    assert explain(text, ON, entered=True) == []
    assert [sentence(f) for f in explain(text, SOME, entered=True)] == [
        "the sandbox: only pypi.org can be reached"
    ]


def test_a_sandbox_that_could_not_be_set_up_is_told_from_a_command_that_fails() -> None:
    text = "bwrap: Can't find source path /x: No such file or directory"
    (found,) = explain(text, OFF, entered=False)
    assert "did not run" in sentence(found)
    assert explain(text, OFF, entered=True) == []


def test_where_the_sandbox_answers_as_permissions_do_a_refusal_may_be_its_own() -> None:
    text = "sh: 1: cannot create /opt/x: Permission denied"
    assert explain(text, OFF, entered=True) == []
    (found,) = explain(text, OFF, entered=True, by_permission=True)
    assert "outside of the workspace" in found.reason
