"""The entry point: which command is meant, and which exit code its end has.

The commands are looked up by their first word so that only the one that runs is imported; `qwen-code` alone,
or with flags and a prompt, is the agent itself.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

from qwen_code.errors import ExitCode, QwenCodeError

COMMANDS = {
    "completion": "Print a completion script for bash, zsh or fish.",
    "config": "Show the settings in force, and where each comes from.",
    "doctor": "Check this installation, the settings and the endpoint.",
    "models": "List, fit, get, measure and remove models that run in this process.",
    "permissions": "Judge commands by the permission rules, and explain why.",
    "replay": "Run a recorded session again and compare the requests.",
    "sandbox": "Run a command as the agent would, or say how that is confined.",
    "serve": "Serve a local model to editors and other programs, on loopback.",
    "sessions": "List, search, show, rewind, copy, export and delete sessions.",
    "tools": "List the tools, run one by hand, decode tool calls in model text.",
}
"""Each is `qwen_code.cli.<name>_command`, which holds a typer app named `app`."""


def main() -> NoReturn:
    """Run the command line and leave with its exit code.

    Everything is closed by then, so the interpreter's own farewell (30 ms of freeing what the kernel frees
    anyway) is left out.
    """
    signal.signal(signal.SIGINT, _leave)  # until a command runs, there is nothing to end well
    _open_closed_streams()
    _escape_what_streams_lack()
    code = run(sys.argv[1:])
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        pass
    except (OSError, ValueError) as error:
        code = code or _say(f"The output can't be written: {error}.", ExitCode.FAILED, False)
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.flush()
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


def _escape_what_streams_lack() -> None:
    """A character that a stream's encoding does not have must not cost the output."""
    for stream in (sys.stdout, sys.stderr):
        if not isinstance(stream, io.TextIOWrapper):
            continue
        if stream.errors == "strict" or stream.encoding.lower() not in ("utf-8", "utf8"):
            stream.reconfigure(errors="backslashreplace")


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    os._exit(ExitCode.INTERRUPTED)


def run(arguments: Sequence[str]) -> int:
    """Run one command line.

    No traceback reaches a user: known ends are one sentence, and an unknown one says how to see more.
    """
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
    except OSError as error:
        if error.errno == errno.ENOSPC:
            return _say("No space is left on the device to write to.", ExitCode.FAILED, debug)
        return _defect(error, debug)
    except Exception as error:
        return _defect(error, debug)


def _defect(error: Exception, debug: bool) -> ExitCode:
    """A defect of ours: say so, and how to report it."""
    text = f"internal error, {type(error).__name__}: {error}. Run again with --debug for the traceback."
    return _say(text, ExitCode.FAILED, debug)


def _dispatch(arguments: list[str]) -> int:
    if arguments in (["--version"], ["-V"]):
        from qwen_code import __version__

        print(f"qwen-code {__version__}")
        return ExitCode.DONE
    if not arguments or arguments[0] not in COMMANDS:
        from qwen_code.cli.run_command import run as run_agent

        return run_agent(arguments)
    from importlib import import_module

    from qwen_code.cli.invoke import invoke

    name = arguments.pop(0)
    arguments = [argument for argument in arguments if argument != "--debug"]
    command = import_module(f"qwen_code.cli.{name}_command").app
    signal.signal(signal.SIGINT, signal.default_int_handler)
    return invoke(command, arguments, f"qwen-code {name}")


def _say(text: str, code: ExitCode, debug: bool) -> ExitCode:
    if debug:
        import traceback

        traceback.print_exc()
    with contextlib.suppress(OSError):
        print(f"qwen-code: {text}", file=sys.stderr)
    return code


def _abandon_stdout() -> None:
    """Whoever read our output is gone; keep the interpreter from complaining about it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
