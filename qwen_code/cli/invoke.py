"""Runs a typer app and turns its complaints into one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qwen_code.errors import ExitCode, UsageError


def invoke(app: Any, arguments: Sequence[str], program: str) -> int:
    """The exit code of a typer app; `app` is one.

    Raises:
        UsageError: the command line is wrong.
    """
    try:
        result = app(args=list(arguments), prog_name=program, standalone_mode=False)
    except Exception as error:
        # typer brings its own copy of click from 0.20 on, so its exceptions have no stable address.
        complain = getattr(error, "format_message", None)
        if complain is None:
            raise
        if type(error).__name__ == "NoArgsIsHelpError":
            print(complain())
            return ExitCode.USAGE
        raise UsageError(f"{complain().rstrip('.')}. See `{program} --help`.") from error
    return result if isinstance(result, int) else ExitCode.DONE
