"""What happens when the sandbox stops a command: who is asked, what runs again, what the model reads."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import pytest

from qwen_code.api import open_app
from qwen_code.events import Outcome, ToolFinished, TurnEnded
from qwen_code.permissions.decision import Answer, ApprovalRequest
from tests.support.attack_range import AttackRange


def works() -> bool:
    tried = ["bwrap", "--unshare-user", "--unshare-net", "--ro-bind", "/", "/", "--proc", "/proc", "true"]
    return shutil.which("bwrap") is not None and not subprocess.run(tried, capture_output=True).returncode


pytestmark = pytest.mark.skipif(not works(), reason="bubblewrap is missing, or refused here")


class Person:
    """Gives the answers in turn, and keeps what was asked."""

    def __init__(self, *answers: Answer) -> None:
        self._answers = list(answers)
        self.asked: list[ApprovalRequest] = []

    async def approve(self, request: ApprovalRequest) -> Answer:
        self.asked.append(request)
        return self._answers.pop(0)


def run(
    project: Path,
    commands: Sequence[str],
    person: Person | None,
    mode: str = "auto",
    flags: Mapping[str, object] = MappingProxyType({}),
) -> tuple[TurnEnded, str]:
    """A turn in which the model makes `commands`; how it ended, and all that the model was told."""
    calls = [{"calls": [{"name": "run_shell_command", "arguments": {"command": c}}]} for c in commands]
    script = project / "script.json"
    script.write_text(json.dumps([*calls, {"text": "Done."}]))

    async def turn() -> TurnEnded:
        model = f"scripted:{script}"
        async with open_app(project, model=model, mode=mode, approver=person, flags=flags) as app:
            events = [event async for event in app.run("do it")]
        told.extend(event.for_model for event in events if isinstance(event, ToolFinished))
        ended = events[-1]
        assert isinstance(ended, TurnEnded)
        return ended

    told: list[str] = []
    return asyncio.run(turn()), "\n".join(told)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    subprocess.run(["git", "init", "-q", project], check=True)
    return project


STOPPED = "git config qwen.test mine"
"""A repository's settings are protected."""


def setting(project: Path) -> str:
    read = ["git", "config", "qwen.test"]
    return subprocess.run(read, cwd=project, capture_output=True, text=True, check=False).stdout.strip()


def test_a_person_may_let_one_command_run_without_the_sandbox_that_stopped_it(project: Path) -> None:
    person = Person(Answer("once"), Answer("no"))
    ended, told = run(project, [STOPPED, "git config qwen.test again"], person)
    assert setting(project) == "mine"
    assert ended.outcome is Outcome.DONE
    assert "the user permitted it once without" in told
    request = person.asked[0]
    assert "outside of the sandbox" in request.decision.reason
    assert request.decision.suggestions == ()
    assert request.accesses[0].target == STOPPED


def test_what_a_person_refuses_stays_confined_and_the_model_is_told(project: Path) -> None:
    ended, told = run(project, [STOPPED], Person(Answer("no")))
    assert setting(project) == ""
    assert ended.outcome is Outcome.DONE
    assert "did not permit it without the sandbox" in told
    assert ended.denials[0].by_person


def test_where_nobody_can_be_asked_the_result_lists_it_with_the_option_that_permits_it(project: Path) -> None:
    ended, told = run(project, ["curl -sS -m5 http://example.org"], None)
    assert "[the sandbox: there is no network]" in told
    (denial,) = ended.denials
    assert (denial.by_sandbox, denial.by_person) == (True, False)
    assert denial.rule == "--network allow:NAME"
    assert ended.outcome is Outcome.DONE


def test_a_mode_without_questions_asks_none_and_leaves_the_sandbox_on(project: Path) -> None:
    person = Person()
    run(project, [STOPPED], person, "yolo")
    assert person.asked == []
    assert setting(project) == ""


def test_a_command_that_fails_by_itself_is_not_offered(project: Path) -> None:
    person = Person()
    run(project, ["false", "ls missing", "grep -q x /dev/null"], person)
    assert person.asked == []


FETCH = "curl -sS -m20 --noproxy '' http://localhost:{TCP}/"
PRIVATE = {"sandbox.networkPrivate": True}


class TestHosts:
    """With a proxy: each new host is asked for while the command waits."""

    @pytest.fixture
    def grounds(self, tmp_path: Path) -> AttackRange:
        return AttackRange(tmp_path.resolve())

    def fetch(self, grounds: AttackRange, network: str, person: Person | None, times: int = 1) -> str:
        flags: dict[str, object] = {"sandbox.network": network, **PRIVATE}
        with grounds.served():
            command = grounds.fill_in(FETCH)
            return run(grounds.workspace, [f"{command} # {n}" for n in range(times)], person, flags=flags)[1]

    @pytest.mark.parametrize("network", ["ask", "allow:pypi.org"])
    def test_a_new_host_is_reached_once_a_person_says_so(self, grounds: AttackRange, network: str) -> None:
        person = Person(Answer("once"), Answer("no"))
        told = self.fetch(grounds, network, person, times=2)
        assert told.startswith("HELLO")
        assert "localhost" in person.asked[0].decision.reason
        assert person.asked[0].decision.suggestions == ("Network(domain:localhost)",)
        assert len(person.asked) == 2, "`once` is for one command"
        assert "the sandbox allows no connection to localhost" in told

    def test_an_answer_for_the_session_is_asked_for_once(self, grounds: AttackRange) -> None:
        person = Person(Answer("session", rules=("Network(domain:localhost)",)))
        assert self.fetch(grounds, "ask", person, times=2).count("HELLO") == 2

    def test_without_a_person_nothing_new_is_reached(self, grounds: AttackRange) -> None:
        told = self.fetch(grounds, "ask", None)
        assert "HELLO" not in told
        assert "localhost is not among the allowed names" in told

    def test_rules_decide_before_a_person_does(self, grounds: AttackRange) -> None:
        with grounds.served():
            command = grounds.fill_in(FETCH)
            flags: dict[str, object] = {"sandbox.network": "allow:localhost", **PRIVATE}
            denied = {**flags, "permissions.deny": ["Network(domain:localhost)"]}
            allowed = {**flags, "sandbox.network": "ask", "permissions.allow": ["Network(domain:localhost)"]}
            assert "HELLO" not in run(grounds.workspace, [command], Person(), flags=denied)[1]
            assert "HELLO" in run(grounds.workspace, [command], Person(), flags=allowed)[1]

    def test_a_rule_for_reading_pages_opens_nothing_for_commands(self, grounds: AttackRange) -> None:
        with grounds.served():
            command = grounds.fill_in(FETCH)
            flags: dict[str, object] = {
                "sandbox.network": "ask",
                "permissions.allow": ["WebFetch"],
                **PRIVATE,
            }
            assert "HELLO" not in run(grounds.workspace, [command], Person(Answer("no")), flags=flags)[1]
