"""What the prompt can start: a turn of the agent, a compaction, or with `!` a line for the shell."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import suppress

from qwen_code.agent.prompting import init_prompt
from qwen_code.events import Event, Outcome, ToolFinished, ToolOutput, ToolStarted, TurnEnded
from qwen_code.messages import ToolCall
from qwen_code.tool import CommandBlock, CommandResult
from qwen_code.ui.repl.calls import OWN_CALL
from qwen_code.ui.repl.port import App

SHELL_SIGN = "!"
COMPRESS, INIT = "/compress", "/init"
"""Commands that run like a turn."""
KEPT_OUTPUT = 16_384
"""Characters of a command's output that stay on the screen when it is interrupted."""


def is_shell_line(text: str) -> bool:
    return text.startswith(SHELL_SIGN) and len(text.strip()) > 1


class Jobs:
    """Gives both kinds of work the same face: a stream of events that can be interrupted."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._command: asyncio.Task[CommandResult] | None = None
        self._commands = 0

    def run(self, prompt: str) -> AsyncGenerator[Event, None]:
        if is_shell_line(prompt):
            return self._shell(prompt[1:].strip())
        command, _, argument = prompt.partition(" ")
        if command == COMPRESS:
            return self._app.compress(argument)
        if command == INIT:
            return self._app.run(init_prompt(self._app.settings.context.file_names, argument))
        return self._app.run(prompt)

    def steer(self, text: str) -> None:
        self._app.steer(text)

    def interrupt(self) -> None:
        if self._command is not None:
            self._command.cancel()
        else:
            self._app.interrupt()

    async def _shell(self, command: str) -> AsyncGenerator[Event, None]:
        """One command, not told to the model."""
        self._commands += 1
        call = ToolCall(f"{OWN_CALL}{self._commands}", "run_shell_command", {"command": command})
        output: asyncio.Queue[str | None] = asyncio.Queue()
        shown = ""
        started = time.monotonic()
        task = self._command = asyncio.create_task(self._app.run_command(command, output.put_nowait))
        task.add_done_callback(lambda _: output.put_nowait(None))
        yield ToolStarted(call, command)
        try:
            while (text := await output.get()) is not None:
                shown = (shown + text)[-KEPT_OUTPUT:]
                yield ToolOutput(call.id, text)
            if task.cancelled():
                yield ToolFinished(call, False, "", CommandBlock(command, "", shown, None))
                yield TurnEnded(Outcome.INTERRUPTED)
                return
            result = task.result()
            block = CommandBlock(command, str(result.directory or ""), result.text, result.exit_code)
            took = time.monotonic() - started
            yield ToolFinished(call, result.exit_code == 0, "", block, duration_s=took)
            yield TurnEnded(Outcome.DONE)
        finally:
            self._command = None
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
