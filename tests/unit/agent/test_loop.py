from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import cast

import pytest

from qwen_code.agent.verify import Verifier
from qwen_code.chunks import BadCall, Finish, Retrying, TextChunk
from qwen_code.errors import (
    BackendError,
    BackendUnavailable,
    ContextOverflow,
    EndpointMisconfigured,
    ExitCode,
)
from qwen_code.events import (
    AnswerEnded,
    Corrected,
    Event,
    Outcome,
    Retried,
    Steered,
    ToolFinished,
    ToolStarted,
    TurnStarted,
    VerificationFinished,
)
from qwen_code.messages import INTERRUPTED, Message, Usage
from qwen_code.permissions.decision import Answer
from qwen_code.settings.model import LimitSettings
from qwen_code.tool import CommandResult, CommandRunner
from tests.support.agents import Answers, calls, ended, make_agent, play, says


def roles(messages: tuple[Message, ...]) -> str:
    return " ".join(message.role for message in messages)


def test_a_question_is_answered_in_one_request() -> None:
    agent, backend = make_agent([says("Four.")])
    events = asyncio.run(play(agent, "2+2?"))
    assert isinstance(events[0], TurnStarted)
    end = ended(events)
    assert (end.outcome, end.text, end.steps) == (Outcome.DONE, "Four.", 1)
    assert len(backend.prompts) == 1


def test_results_go_back_to_the_model_until_it_answers() -> None:
    agent, backend = make_agent(
        [calls(("echo", {"text": "a"})), calls(("echo", {"text": "b"})), says("Done.")]
    )
    end = ended(asyncio.run(play(agent)))
    assert end.outcome is Outcome.DONE
    assert (end.steps, end.tool_calls) == (3, 2)
    assert roles(backend.prompts[2].messages) == "user assistant tool assistant tool"
    assert end.usage == Usage(prompt_tokens=30, completion_tokens=15)


def test_every_request_has_the_one_before_as_its_prefix() -> None:
    agent, backend = make_agent(
        [calls(("echo", {"text": "no"})), says(""), calls(("nothing", {})), says("End.")], preamble="ENV"
    )
    asyncio.run(play(agent))
    asyncio.run(play(agent, "more"))
    for before, after in zip(backend.prompts, backend.prompts[1:], strict=False):
        assert after.messages[: len(before.messages)] == before.messages
    assert backend.prompts[0].messages[0].text == "ENV\n\ngo"


def test_read_only_calls_of_one_answer_run_side_by_side_and_answer_in_order() -> None:
    slow, fast = ("echo", {"text": "slow", "seconds": 0.2}), ("echo", {"text": "fast"})
    agent, backend = make_agent([calls(slow, fast), says("Done.")])
    events = asyncio.run(play(agent))
    finished = [e.call.arguments["text"] for e in events if isinstance(e, ToolFinished)]
    assert finished == ["fast", "slow"]
    assert [m.text for m in backend.prompts[1].messages if m.role == "tool"] == ["slow", "fast"]


def test_an_unknown_tool_is_answered_with_the_closest_names() -> None:
    agent, backend = make_agent([calls(("ecko", {"text": "x"})), says("Done.")])
    events = asyncio.run(play(agent))
    failed = next(e for e in events if isinstance(e, ToolFinished))
    assert failed.failure == "unknown_tool"
    assert "echo" in backend.prompts[1].messages[-1].text


def test_a_missing_argument_is_named_and_a_defect_in_a_tool_is_not_the_end() -> None:
    agent, _ = make_agent([calls(("echo", {})), calls(("echo", {"text": "boom"})), says("Done.")])
    events = asyncio.run(play(agent))
    schema, defect = [e for e in events if isinstance(e, ToolFinished)]
    assert schema.failure == "schema"
    assert "`text`" in schema.for_model
    assert "RuntimeError" in defect.for_model
    assert ended(events).outcome is Outcome.DONE


def test_an_empty_answer_is_asked_again_once_then_the_run_is_unfinished() -> None:
    agent, backend = make_agent([says("")])
    events = asyncio.run(play(agent))
    end = ended(events)
    assert end.outcome is Outcome.UNFINISHED
    assert end.outcome.exit_code is ExitCode.FAILED
    assert len(backend.prompts) == 2
    assert [e.reason for e in events if isinstance(e, Corrected)] == ["empty"]


@pytest.mark.parametrize("kind", ["truncated", "malformed"])
def test_a_call_that_can_not_be_used_is_asked_again_twice(kind: str) -> None:
    lost = [BadCall(cast(str, kind), "The call of edit was cut off."), Finish("length", Usage())]  # type: ignore[arg-type]
    agent, backend = make_agent([lost])
    end = ended(asyncio.run(play(agent)))
    assert end.outcome is Outcome.UNFINISHED
    assert "cut off" in end.detail
    assert len(backend.prompts) == 3


