"""The entry point: which command is meant, and which exit code its end has.

The commands are looked up by their first word so that only the one that runs is imported; `qwen-code` alone,
or with flags and a prompt, is the agent itself.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from qwen_code.errors import ExitCode, QwenCodeError

COMMANDS = {
    "completion": "Print a completion script for bash, zsh or fish.",
    "config": "Show the settings in force, and where each comes from.",
    "doctor": "Check this installation, the settings and the endpoint.",
    "models": "List, fit, get, measure and remove models that run in this process.",
    "permissions": "Judge commands by the permission rules, and explain why.",
    "sandbox": "Run a command as the agent would, or say how that is confined.",
    "serve": "Serve a local model to editors and other programs, on loopback.",
    "sessions": "List, show, export and delete sessions.",
    "tools": "List the tools, run one by hand, decode tool calls in model text.",
}
"""Each is `qwen_code.cli.<name>_command`, which holds a typer app named `app`."""


def main() -> NoReturn:
    """Run the command line and leave with its exit code.

    Everything is closed by then, so the interpreter's own farewell (30 ms of freeing what the kernel frees
    anyway) is left out.
    """
    _open_closed_streams()
    code = run(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(code)


def _open_closed_streams() -> None:
    """Standard streams that a caller has closed lead nowhere; else the next file to be opened would take
    their place, and what is printed would go into it."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is not None:
            continue
        nowhere = os.open(os.devnull, os.O_RDWR)
        if nowhere != number:
            os.dup2(nowhere, number)
            os.close(nowhere)
        setattr(sys, name, os.fdopen(number, "w" if number else "r", closefd=False))


def run(arguments: Sequence[str]) -> int:
    """Run one command line.

    No traceback reaches a user: known ends are one sentence, and an unknown one says how to see more.
    """
    if list(arguments) in (["--version"], ["-V"]):
        from qwen_code import __version__

        print(f"qwen-code {__version__}")
        return ExitCode.DONE
    debug = "--debug" in arguments
    try:
        return _dispatch(list(arguments))
    except QwenCodeError as error:
        return _say(str(error), error.exit_code, debug)
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        _abandon_stdout()
        return ExitCode.FAILED
    except Exception as error:  # a defect of ours: say so, and how to report it
        text = f"internal error, {type(error).__name__}: {error}. Run again with --debug for the traceback."
        return _say(text, ExitCode.FAILED, debug)


def _dispatch(arguments: list[str]) -> int:
    if not arguments or arguments[0] not in COMMANDS:
        from qwen_code.cli.run_command import run as run_agent

        return run_agent(arguments)
    from importlib import import_module

    from qwen_code.cli.invoke import invoke

    name = arguments.pop(0)
    arguments = [argument for argument in arguments if argument != "--debug"]
    return invoke(import_module(f"qwen_code.cli.{name}_command").app, arguments, f"qwen-code {name}")


def _say(text: str, code: ExitCode, debug: bool) -> int:
    if debug:
        import traceback

        traceback.print_exc()
    print(f"qwen-code: {text}", file=sys.stderr)
    return code


def _abandon_stdout() -> None:
    """Whoever read our output is gone; keep the interpreter from complaining about it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
