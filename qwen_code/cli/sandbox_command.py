"""`qwen-code sandbox`: run a command as the agent would, or say how that is confined here."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from qwen_code.assembly import Place, find_place, sandbox_bounds
from qwen_code.errors import InputError, SandboxUnavailable, UsageError
from qwen_code.sandbox.base import Network, Sandbox
from qwen_code.sandbox.choice import Backend, Choice, Chooser
from qwen_code.workspace.paths import Workspace

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.command(context_settings={"ignore_unknown_options": False, "allow_interspersed_args": False})
def sandbox(
    command: Annotated[list[str] | None, typer.Argument(help="The command, best behind `--`.")] = None,
    network: Annotated[
        str, typer.Option("--network", help="off, on or allow:NAME,... (default: the settings').")
    ] = "",
    network_private: Annotated[
        bool, typer.Option("--network-private", help="Allowed names may lead to private networks.")
    ] = False,
    backend: Annotated[
        Backend | None, typer.Option("--backend", help="bubblewrap or landlock, to try that one.")
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Say what is used here, and why.")] = False,
) -> None:
    """Run a command in the sandbox that the agent's commands run in.

    The exit code is the command's, 44 where no sandbox works, 126 and 127 where the command can't be started.
    """
    place = find_place(Path.cwd(), os.environ, {})
    bounds = sandbox_bounds(place, Workspace(place.locations.cwd))
    try:
        settings = place.settings.sandbox
        private = network_private or settings.network_private
        wanted = Network.parse(network or settings.network, private=private)
    except ValueError as error:
        raise UsageError(f"--network: {error}.") from error
    chooser = Chooser(replace(bounds, network=wanted), place.environ, only=backend)
    try:
        if explain:
            print("\n".join(described(chooser.choice)))
            return
        if not command:
            raise UsageError("Give a command: qwen-code sandbox -- COMMAND, or --explain.")
        choice = chooser.choice
        if choice.sandbox.name == "none":
            raise SandboxUnavailable(f"No sandbox works here. {choice.remedy}")
        raise typer.Exit(asyncio.run(_run(choice.sandbox, place, command)))
    finally:
        chooser.close()


def described(choice: Choice) -> list[str]:
    """The sandbox that is used, what it confines, and why better ones are not used."""
    sandbox = choice.sandbox
    weaker = "" if sandbox.confines or sandbox.name == "none" else " (weaker, see docs/guides/sandbox.md)"
    return [
        f"sandbox: {sandbox.name}{weaker}",
        *(f"  {line}" for line in sandbox.explain()),
        *(f"not used: {reason}" for reason in choice.reasons),
    ]


async def _run(sandbox: Sandbox, place: Place, command: Sequence[str]) -> int:
    """Run it with our own stdin, stdout and stderr; the exit code as a shell gives it."""
    from qwen_code.sandbox.environment import MARKER, for_commands
    from qwen_code.sandbox.process_tree import ProcessTree

    directory = place.locations.cwd
    try:
        confined = sandbox.confine(command, directory)
    except OSError as error:
        raise InputError(f"The sandbox could not be prepared: {error}.") from error
    nonce = os.urandom(8).hex()
    ours, theirs = os.pipe()
    tree = ProcessTree(nonce, ours)
    try:
        process = await asyncio.create_subprocess_exec(
            *confined.argv,
            cwd=directory,
            env={
                **for_commands(place.environ),
                **confined.environment,
                MARKER: nonce,
                "PWD": str(directory),
            },
            pass_fds=(theirs, *confined.descriptors),
            start_new_session=True,
        )
        os.close(theirs)
        tree.pid = process.pid
        _pass_signals_on(process)
        await confined.spawned()
        code = await process.wait()
        tree.kill()
    except OSError as error:
        raise InputError(f"The command could not be started: {error.strerror or error}.") from error
    finally:
        notes = confined.close()
        for note in (*confined.hosts, *notes):
            print(f"qwen-code: {note}", file=sys.stderr)
    return code if code >= 0 else 128 - code


def _pass_signals_on(process: asyncio.subprocess.Process) -> None:
    """The command has a session of its own, which the terminal's Ctrl-C does not reach."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, process.kill)