def test_a_lost_call_is_told_even_when_another_one_of_the_answer_ran() -> None:
    good = calls(("echo", {"text": "a"}))
    agent, backend = make_agent(
        [[BadCall("truncated", "The call of edit was cut off."), *good], says("Done.")]
    )
    events = asyncio.run(play(agent))
    assert ended(events).outcome is Outcome.DONE
    assert roles(backend.prompts[1].messages) == "user assistant tool user"
    assert "Only the other calls ran" in backend.prompts[1].messages[-1].text


def test_a_text_cut_by_the_output_limit_is_no_success() -> None:
    agent, backend = make_agent([says("I will now", "length"), says("Done.")])
    events = asyncio.run(play(agent))
    assert ended(events).outcome is Outcome.DONE
    assert roles(backend.prompts[1].messages) == "user assistant user"


@pytest.mark.parametrize(
    ("error", "outcome", "code"),
    [
        (BackendUnavailable("503"), Outcome.UNAVAILABLE, 75),
        (EndpointMisconfigured("bad key"), Outcome.MISCONFIGURED, 52),
        (ContextOverflow("too long"), Outcome.FAILED, 1),
        (BackendError("odd"), Outcome.FAILED, 1),
    ],
)
def test_a_failing_backend_ends_the_turn_with_its_own_code(
    error: Exception, outcome: Outcome, code: int
) -> None:
    agent, _ = make_agent([[error]])
    end = ended(asyncio.run(play(agent)))
    assert (end.outcome, int(end.outcome.exit_code)) == (outcome, code)
    assert end.detail.startswith(str(error))


def test_an_attempt_that_was_retried_leaves_nothing_behind() -> None:
    agent, _ = make_agent([[TextChunk("half"), Retrying(1, "reset", 0.0), *says("whole")]])
    events = asyncio.run(play(agent))
    assert ended(events).text == "whole"
    assert any(isinstance(e, Retried) for e in events)


def test_the_same_call_for_ever_is_warned_of_and_then_ended() -> None:
    agent, backend = make_agent([calls(("echo", {"text": "a"}))])
    events = asyncio.run(play(agent))
    end = ended(events)
    assert end.outcome is Outcome.LOOP
    assert end.tool_calls == 5
    assert len(backend.prompts) == 5
    assert [e.reason for e in events if isinstance(e, Corrected)] == ["loop"]
    assert "echo" in end.detail


@pytest.mark.parametrize(
    ("limits", "outcome", "code"),
    [
        (LimitSettings(max_session_turns=2), Outcome.TURN_LIMIT, 53),
        (LimitSettings(max_tool_calls=2), Outcome.BUDGET, 55),
        (LimitSettings(max_tokens=20), Outcome.BUDGET, 55),
        (LimitSettings(max_wall_time_s=0.15), Outcome.BUDGET, 55),
    ],
)
def test_a_budget_ends_the_run_with_its_code(limits: LimitSettings, outcome: Outcome, code: int) -> None:
    steps = [calls(("echo", {"text": str(n), "seconds": 0.05})) for n in range(20)]
    agent, _ = make_agent(steps, limits=limits)
    end = ended(asyncio.run(play(agent)))
    assert (end.outcome, int(end.outcome.exit_code)) == (outcome, code)
    assert end.tool_calls <= 4
    assert not agent.conversation.open_calls


def test_a_denied_call_that_nobody_could_approve_makes_the_run_denied() -> None:
    agent, backend = make_agent([calls(("change", {"text": "a"})), says("I could not.")])
    end = ended(asyncio.run(play(agent)))
    assert end.outcome is Outcome.DENIED
    assert int(end.outcome.exit_code) == 54
    assert end.denials[0].rule == "Edit(a)"
    assert "Edit(a)" in end.detail
    assert "Not permitted" in backend.prompts[1].messages[-1].text


def test_what_a_person_refuses_reaches_the_model_and_is_no_failure() -> None:
    approver = Answers(Answer("no", note="use the other file"))
    agent, backend = make_agent([calls(("change", {"text": "a"})), says("Fine.")], approver=approver)
    end = ended(asyncio.run(play(agent)))
    assert end.outcome is Outcome.DONE
    assert "use the other file" in backend.prompts[1].messages[-1].text


def test_a_rule_given_with_an_answer_covers_the_next_call() -> None:
    approver = Answers(Answer("session", rules=("a",)))
    agent, _ = make_agent(
        [calls(("change", {"text": "a"}), ("change", {"text": "a"})), says("Done.")], approver=approver
    )
    end = ended(asyncio.run(play(agent)))
    assert end.outcome is Outcome.DONE
    assert len(approver.asked) == 1
    assert end.files_changed == ("/w/a",)


