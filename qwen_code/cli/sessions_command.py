"""`qwen-code sessions`: what was said in this project before."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from qwen_code.assembly import find_place
from qwen_code.cli.import_command import import_session
from qwen_code.cli.rewind_command import diff, rewind
from qwen_code.errors import UsageError
from qwen_code.sessions.search import search
from qwen_code.sessions.store import SessionStore

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help="List, search, show, rewind, copy, export and delete the sessions of this project.",
)

app.command("rewind")(rewind)
app.command("diff")(diff)
app.command("import")(import_session)

_ID = typer.Argument(help="The id, or the beginning of it; default: the latest.")


def _store() -> SessionStore:
    locations = find_place(Path.cwd(), os.environ, {}).locations
    return SessionStore(locations.sessions, kept_states=locations.kept_states)


@app.command("list")
def list_sessions(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List the sessions of this project, the latest first."""
    summaries = _store().list()
    if as_json:
        print(json.dumps([asdict(s) for s in summaries], indent=2, default=str, ensure_ascii=False))
        return
    if not summaries:
        print("There are no sessions in this project yet.")
    for summary in summaries:
        prompt = (summary.title or summary.first_prompt).strip().partition("\n")[0]
        print(f"{summary.id}  {summary.modified:%Y-%m-%d %H:%M}  {summary.turns:>3} turns  {prompt[:70]}")


@app.command("show")
def show_session(session: Annotated[str | None, _ID] = None) -> None:
    """Print a session as Markdown."""
    print(_store().export(session, "md"))


@app.command("export")
def export_session(
    session: Annotated[str | None, _ID] = None,
    form: Annotated[str, typer.Option("--format", help="md, json or html.")] = "md",
) -> None:
    """Print a session for use elsewhere."""
    if form not in ("md", "json", "html"):
        raise UsageError(f"--format takes md, json or html, not {form!r}.")
    print(_store().export(session, form))


@app.command("search")
def search_sessions(
    words: Annotated[list[str], typer.Argument(help="Words that must all occur, in any order.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Find sessions of this project by what was said in them."""
    hits = list(search(_store().list(), " ".join(words)))
    if as_json:
        found = [{"id": h.session.id, "turn": h.turn, "by": h.said_by, "text": h.text} for h in hits]
        print(json.dumps(found, indent=2, ensure_ascii=False))
        return
    if not hits:
        print("No session of this project holds that.")
    for hit in hits:
        print(f"{hit.session.id}  turn {hit.turn:>3}  {hit.said_by:<17}  {hit.text}")


@app.command("fork")
def fork_session(session: Annotated[str | None, _ID] = None) -> None:
    """Copy a session as it is now, to go on in two directions."""
    print(f"copied to {_store().fork(session)}")


@app.command("rename")
def rename_session(
    session: Annotated[str, typer.Argument(help="The id, or the beginning of it.")],
    title: Annotated[str, typer.Argument(help="What lists show, and -r finds.")],
) -> None:
    """Give a session a title."""
    print(f"renamed {_store().rename(session, title)}")


@app.command("delete")
def delete_session(
    sessions: Annotated[list[str], typer.Argument(help="Ids, or the beginnings of them.")],
) -> None:
    """Delete sessions with all that belongs to them."""
    store = _store()
    for session in sessions:
        print(f"deleted {store.delete(session)}")
