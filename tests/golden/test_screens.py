from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from qwen_code.events import (
    AnswerEnded,
    ApprovalNeeded,
    Corrected,
    Denial,
    Event,
    Outcome,
    PrefillProgressed,
    ReasoningDelta,
    RequestStarted,
    Retried,
    TextDelta,
    ToolFinished,
    ToolOutput,
    ToolStarted,
    TurnEnded,
    TurnStarted,
    Verification,
    VerificationFinished,
    VerificationStarted,
)
from qwen_code.messages import Message, ToolCall, Usage
from qwen_code.permissions.decision import ApprovalRequest, Decision
from qwen_code.settings.model import Settings
from qwen_code.tool import Access, CommandBlock, DiffBlock, Draft, Question, TextBlock, Todo, TodoBlock
from tests.support.repl_app import Approval, Asking, FakeApp, Hang, Planning, Step, says
from tests.support.repl_harness import ENTER, running_repl

SCREENS = Path(__file__).parent / "screens"
UPDATE = bool(os.environ.get("UPDATE_GOLDEN"))

DOCUMENT = """# Merging intervals

The function `merge` compares with **strictly less**, so intervals that only *touch* stay apart: \
[0, 5) and [5, 9) should become one. See https://example.org/intervals for the definition.

## What to change

1. Compare with `<=` in `opening_hours/intervals.py`, line 34, because the end of an interval is open.
2. Add a test:
   - touching intervals
   - empty ones

```python
def touches(a: Interval, b: Interval) -> bool:
    \"\"\"True when nothing lies between them.\"\"\"
    return a.end == b.start  # open at the end
```

| case | before | after |
|:-----|:------:|------:|
| touching | 2 | 1 |
| 漢字 and emoji 🎉 | 1 | 1 |

> Half-open intervals make this simple.

---
That is all.
"""
PLAN = "## Fix `merge`\n\n1. Compare with `<=`\n2. Run the tests\n\nNothing else changes."
DIFF = DiffBlock(
    "opening_hours/intervals.py",
    "@@ -31,5 +31,5 @@ def merge(intervals):\n     for interval in rest:\n"
    "-        if interval.start < merged[-1].end:\n+        if interval.start <= merged[-1].end:\n"
    "             merged[-1] = merged[-1].up_to(interval.end)\n"
    "         else:\n             merged.append(interval)\n",
    1,
    1,
)
NEW = DiffBlock(
    "tests/test_touch.py", "@@ -0,0 +1,2 @@\n+def test_touch():\n+\tassert True\n", 2, 0, created=True
)
TODOS = TodoBlock(
    (
        Todo("Run the tests", "completed"),
        Todo("Find why touching intervals are kept apart, and fix it", "in_progress"),
        Todo("Run them again", "pending"),
    )
)
COMMAND = "git add -A && git commit -m 'fix: merge touching intervals' && git push origin HEAD"
TESTS = "".join(f"tests/test_{n}.py ....\n" for n in range(12)) + "1 failed, 12 passed in 0.31s\n"


def call(number: int, name: str) -> ToolCall:
    return ToolCall(f"c{number}", name, {})


def done(number: int, name: str, title: str, finished: ToolFinished) -> list[Step]:
    return [ToolStarted(call(number, name), title), replace(finished, call=call(number, name))]


OK = ToolFinished(call(0, ""), True, "")
RESULTS: list[Step] = [
    RequestStarted(1),
    ReasoningDelta("I should look first."),
    TextDelta("I look at the code and run the tests."),
    AnswerEnded(
        Message("assistant", "", tool_calls=(call(1, "read_file"),)), Usage(9000, 8000, 40, decode_s=0.5)
    ),
    *done(1, "read_file", "opening_hours/intervals.py", replace(OK, for_user=TextBlock("61 lines"))),
    *done(2, "grep_search", "touch", replace(OK, for_user=TextBlock("3 matches in 2 files"))),
    *done(
        3,
        "run_shell_command",
        "python -m pytest -q",
        replace(OK, ok=False, duration_s=2.3, for_user=CommandBlock("x", "/", TESTS, 1)),
    ),
    *done(4, "todo_write", "", replace(OK, for_user=TODOS)),
    *done(5, "edit", "opening_hours/intervals.py", replace(OK, for_user=DIFF)),
    *done(6, "write_file", "tests/test_touch.py", replace(OK, for_user=NEW)),
    *done(
        7,
        "edit",
        "setup.py",
        ToolFinished(
            call(0, ""), False, "The text was not found in setup.py.\nThe closest lines are 3 to 5."
        ),
    ),
    *done(
        8,
        "run_shell_command",
        "rm -rf build",
        ToolFinished(call(0, ""), False, "", denial=Denial(call(8, ""), "rm is denied here")),
    ),
    Corrected("empty", "Your answer was empty. Go on, or say that you are done."),
    Retried(2, "The server answered 503 (overloaded).", 4.0),
    *says("The comparison was wrong; all tests pass now."),
    VerificationStarted("make test"),
    VerificationFinished("make test", True, "", 1),
    TurnEnded(
        Outcome.DONE,
        duration_s=42.0,
        files_changed=("/a", "/b"),
        verification=Verification("make test", True),
    ),
]
EDIT = ApprovalRequest(
    call(1, "edit"),
    "opening_hours/intervals.py",
    Decision("ask", "it changes a file", suggestions=("Edit(opening_hours/**)",)),
    DIFF,
    (Access("write", "/home/me/project/opening_hours/intervals.py"),),
    Draft("def merge(intervals):\n"),
)
RUN = ApprovalRequest(
    call(1, "run_shell_command"),
    COMMAND,
    Decision(
        "ask",
        "git push is not read-only",
        suggestions=("Bash(git push origin HEAD)",),
        commands=("git add -A", "git commit -m 'fix: merge touching intervals'", "git push origin HEAD"),
    ),
    CommandBlock(COMMAND, "/home/me/project"),
    (Access("run", COMMAND, "/home/me/project"),),
    Draft(COMMAND),
)
STORED: dict[str, list[Event]] = {
    f"2026010{day}-120000-abcd": [TurnStarted(prompt)]
    for day, prompt in enumerate(["fix the parser", "write docs", "why is it slow?"], 1)
}


