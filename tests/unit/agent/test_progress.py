from __future__ import annotations

import pytest

from qwen_code.agent.limits import Stop
from qwen_code.agent.progress import ProgressGuard
from qwen_code.events import Outcome, ToolFinished
from qwen_code.messages import ToolCall


def did(guard: ProgressGuard, *paths: str, changed: tuple[str, ...] = (), **arguments: object) -> None:
    for path in paths:
        call = ToolCall("c", "read_file", {"file_path": path, **arguments})
        guard.observe(ToolFinished(call, True, "text", files_changed=changed))


def test_the_same_again_after_a_compaction_is_told_and_then_stopped() -> None:
    guard = ProgressGuard()
    did(guard, "a", "b", "c", "d")
    assert guard.shortened() is None
    did(guard, "d", "a", "b", "c", limit=7, description="again")
    assert "take the next step" in (guard.shortened() or "")
    did(guard, "a", "b", "c")
    with pytest.raises(Stop) as stopped:
        guard.shortened()
    assert stopped.value.outcome is Outcome.LOOP


def test_new_places_other_parts_and_changed_files_are_progress() -> None:
    guard = ProgressGuard()
    for stretch in range(6):
        did(guard, *(f"{stretch}-{n}" for n in range(4)))
        assert guard.shortened() is None
    for stretch in range(6):  # the parts of one long file
        did(guard, "long", offset=stretch * 100)
        did(guard, "long", offset=stretch * 100 + 50)
        did(guard, "long", offset=stretch * 100 + 75)
        assert guard.shortened() is None
    for _ in range(6):
        did(guard, "a", "b", "c", changed=("a",))
        assert guard.shortened() is None


def test_one_barren_stretch_is_forgiven_by_a_fruitful_one() -> None:
    guard = ProgressGuard()
    for _ in range(4):
        did(guard, "a", "b", "c")
        guard.shortened()
        did(guard, "a", "b", "c", changed=("a",))
        assert guard.shortened() is None


def test_compactions_with_no_call_between_them_are_no_work() -> None:
    guard = ProgressGuard()
    did(guard, "a", "b", "c")
    assert [guard.shortened() is None for _ in range(3)] == [True, True, False]
    with pytest.raises(Stop):
        guard.shortened()
