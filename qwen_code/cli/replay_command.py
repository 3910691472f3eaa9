"""`qwen-code replay`: does this version make the same requests as the one that recorded a session?"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer

from qwen_code.agent.replay import Difference, Replayer
from qwen_code.assembly import find_place
from qwen_code.errors import ExitCode, SessionError
from qwen_code.sessions.lines import decode_lines
from qwen_code.sessions.log import SessionHeader
from qwen_code.sessions.plain_text import harmless
from qwen_code.sessions.session_file import read_file
from qwen_code.sessions.store import SessionStore
from qwen_code.workspace.diffs import unified_diff

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.command()
def replay(
    session: Annotated[
        str | None, typer.Argument(help="A session's id, beginning or title, or a file; default: the latest.")
    ] = None,
    keep_going: Annotated[bool, typer.Option("--keep-going", help="Show every difference.")] = False,
) -> None:
    """Run a session again with the recorded answers and results, and compare the requests."""
    path = _path(session)
    records = decode_lines(read_file(path)).records
    try:
        SessionHeader.decode(records[0] if records else {})
    except SessionError as error:
        raise SessionError(f"The session in {path} can't be replayed: {error}.") from None
    replayed = asyncio.run(Replayer(records, keep_going=keep_going).run())
    for difference in replayed.differences:
        _print(difference)
    count = f"{replayed.requests} requests in {replayed.turns} turns"
    if not replayed.differences:
        print(f"{count}, all as recorded.")
        return
    print(f"{count}, {len(replayed.differences)} not as recorded.")
    raise typer.Exit(ExitCode.FAILED)


def _path(session: str | None) -> Path:
    if session is not None and session.endswith(".jsonl"):
        return Path(session)
    locations = find_place(Path.cwd(), os.environ, {}).locations
    return SessionStore(locations.sessions, cwd=locations.cwd).find(session)


def _print(difference: Difference) -> None:
    print(f"Turn {difference.turn}, request {difference.request}: {difference.what} differs.")
    print(harmless(f"--- recorded\n+++ now\n{unified_diff(difference.recorded, difference.now).text}"))
