"""The interactive front end: a prompt at the bottom, everything finished above it in the scrollback."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from qwen_code.errors import UsageError
from qwen_code.settings.model import Settings
from qwen_code.ui.repl.port import AppFactory, FirstRunPlace


async def run_repl(
    open_app: AppFactory,
    settings: Settings,
    first_prompt: str | None = None,
    *,
    directory: Path,
    history: Path,
    resume: str | None = None,
    first_run: FirstRunPlace | None = None,
) -> int:
    """Talk with a person until they leave; the exit code.

    Args:
        open_app: opens the application once the prompt is on the screen; called exactly once.
        settings: as loaded; `ui.*` is obeyed here.
        first_prompt: sent as soon as the application is open.
        directory: the project, for `@` completion.
        history: the file that remembers what was typed.
        resume: a session's id, the beginning of one, or `latest`.
        first_run: given when no model is set up: where to keep the one that is chosen.

    Raises:
        UsageError: standard input or output is no terminal.
        QwenCodeError: the application can't be opened.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("The interactive mode needs a terminal. Use `qwen-code -p PROMPT` here.")
    if os.environ.get("TERM", "dumb") == "dumb":
        from qwen_code.ui.repl.line_mode import run_line_mode

        return await run_line_mode(open_app, settings, first_prompt, resume=resume)
    from prompt_toolkit.input.defaults import create_input

    from qwen_code.ui.painter import Painter
    from qwen_code.ui.repl.banner import farewell
    from qwen_code.ui.repl.repl import Repl
    from qwen_code.ui.repl.screen import terminal_output
    from qwen_code.ui.theme import theme_named

    output = terminal_output()
    painter = Painter(
        output.get_size().columns, theme_named(settings.ui.theme), plain=settings.ui.screen_reader
    )
    repl = Repl(settings, painter, directory=directory, history=history, input=create_input(), output=output)
    code = await repl.run(open_app, first_prompt, resume, first_run)
    if repl.resumable and not output.lost:
        print(f"\n{farewell(repl.resumable)}")
    return code
