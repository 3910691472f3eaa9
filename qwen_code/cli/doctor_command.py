"""`qwen-code doctor`: is everything here as it should be?"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

import typer

from qwen_code.assembly import Place, choose_sandbox, find_place
from qwen_code.errors import ExitCode, QwenCodeError
from qwen_code.ui.doctor import Finding, machine_findings, model_findings, sandbox_finding, settings_findings
from qwen_code.workspace.paths import Workspace

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


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
    for finding in machine_findings():
        yield finding
    try:
        place = find_place(Path.cwd(), os.environ, {})
    except QwenCodeError as error:
        yield Finding("wrong", "settings", str(error), error.exit_code)
        return
    for finding in settings_findings(place):
        yield finding
    chooser = choose_sandbox(place, Workspace(place.locations.cwd))
    try:
        yield sandbox_finding(chooser.choice)
    finally:
        chooser.close()
    async for finding in _model(place, offline):
        yield finding


async def _model(place: Place, offline: bool) -> AsyncIterator[Finding]:
    from qwen_code.backends import open_backend

    try:
        backend = open_backend(place.settings, place.loaded.variables)
    except QwenCodeError as error:
        yield Finding("wrong", "model", str(error), error.exit_code)
        return
    try:
        async for finding in model_findings(backend, offline=offline):
            yield finding
    finally:
        await backend.aclose()