def test_steering_comes_before_the_next_request() -> None:
    agent, backend = make_agent([calls(("echo", {"text": "a", "seconds": 0.05})), says("Done.")])

    async def run() -> list[Event]:
        events: list[Event] = []
        async with aclosing(agent.run("go")) as stream:
            async for event in stream:
                events.append(event)
                if isinstance(event, ToolStarted):
                    agent.steer("and b")
        return events

    events = asyncio.run(run())
    assert any(isinstance(e, Steered) for e in events)
    assert backend.prompts[1].messages[-1] == Message("user", "and b")


def test_an_interrupt_keeps_what_was_said_and_answers_open_calls() -> None:
    steps = [calls(("echo", {"text": "a", "seconds": 30.0}), ("change", {"text": "b"}), text="Looking.")]
    agent, _ = make_agent(steps)

    async def run() -> list[Event]:
        events: list[Event] = []
        async for event in agent.run("go"):
            events.append(event)
            if isinstance(event, ToolStarted):
                agent.interrupt()
        return events

    end = ended(asyncio.run(run()))
    assert end.outcome is Outcome.INTERRUPTED
    said, *results = agent.conversation.messages[1:]
    assert said.text == "Looking."
    assert [m.text for m in results] == [INTERRUPTED, INTERRUPTED]


def test_an_answer_cut_short_by_an_interrupt_is_kept() -> None:
    agent, _ = make_agent([[TextChunk("The cause is"), 30.0]])
    recorded: list[Event] = []
    agent._record = recorded.append  # pyright: ignore[reportPrivateUsage]

    async def run() -> None:
        async with aclosing(agent.run("go")) as events:
            async for _ in events:
                if len(recorded) >= 3:
                    break

    asyncio.run(run())
    assert agent.conversation.messages[-1] == Message("assistant", "The cause is")
    assert isinstance(recorded[-2], AnswerEnded)
    assert ended(recorded).outcome is Outcome.INTERRUPTED


class _Checks:
    """A command runner whose commands fail until the nth."""

    def __init__(self, passes_at: int) -> None:
        self.runs = 0
        self._passes_at = passes_at

    async def run(self, command: str, **_: object) -> CommandResult:
        self.runs += 1
        return CommandResult(f"run {self.runs}", 0 if self.runs >= self._passes_at else 1)


def test_the_harness_verifies_and_sends_the_failure_back() -> None:
    checks = _Checks(passes_at=2)
    verifier = Verifier("pytest", cast(CommandRunner, checks), 10)
    agent, backend = make_agent([says("Done."), says("Now it is.")], verifier=verifier)
    events = asyncio.run(play(agent))
    end = ended(events)
    assert end.outcome is Outcome.DONE
    assert end.verification is not None
    assert end.verification.passed
    assert "run 1" in backend.prompts[1].messages[-1].text
    assert [e.passed for e in events if isinstance(e, VerificationFinished)] == [False, True]


def test_a_verification_that_still_fails_when_the_budget_ends_has_its_own_code() -> None:
    verifier = Verifier("pytest", cast(CommandRunner, _Checks(passes_at=99)), 10)
    agent, _ = make_agent([says("Done.")], verifier=verifier, limits=LimitSettings(max_session_turns=3))
    end = ended(asyncio.run(play(agent)))
    assert end.outcome is Outcome.VERIFICATION_FAILED
    assert int(end.outcome.exit_code) == 56


def test_a_model_that_says_it_did_not_do_it_is_believed() -> None:
    agent, backend = make_agent([says("Not done: the bug is nowhere to be found.")])
    end = ended(asyncio.run(play(agent)))
    assert (end.outcome, end.outcome.exit_code) == (Outcome.UNFINISHED, ExitCode.FAILED)
    assert len(backend.prompts) == 1


def test_a_model_that_gives_up_is_not_asked_again_when_the_check_fails() -> None:
    verifier = Verifier("pytest", cast(CommandRunner, _Checks(passes_at=99)), 10)
    agent, backend = make_agent([says("Not done: no tests.")], verifier=verifier)
    end = ended(asyncio.run(play(agent)))
    assert (end.outcome, end.outcome.exit_code) == (Outcome.VERIFICATION_FAILED, ExitCode.VERIFICATION_FAILED)
    assert len(backend.prompts) == 1


def test_a_check_that_passes_outweighs_a_model_that_gave_up() -> None:
    verifier = Verifier("pytest", cast(CommandRunner, _Checks(passes_at=1)), 10)
    agent, _ = make_agent([says("Not done: no idea.")], verifier=verifier)
    assert ended(asyncio.run(play(agent))).outcome is Outcome.DONE


def test_a_passing_verification_outweighs_a_denied_call() -> None:
    verifier = Verifier("pytest", cast(CommandRunner, _Checks(passes_at=1)), 10)
    agent, _ = make_agent([calls(("change", {"text": "a"})), says("Done.")], verifier=verifier)
    assert ended(asyncio.run(play(agent))).outcome is Outcome.DONE
