"""From what the command line said to a running front end, one-shot or REPL, and its exit code."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from qwen_code import __version__
from qwen_code.agent.prompting import init_prompt
from qwen_code.assembly import Front, Nobody, Place, find_place
from qwen_code.backends import is_configured
from qwen_code.errors import ExitCode, InputError, SandboxUnavailable
from qwen_code.permissions.decision import Approver, Mode, Refuse
from qwen_code.tool import UserPort
from qwen_code.ui.oneshot import Format, run_oneshot

if TYPE_CHECKING:
    from types import FrameType

    from qwen_code.app import App

NO_SANDBOX = (
    "Nothing confines commands well enough to run them without a question, and a one-shot run can't ask. "
    "{reasons} {weaker}Or start it with --yolo where everything may run (a container, a CI runner), or with "
    "--approval-mode plan, default or auto-edit: what would be asked is refused, and the exit code is 54."
)

WEAKER = "Or accept the weaker sandbox that is there ({name}) with --approval-mode auto. "

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Launch:
    """What the command line said, checked for contradictions but not yet for truth."""

    flags: Mapping[str, object]
    prompt: str
    interactive: bool
    resume: str | None
    session_id: str | None
    output_format: Format
    json_schema: str | None
    """As text; what it says is looked at when the app is there."""
    include_partial_messages: bool
    progress: bool
    trust: bool


def launch(wanted: Launch) -> int:
    """Run to the end; the exit code."""
    directory = _working_directory()
    place = find_place(directory, os.environ, wanted.flags, trust=wanted.trust)
    if wanted.resume is not None and not is_configured(place.settings, place.loaded.variables):
        wanted = replace(wanted, flags={**wanted.flags, "model.name": _model_of(wanted.resume, place)})
        place = find_place(directory, os.environ, wanted.flags, trust=wanted.trust)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if wanted.interactive:
        return asyncio.run(_to_the_end(_interactive(wanted, place)))
    for problem in place.loaded.problems:
        _warn(problem)
    return asyncio.run(_to_the_end(_oneshot(wanted, place)))


def _model_of(resume: str, place: Place) -> str:
    """The model of a stored session: where nothing else is set up, it goes on with that.

    Raises:
        SessionError: there is no such session.
    """
    from qwen_code.sessions.store import SessionStore
    from qwen_code.sessions.summary import summarise

    store = SessionStore(place.locations.sessions, cwd=place.locations.cwd)
    summary = summarise(store.find(resume))
    return summary.model if summary is not None else ""


async def _to_the_end(run: Coroutine[Any, Any, int]) -> int:
    """`run`, after which a signal just ends the process: asyncio's handlers complain while a loop closes."""
    try:
        return await run
    finally:
        loop = asyncio.get_running_loop()
        for number in _ENDING:
            loop.remove_signal_handler(number)
            signal.signal(number, _leave)


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    with suppress(OSError, ValueError, RuntimeError):  # the last: it was being flushed
        sys.stdout.flush()
    os._exit(ExitCode.INTERRUPTED)


def _working_directory() -> Path:
    try:
        return Path.cwd().resolve()
    except FileNotFoundError as error:
        raise InputError("The current directory no longer exists; change to one that does.") from error


async def _interactive(wanted: Launch, place: Place) -> int:
    from qwen_code.cli.trust_question import asks_for_trust, decide_trust
    from qwen_code.ui.repl import run_repl

    ready, asks = is_configured(place.settings, place.loaded.variables), asks_for_trust(place)
    if not asks:
        for problem in place.loaded.problems:
            _warn(problem)

    @asynccontextmanager
    async def open_app(
        approver: Approver, user: UserPort, warn: Callable[[str], None]
    ) -> AsyncGenerator[App]:
        from qwen_code.api import running  # behind the prompt, which is on the screen by now

        now = place
        if not ready:  # the first run has written settings meanwhile
            now = find_place(place.locations.cwd, os.environ, wanted.flags, trust=wanted.trust)
        if asks:
            now = await decide_trust(now, user)
            for problem in now.loaded.problems:
                warn(problem)
        async with running(now, Front(approver, user, warn), session_id=wanted.session_id) as app:
            yield app

    return await run_repl(
        open_app,
        place.settings,
        wanted.prompt or None,
        directory=place.locations.cwd,
        history=place.locations.history,
        resume=wanted.resume,
        first_run=None if ready else place,
    )


async def _oneshot(wanted: Launch, place: Place) -> int:
    from qwen_code.api import running

    front = Front(Refuse(), Nobody(), _warn)
    async with running(
        place, front, mode=Mode.AUTO, resume=wanted.resume, session_id=wanted.session_id
    ) as app:
        _check_sandbox(app)
        if wanted.json_schema is not None:
            app.answer_with(wanted.json_schema)
        _stop_on_signals(app)
        return await run_oneshot(
            app,
            _expanded(wanted.prompt, place),
            output=wanted.output_format,
            partial=wanted.include_partial_messages,
            version=__version__,
            progress=wanted.progress,
        )


def _expanded(prompt: str, place: Place) -> str:
    """`/init` works here as well; it is a prompt, and no more."""
    command, _, argument = prompt.strip().partition(" ")
    return init_prompt(place.settings.context.file_names, argument) if command == "/init" else prompt


def _check_sandbox(app: App) -> None:
    """Before anything is asked of a model. Who names the mode `auto` accepts a weaker sandbox.

    Raises:
        SandboxUnavailable: the mode needs a sandbox, and none is there.
    """
    if app.mode is not Mode.AUTO or app.sandbox.confines:
        return
    weaker = "" if app.sandbox.name == "none" else WEAKER.format(name=app.sandbox.name)
    if not weaker or not app.settings.tools.approval_mode:
        raise SandboxUnavailable(NO_SANDBOX.format(reasons=app.chooser.choice.remedy, weaker=weaker))


def _stop_on_signals(app: App) -> None:
    """The first signal stops the turn, whose result is still told and kept; the second one everything."""
    loop = asyncio.get_running_loop()

    def stop() -> None:
        for number in _ENDING:
            loop.remove_signal_handler(number)
        app.interrupt()

    for number in _ENDING:
        loop.add_signal_handler(number, stop)


def _warn(text: str) -> None:
    with suppress(OSError):
        print(f"qwen-code: {text}", file=sys.stderr)
