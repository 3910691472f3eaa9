"""`qwen-code doctor`: is everything here as it should be?"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, TypeAlias

import typer

from qwen_code import __version__
from qwen_code.agent.registry import tool_names
from qwen_code.assembly import Place, choose_sandbox, find_place
from qwen_code.errors import ExitCode, QwenCodeError
from qwen_code.workspace.paths import Workspace

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

State: TypeAlias = Literal["ok", "note", "wrong"]


class Finding(NamedTuple):
    state: State
    subject: str
    text: str
    code: ExitCode = ExitCode.DONE
    """What a finding that is wrong makes the command end with."""


@app.command()
def doctor(
    offline: Annotated[bool, typer.Option("--offline", help="Ask the endpoint nothing.")] = False,
) -> None:
    """Check this installation, the settings and the endpoint.

    The exit code is 0 when nothing is wrong, else that of the first thing that is: 52 for settings, key or
    URL, 75 for a server that does not answer.
    """
    raise typer.Exit(asyncio.run(_report(offline)))


async def _report(offline: bool) -> int:
    code = ExitCode.DONE
    async for finding in _findings(offline):
        mark = {"ok": "ok  ", "note": "note", "wrong": "!!  "}[finding.state]
        print(f"{mark}  {finding.subject}: {finding.text}")
        if finding.state == "wrong" and code == ExitCode.DONE:
            code = finding.code
    return code


async def _findings(offline: bool) -> AsyncIterator[Finding]:
    for finding in _machine():
        yield finding
    try:
        place = find_place(Path.cwd(), os.environ, {})
    except QwenCodeError as error:
        yield Finding("wrong", "settings", str(error), error.exit_code)
        return
    for finding in _settings(place):
        yield finding
    yield _sandbox(place)
    async for finding in _model(place, offline):
        yield finding


def _machine() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding("ok", "qwen-code", f"{__version__}, Python {version}, {sys.platform}")
    yield Finding("ok", "tools", ", ".join(tool_names()))
    for name, without in (
        ("bash", "commands run with sh"),
        ("rg", "searching uses the bundled ripgrep"),
        ("git", "nothing that needs the repository's history works"),
    ):
        path = shutil.which(name)
        yield Finding("ok", name, path) if path else Finding("note", name, f"not found; {without}")


def _settings(place: Place) -> Iterator[Finding]:
    locations, loaded = place.locations, place.loaded
    for path in (locations.system_defaults, locations.user_settings, locations.project_settings):
        if path.is_file():
            yield Finding("ok", "settings", f"read {path}")
    if not place.trusted:
        yield Finding("note", "trust", "this folder's own settings and instructions are not obeyed (--trust)")
    for problem in loaded.problems:
        yield Finding("note", "settings", problem)
    for unknown in loaded.unknown:
        hint = f"; did you mean {unknown.suggestion}?" if unknown.suggestion else ""
        what = "has no meaning here" if unknown.foreign else "is not known"
        yield Finding("note", "settings", f"{unknown.path} {what} ({unknown.origin}){hint}")
    writable = os.access(_existing(locations.runtime), os.W_OK)
    if writable:
        yield Finding("ok", "sessions", str(locations.sessions))
    else:
        yield Finding("note", "sessions", f"{locations.runtime} can't be written; sessions will not be kept")


def _sandbox(place: Place) -> Finding:
    chooser = choose_sandbox(place, Workspace(place.locations.cwd))
    try:
        choice = chooser.choice
        if choice.sandbox.confines:
            return Finding("ok", "sandbox", f"{choice.sandbox.name}, network {choice.sandbox.network}")
        if choice.sandbox.name == "none":
            return Finding("note", "sandbox", f"commands are not confined. {choice.remedy}")
        return Finding("note", "sandbox", f"{choice.sandbox.name}, a weaker one. {choice.remedy}")
    finally:
        chooser.close()


def _existing(path: Path) -> Path:
    return next(p for p in (path, *path.parents) if p.exists())


async def _model(place: Place, offline: bool) -> AsyncIterator[Finding]:
    from qwen_code.backends import open_backend

    try:
        backend = open_backend(place.settings, place.loaded.variables)
    except QwenCodeError as error:
        yield Finding("wrong", "model", str(error), error.exit_code)
        return
    try:
        yield Finding("ok", "model", f"{backend.name} at {backend.location}")
        if offline:
            return
        await backend.check()
        window = await backend.context_window()
        yield Finding("ok", "endpoint", f"answers; the window holds {window:,} tokens")
    except QwenCodeError as error:
        yield Finding("wrong", "endpoint", str(error), error.exit_code)
    finally:
        await backend.aclose()
