"""The Python API, which the command line and the REPL use too: an `App` that is closed at the end."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from qwen_code.app import App
from qwen_code.assembly import Front, Nobody, Place, find_place
from qwen_code.permissions.decision import Approver, Mode, Refuse
from qwen_code.tool import Tool, UserPort


@asynccontextmanager
async def open_app(
    directory: Path | str = ".",
    *,
    model: str | None = None,
    mode: Mode | str | None = None,
    flags: Mapping[str, object] | None = None,
    approver: Approver | None = None,
    user: UserPort | None = None,
    warn: Callable[[str], None] = lambda text: None,
    environ: Mapping[str, str] | None = None,
    resume: str | None = None,
    session_id: str | None = None,
    trust: bool = False,
    extra_tools: Collection[Tool[Any]] = (),
) -> AsyncGenerator[App, None]:
    """The whole agent, ready to run, and closed at the end.

    Args:
        directory: the project.
        model: what `-m` takes; default: what the settings say.
        mode: what runs without a question; default: the settings', else `default`.
        flags: settings by the names that files use, e.g. `{"model.maxSessionTurns": 20}`.
        approver: decides what the mode asks about; default: nobody, so it is refused.
        user: answers the model's questions; default: nobody.
        warn: takes sentences that are no errors.
        environ: default: the process's environment.
        resume: a session's id or a prefix of it, its title, or `qwen_code.sessions.LATEST`.
        session_id: the new session's id; default: one that sorts by time.
        trust: obey the project's own settings and instructions.
        extra_tools: offered beside the built-in ones; each with a prompt file beside its module.

    Raises:
        QwenCodeError: a setting, the model or the session can't be used.
    """
    given = {**(flags or {})}
    if model is not None:
        given["model.name"] = model
    if mode is not None:
        given["tools.approvalMode"] = str(mode)
    place = find_place(Path(directory).resolve(), environ or os.environ, given, trust=trust)
    front = Front(approver or Refuse(), user or Nobody(), warn)
    async with running(place, front, resume=resume, session_id=session_id, extra_tools=extra_tools) as app:
        yield app


@asynccontextmanager
async def running(
    place: Place,
    front: Front,
    *,
    mode: Mode = Mode.DEFAULT,
    resume: str | None = None,
    session_id: str | None = None,
    extra_tools: Collection[Tool[Any]] = (),
) -> AsyncGenerator[App, None]:
    """`open_app` for callers that have loaded the settings. `mode` counts where these name none."""
    app = App(place, front, Mode(place.settings.tools.approval_mode or mode), session_id, extra_tools)
    try:
        await app.begin(session_id, resume)
    except BaseException:
        await app.backend.aclose()
        raise
    try:
        yield app
    finally:
        await app.aclose()
