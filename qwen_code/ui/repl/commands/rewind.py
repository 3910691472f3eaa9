"""`/rewind`: back to before an earlier prompt, in files, in the conversation, or in both."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from qwen_code.ui.repl.ago import ago
from qwen_code.ui.repl.commands.changes import changes_lines
from qwen_code.ui.repl.commands.command import Command
from qwen_code.ui.repl.panel import Choice, Picker
from qwen_code.ui.terminal_text import shown_line

if TYPE_CHECKING:
    from qwen_code.sessions.rewind import Rewinder, RewindPlan, RewindPoint, Rewound
    from qwen_code.ui.repl.completion import Candidate
    from qwen_code.ui.repl.repl import Repl
    from qwen_code.workspace.undo import Step

_What: TypeAlias = Literal["both", "files", "conversation"]
_NAMED = 4
"""Files that a question names before it counts the rest."""


async def rewind(repl: Repl, argument: str) -> None:
    """Asks which prompt, then what goes back, then about what could be the person's own."""
    assert repl.app is not None
    rewinder = repl.app.session.rewinder()
    points = await asyncio.to_thread(rewinder.points)
    point = await _chosen(repl, points, argument)
    if point is None:
        return
    plan = await asyncio.to_thread(rewinder.plan, point.turn, commands=False)
    what = await _what(repl, plan)
    if what is None:
        return
    keep_changed = False
    if what != "conversation":
        answered = await _planned(repl, rewinder, plan)
        if answered is None:
            return
        plan, keep_changed = answered
    done = await asyncio.to_thread(
        rewinder.rewind,
        plan,
        files=what != "conversation",
        conversation=what != "files",
        keep_changed=keep_changed,
    )
    if done.conversation:
        await repl.reopen(repl.app.session_id)
        repl.desk.put(point.prompt)
    _tell(repl, done, plan, point)


async def _chosen(repl: Repl, points: Sequence[RewindPoint], argument: str) -> RewindPoint | None:
    if not points:
        repl.warn("There is nothing to go back to yet.")
        return None
    if argument:
        found = next((point for point in points if str(point.turn) == argument), None)
        if found is None:
            repl.warn(f"There is no turn {argument}. /rewind alone lists all.")
        return found
    choices = [Choice(point, f"{point.turn}. {point.title}", _note(point)) for point in reversed(points)]
    return await repl.desk.ask(Picker("Back to before which prompt?", choices))


def _note(point: RewindPoint) -> str:
    parts = [_files(len(point.written))] if point.written else []
    if point.by_commands:
        parts.append(f"{len(point.by_commands)} changed while commands ran")
    if point.at:
        parts.append(ago(point.at))
    return ", ".join(parts)


async def _what(repl: Repl, plan: RewindPlan) -> _What | None:
    if not plan.steps:
        return "conversation"
    uncertain = sum(step.by_command for step in plan.having("lost"))
    counts = [_files(len(plan.having("restore")) + len(plan.having("changed")))]
    counts += [f"{uncertain} changed while commands ran"] if uncertain else []
    choices: list[Choice[_What]] = [
        Choice("both", "files and conversation", ", ".join(counts)),
        Choice("files", "files only", "the conversation goes on as it is"),
        Choice("conversation", "conversation only", "files stay as they are"),
    ]
    return await repl.desk.ask(Picker("What goes back?", choices))


async def _planned(repl: Repl, rewinder: Rewinder, plan: RewindPlan) -> tuple[RewindPlan, bool] | None:
    """The plan that the person wants, and whether to leave alone what they have changed; None to stop."""
    assert repl.app is not None
    if uncertain := [step for step in plan.having("lost") if step.by_command]:
        title = f"{_listed(repl, uncertain)} changed while commands ran."
        choices = [
            Choice(False, "leave these as they are", "your own edits may be among it"),
            Choice(True, "take these back, too", "it was the commands that changed them"),
        ]
        commands = await repl.desk.ask(Picker(title, choices))
        if commands is None:
            return None
        if commands:
            plan = await asyncio.to_thread(rewinder.plan, plan.turn, commands=True)
    if changed := plan.having("changed"):
        repl.say(changes_lines(repl, rewinder, [step.by_person for step in changed]))
        title = f"{_listed(repl, changed)} changed since, as shown above."
        choices = [
            Choice(True, "leave that as it is, take back the rest"),
            Choice(False, "stop, change nothing"),
        ]
        if not await repl.desk.ask(Picker(title, choices)):
            return None
        return plan, True
    return plan, False


def _tell(repl: Repl, done: Rewound, plan: RewindPlan, point: RewindPoint) -> None:
    assert repl.app is not None
    display = repl.app.workspace.display
    for path, reason in done.failed:
        repl.warn(f"{display(Path(path))} could not be taken back: {reason}.")
    for step in plan.having("lost"):
        if done.left and not step.by_command:
            repl.warn(f"{display(Path(step.path))} was left alone: {step.reason}.")
    files = f"{_files(len(done.restored))} as before" if done.restored else ""
    talk = "the conversation ends before this prompt" if done.conversation else ""
    what = "; ".join(part for part in (files, talk) if part) or "nothing had to change"
    repl.transcript.notice(shown_line(f"Back to before turn {point.turn}: {what}."))
    repl.screen.refresh_now()


def _listed(repl: Repl, steps: Sequence[Step]) -> str:
    assert repl.app is not None
    names = [repl.app.workspace.display(Path(step.path)) for step in steps]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _files(count: int) -> str:
    return f"{count} file{'' if count == 1 else 's'}"


def _turns(repl: Repl) -> list[Candidate]:
    if repl.app is None or not repl.resumable:
        return []
    return [(str(point.turn), point.title) for point in reversed(repl.app.session.rewinder().points())]


COMMANDS = (
    Command("rewind", "back to before an earlier prompt", rewind, "[TURN]", _turns, while_busy=False),
)
