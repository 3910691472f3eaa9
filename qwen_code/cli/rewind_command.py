"""`qwen-code sessions rewind` and `diff`: what a session changed, and the way back."""

from __future__ import annotations

import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from qwen_code.assembly import find_place
from qwen_code.errors import SessionError, UsageError
from qwen_code.sessions.file_diffs import difference, net, plain
from qwen_code.sessions.plain_text import harmless
from qwen_code.sessions.rewind import Rewinder, RewindPlan, RewindPoint, Rewound
from qwen_code.sessions.store import SessionStore
from qwen_code.workspace.content_store import ContentStore
from qwen_code.workspace.paths import Workspace
from qwen_code.workspace.undo import Change

_NO_TURN = "Turn {turn} is not part of this session any more. The turns are {turns}."


def rewind(
    session: Annotated[
        str | None, typer.Argument(help="Id, beginning of it, or title; default: the latest.")
    ] = None,
    to: Annotated[
        int | None, typer.Option("--to", metavar="TURN", help="Go back to before this turn.")
    ] = None,
    only: Annotated[str, typer.Option("--only", help="files or conversation; default: both.")] = "",
    commands: Annotated[
        bool, typer.Option("--commands", help="Take back what changed while commands ran, too.")
    ] = False,
    keep_changed: Annotated[
        bool, typer.Option("--keep-changed", help="Leave what you changed since, take back the rest.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would happen, change nothing.")
    ] = False,
) -> None:
    """List the turns of a session, or go back to before one of them."""
    if only not in ("", "files", "conversation"):
        raise UsageError(f"--only takes files or conversation, not {only!r}.")
    with _rewinder(session) as (rewinder, workspace):
        points = rewinder.points()
        if to is None:
            _list(points)
            return
        if to not in (point.turn for point in points):
            turns = ", ".join(str(point.turn) for point in points) or "none"
            raise SessionError(_NO_TURN.format(turn=to, turns=turns))
        files, conversation = only != "conversation", only != "files"
        planned = rewinder.plan(to, commands=commands)
        if files:
            _show(planned, rewinder, workspace, commands=commands, dry_run=dry_run)
        if dry_run:
            return
        done = rewinder.rewind(planned, files=files, conversation=conversation, keep_changed=keep_changed)
        _tell(done, workspace)


def diff(
    session: Annotated[
        str | None, typer.Argument(help="Id, beginning of it, or title; default: the latest.")
    ] = None,
    turn: Annotated[int | None, typer.Option("--turn", help="Only what this turn changed.")] = None,
) -> None:
    """Print all that a session, or one turn of it, changed in files."""
    with _rewinder(session, writing=False) as (rewinder, workspace):
        history = rewinder.history
        changes = history.changes if turn is None else history.of(turn)
        for change in net(changes):
            _print_difference(change, rewinder, workspace)


@contextmanager
def _rewinder(session: str | None, *, writing: bool = True) -> Generator[tuple[Rewinder, Workspace]]:
    place = find_place(Path.cwd(), os.environ, {})
    store = SessionStore(place.locations.sessions, cwd=place.locations.cwd)
    path = store.find(session)
    workspace = Workspace(place.locations.cwd)
    contents = ContentStore(place.locations.contents(path.stem), limit_bytes=0)
    log, restored = store.open(path.stem, alone=True) if writing else store.open_to_read(path.stem)
    try:
        yield Rewinder(log, restored.history, contents, workspace), workspace
    finally:
        contents.close()
        log.close()


def _list(points: list[RewindPoint]) -> None:
    if not points:
        print("Nothing was said in this session yet.")
    for point in points:
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(point.at)) if point.at else ""
        files = f"{len(point.written)} files" if point.written else ""
        others = f"{len(point.by_commands)} by commands" if point.by_commands else ""
        print(f"{point.turn:>4}  {when}  {', '.join(filter(None, (files, others))):<24}  {point.title}")


def _show(
    planned: RewindPlan, rewinder: Rewinder, workspace: Workspace, *, commands: bool, dry_run: bool
) -> None:
    """What stays as it is, and why; with `dry_run` also what would not."""
    for step in planned.having("restore") if dry_run else ():
        what = "would be removed" if step.target.kind == "absent" else "would be brought back"
        print(f"{what}: {workspace.display(Path(step.path))}")
    for step in planned.having("lost"):
        print(f"left alone: {workspace.display(Path(step.path))}: {step.reason}")
    if not commands and any(step.by_command for step in planned.having("lost")):
        print(
            "Add --commands to take back what changed while commands ran; your own edits could be among it."
        )
    for step in planned.having("changed"):
        print(f"changed since: {workspace.display(Path(step.path))}")
        _print_difference(step.by_person, rewinder, workspace)


def _print_difference(change: Change, rewinder: Rewinder, workspace: Workspace) -> None:
    block = difference(change, workspace.display(Path(change.path)), rewinder.contents)
    if block is not None:
        print(harmless(plain(block)))


def _tell(done: Rewound, workspace: Workspace) -> None:
    for path in done.restored:
        there = os.path.lexists(path)
        print(f"{'brought back' if there else 'removed'}: {workspace.display(Path(path))}")
    for path, reason in done.failed:
        print(f"could not be brought back: {workspace.display(Path(path))}: {reason}")
    count = len(done.restored)
    what = f"{count} file{' is' if count == 1 else 's are'} as before turn {done.turn}"
    print(f"{what}; the conversation ends there." if done.conversation else f"{what}.")
