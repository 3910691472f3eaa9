from __future__ import annotations

import pytest

from qwen_code.events import (
    CallDrafted,
    Event,
    PrefillProgressed,
    ReasoningDelta,
    RequestStarted,
    Retried,
    TextDelta,
    ToolFinished,
    ToolStarted,
    VerificationStarted,
    Waited,
)
from qwen_code.messages import ToolCall
from qwen_code.ui.painter import Painter
from qwen_code.ui.repl.activity import Activity

CALL = ToolCall("1", "run_shell_command", {})


def line(*events: tuple[float, Event], now: float, width: int = 120) -> str:
    activity = Activity()
    activity.began(0.0)
    for at, event in events:
        activity.take(event, at)
    return activity.line(now, Painter(width, "mono", environ={})).plain[2:]


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (RequestStarted(1), "Waiting for the model"),
        (ReasoningDelta("x"), "Thinking"),
        (TextDelta("x"), "Writing"),
        (CallDrafted("edit"), "Preparing edit"),
        (ToolStarted(CALL, "pytest -q"), "Run pytest -q"),
        (ToolFinished(CALL, True, ""), "Working"),
        (VerificationStarted("make test"), "Verifying: make test"),
    ],
)
def test_the_present_step_is_named_with_the_time_of_the_turn(event: Event, words: str) -> None:
    assert line((1.0, event), now=65.0) == f"{words} · 1 min 05 s · esc to interrupt"


def test_a_silent_server_is_named_with_the_time_it_is_silent() -> None:
    assert line((50.0, Waited(45.0)), now=52.0).startswith("Waiting for the model, 47 s")


def test_prefill_shows_a_bar_and_what_is_left_at_the_speed_so_far() -> None:
    shown = line(
        (0.0, PrefillProgressed(1000, 5000, 1000)), (2.0, PrefillProgressed(3000, 5000, 1000)), now=2.0
    )
    assert shown == (
        "Reading the prompt ━━━━━━━━━━━━──────── 60% · about 2 s left · 3k of 5k tokens, 1k cached"
        " · 2 s · esc to interrupt"
    )


def test_prefill_without_progress_yet_promises_nothing() -> None:
    assert "left" not in line((0.0, PrefillProgressed(1000, 5000, 1000)), now=1.0)


def test_a_retry_counts_down_and_says_why() -> None:
    assert line((10.0, Retried(2, "The server is overloaded.", 8.0)), now=13.0).startswith(
        "Trying again: The server is overloaded. in 5 s"
    )


def test_a_narrow_terminal_loses_the_details_and_not_the_step() -> None:
    assert line((0.0, TextDelta("x")), now=5.0, width=20) == "Writing · 5 s"
    long = line((0.0, ToolStarted(CALL, "a command that is far too long")), now=5.0, width=24)
    assert long == "Run a command that …"


def test_control_characters_of_a_command_are_not_obeyed_here_either() -> None:
    assert "\x1b" not in line((0.0, ToolStarted(CALL, "echo \x1b[2J")), now=1.0)
