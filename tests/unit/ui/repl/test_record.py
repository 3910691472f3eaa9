from __future__ import annotations

from qwen_code.events import AnswerEnded, TextDelta, ToolFinished
from qwen_code.messages import Message, ToolCall, Usage
from qwen_code.tool import DiffBlock
from qwen_code.ui.repl.record import KEPT_CHANGES, Record

CALL = ToolCall("1", "edit", {})
DIFF = DiffBlock("a.py", "@@ -1 +1 @@\n-a\n+b\n", 1, 1)


def test_the_last_answer_with_words_is_remembered() -> None:
    record = Record()
    for event in (
        TextDelta("On"),
        AnswerEnded(Message("assistant", "On it."), Usage()),
        AnswerEnded(Message("assistant"), Usage()),
    ):
        record.take(event)
    assert record.last_answer == "On it."


def test_changes_that_happened_are_remembered_and_bounded() -> None:
    record = Record()
    record.take(ToolFinished(CALL, False, "no", DIFF))
    assert not record.changes
    for _ in range(KEPT_CHANGES + 10):
        record.take(ToolFinished(CALL, True, "", DIFF))
    assert len(record.changes) == KEPT_CHANGES
