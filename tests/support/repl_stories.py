"""Whole stories for tests of the REPL: prepared turns, and a person who lives through them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from qwen_code.events import (
    AnswerEnded,
    ApprovalNeeded,
    Event,
    RequestStarted,
    TextDelta,
    ToolFinished,
    ToolStarted,
)
from qwen_code.messages import Message, ToolCall, Usage
from qwen_code.permissions.decision import Answer, ApprovalRequest, Decision
from qwen_code.settings.model import Settings
from qwen_code.tool import Access, DiffBlock
from tests.support.repl_app import Approval, FakeApp, Hang, Step, says
from tests.support.repl_harness import (
    Driver,
    running_repl,
)

EDIT = ToolCall("e1", "edit", {"file_path": "src/app.py"})
DIFF = DiffBlock("src/app.py", "@@ -1,2 +1,2 @@\n-a = 1\n+a = 2\n b\n", 1, 1)
REQUEST = ApprovalRequest(
    EDIT,
    "src/app.py",
    Decision("ask", "it writes a file", suggestions=("Edit(src/**)",)),
    DIFF,
    (Access("write", "/p/src/app.py"),),
)


def story(
    root: Path, tell: Callable[[Driver, FakeApp], Awaitable[None]], *turns: list[Step], **more: Any
) -> FakeApp:
    fields = {name: more.pop(name) for name in ("stored", "opening", "confines") if name in more}
    app_settings = more.get("settings", Settings())

    async def run() -> FakeApp:
        app = FakeApp(root, list(turns), settings=app_settings, **fields)
        async with running_repl(app.open, root, **more) as person:
            await person.sees("default")
            await tell(person, app)
        assert app.closed
        return app

    return asyncio.run(run())


def edit_turn() -> list[Step]:
    """The model wants to edit; then it says what became of it."""
    calls = AnswerEnded(Message("assistant", "", tool_calls=(EDIT,)), Usage())

    def after(answer: Answer) -> list[Event]:
        return [ToolFinished(EDIT, answer.kind != "no", "", DIFF if answer.kind != "no" else None)]

    return [
        RequestStarted(1),
        calls,
        ToolStarted(EDIT, "src/app.py"),
        ApprovalNeeded("e1", ""),
        Approval(REQUEST, after),
        *says("Finished."),
    ]


def working() -> list[Step]:
    return [RequestStarted(1), TextDelta("Working on it"), Hang()]
