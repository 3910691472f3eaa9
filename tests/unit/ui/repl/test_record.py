from __future__ import annotations

from qwen_code.events import AnswerEnded, Outcome, TextDelta, ToolFinished, TurnEnded, TurnStarted
from qwen_code.messages import Message, ToolCall, Usage
from qwen_code.tool import CommandBlock, DiffBlock
from qwen_code.ui.repl.record import Record, as_markdown

CALL = ToolCall("1", "edit", {})
DIFF = DiffBlock("a.py", "@@ -1 +1 @@\n-a\n+b\n", 1, 1)
RUN = ToolCall("2", "run_shell_command", {})


def record() -> Record:
    it = Record()
    for event in (
        TurnStarted("fix it\nplease"),
        TextDelta("On"),
        AnswerEnded(Message("assistant", "On it."), Usage()),
        ToolFinished(CALL, True, "a long text for the model", DIFF),
        ToolFinished(CALL, False, "no", DIFF),
        ToolFinished(RUN, True, "", CommandBlock("cat x", "/", "```\nfence\n```\n", 0)),
        AnswerEnded(Message("assistant", ""), Usage()),
        TurnEnded(Outcome.BUDGET, detail="Time is up."),
    ):
        it.take(event)
    return it


def test_the_last_answer_and_the_changes_that_happened_are_remembered() -> None:
    it = record()
    assert it.last_answer == "On it."
    assert it.changes == [DIFF]


def test_neither_deltas_nor_the_model_s_texts_are_kept() -> None:
    assert not any(isinstance(event, TextDelta) for event in record().events)
    assert "a long text" not in str(record().events)


def test_a_session_becomes_a_document_whose_fences_hold() -> None:
    assert as_markdown(record().events) == (
        "> fix it\n> please\n\nOn it.\n\n"
        "**edit** a.py\n\n```diff\n@@ -1 +1 @@\n-a\n+b\n```\n\n"
        "**edit** a.py failed\n\n```diff\n@@ -1 +1 @@\n-a\n+b\n```\n\n"
        "**run_shell_command**\n\n````\n$ cat x\n```\nfence\n```\n````\n\n"
        "*budget: Time is up.*\n"
    )
