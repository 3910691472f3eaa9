"""`qwen-code sessions import`: goes on here with what was said in Qwen Code."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from qwen_code.agent.prompting import DEFAULT_PROFILE, load_profile
from qwen_code.agent.registry import load_tools
from qwen_code.assembly import find_place, instruction_sources, new_header, system_text
from qwen_code.errors import SessionError
from qwen_code.sessions.qwen_import import import_records
from qwen_code.sessions.session_file import read_file
from qwen_code.sessions.store import SessionStore
from qwen_code.workspace.paths import Workspace


def import_session(
    file: Annotated[
        Path, typer.Argument(help="A session file of Qwen Code, as in ~/.qwen/projects/*/chats.")
    ],
) -> None:
    """Take over a session of Qwen Code, to go on with it here.

    What the model was told first is not in such a file: system prompt, tools and instructions are this
    program's own.
    """
    place = find_place(Path.cwd(), os.environ, {})
    settings, workspace = place.settings, Workspace(place.locations.cwd)
    store = SessionStore(place.locations.sessions, cwd=workspace.root)
    try:
        records = import_records(read_file(file))
    except SessionError as error:
        raise SessionError(f"{file} can't be imported: {str(error).rstrip('.')}.") from None
    profile = load_profile(settings.agent.profile or DEFAULT_PROFILE)
    offered = settings.tools.allowed or profile.tools
    tools = load_tools(only=offered, without=settings.tools.disabled).specs()
    sources = instruction_sources(place, workspace, None, _warn)
    header = new_header(
        place,
        workspace,
        store.new_id(),
        settings.model.name,
        system_text(profile.text, settings),
        tools,
        sources,
    )
    print(f"imported as {store.take_in(header, records)}")


def _warn(text: str) -> None:
    print(f"qwen-code: {text}", file=sys.stderr)