@dataclass(frozen=True)
class Scene:
    """What is typed after the prompt `go`, and which text shows that the picture is complete."""

    turn: list[Step]
    complete: str
    keys: tuple[str, ...] = ()
    settings: Settings = field(default_factory=Settings)
    idle: bool = False


def spoken() -> Settings:
    settings = Settings()
    return replace(settings, ui=replace(settings.ui, screen_reader=True))


SCENES = {
    "answer": Scene(says(DOCUMENT, 40), "That is all.", idle=True),
    "results": Scene(RESULTS, "verified", idle=True),
    "working": Scene(
        [
            RequestStarted(1),
            TextDelta("I run the tests.\n\n"),
            ToolStarted(call(1, "run_shell_command"), "python -m pytest -q"),
            ToolOutput("c1", TESTS[:120]),
            Hang(),
        ],
        "at the next step",
        ("and be quick", ENTER),
    ),
    "prefill": Scene(
        [RequestStarted(1), PrefillProgressed(12_000, 48_000, 9_000), Hang()], "Reading the prompt"
    ),
    "approve-edit": Scene([ApprovalNeeded("c1", ""), Approval(EDIT)], "Allow this?"),
    "approve-command": Scene([ApprovalNeeded("c1", ""), Approval(RUN)], "would have let", ("?",)),
    "save-rule": Scene([ApprovalNeeded("c1", ""), Approval(RUN)], "rule >", ("a",)),
    "question": Scene([Asking((Question("Which database?", ("sqlite", "postgres")),))], "3. something else"),
    "plan": Scene([Planning(PLAN)], "Carry out this plan?"),
    "theme": Scene(says("Hello."), "say it with a comma", ("/theme", ENTER)),
    "help": Scene(says("Hello."), "which model answers", ("/help", ENTER), idle=True),
    "context": Scene(says("Hello."), "tool results", ("/context", ENTER), idle=True),
    "tools": Scene(says("Hello."), "2 tools", ("/tools", ENTER), idle=True),
    "resume": Scene(says("Hello."), "Which session", ("/resume", ENTER)),
    "complete": Scene(says("Hello."), "approval-mode", ("/",)),
    "unknown-command": Scene(says("Hello."), "Did you mean", ("/hlep", ENTER), idle=True),
    "screen-reader": Scene(RESULTS, "verified", settings=spoken(), idle=True),
}


async def pictures(scene: Scene, root: Path, width: int) -> tuple[list[str], list[str]]:
    """Plain and in colour."""
    settings = replace(scene.settings, ui=replace(scene.settings.ui, hide_banner=True))
    app = FakeApp(root, [list(scene.turn)], stored=STORED, settings=settings)
    async with running_repl(
        app.open, root, columns=width, rows=40, theme="ansi", settings=settings, clock=lambda: 0.0
    ) as person:
        await person.until(lambda: person.repl.turns is not None)
        await person.type("go", ENTER)
        if scene.keys:
            await person.quiet()
            await person.type(*scene.keys)
        await person.sees(scene.complete)
        if scene.idle:
            await person.idle()
        await person.quiet()
        return person.emulator.lines(), person.emulator.painted()


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("name", SCENES)
def test_the_screen_is_as_it_was_when_somebody_looked(name: str, width: int, tmp_path: Path) -> None:
    plain, colour = asyncio.run(pictures(SCENES[name], tmp_path, width))
    for lines, kind in ((plain, ""), (colour, "-colour")):
        seen = "\n".join(lines) + "\n"
        file = SCREENS / f"{name}-{width}{kind}.txt"
        if UPDATE:
            SCREENS.mkdir(exist_ok=True)
            file.write_text(seen)
        assert file.read_text() == seen, f"{file.name} differs; see tests/golden/README.md"
