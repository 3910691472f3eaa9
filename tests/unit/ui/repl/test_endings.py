from __future__ import annotations

import pytest

from qwen_code.events import Outcome, TurnEnded, Verification
from qwen_code.ui.painter import Painter
from qwen_code.ui.repl.endings import ending_lines


def lines(event: TurnEnded) -> list[str]:
    return [line.plain for line in ending_lines(event, Painter(80, "mono", environ={}))]


def test_a_quick_turn_without_changes_ends_without_a_word() -> None:
    assert lines(TurnEnded(Outcome.DONE, duration_s=3.0)) == []


def test_facts_are_told_when_there_are_some() -> None:
    event = TurnEnded(
        Outcome.DONE, duration_s=75.0, files_changed=("/a", "/b"), verification=Verification("x", True)
    )
    assert lines(event) == ["✓ 1 min 15 s · 2 files changed · verified"]


@pytest.mark.parametrize("outcome", [o for o in Outcome if o not in (Outcome.DONE, Outcome.INTERRUPTED)])
def test_every_other_end_is_a_sentence(outcome: Outcome) -> None:
    assert lines(TurnEnded(outcome, detail="The budget is used up.")) == ["✗ The budget is used up."]
    assert lines(TurnEnded(outcome))[0].startswith("✗ Stopped: ")


def test_an_interruption_says_that_nothing_is_lost() -> None:
    assert lines(TurnEnded(Outcome.INTERRUPTED, detail="x", files_changed=("/a",))) == [
        "■ Interrupted. What was done is kept.",
        "  1 file changed",
    ]
