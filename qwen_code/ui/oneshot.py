"""One prompt, one result, one exit code (`qwen-code -p`): nothing is ever asked.

stdout carries the result alone, in the format chosen; what happens on the way is told on stderr, when that
is a terminal.
"""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Literal, Protocol, TextIO, TypeAlias, cast

from qwen_code.errors import ExitCode, QwenCodeError
from qwen_code.events import Denial, Event, Outcome, TurnEnded

Format: TypeAlias = Literal["text", "json", "stream-json"]


class Runner(Protocol):
    """The part of the app that a one-shot run needs."""

    @property
    def session_id(self) -> str: ...
    @property
    def directory(self) -> str: ...
    @property
    def model_name(self) -> str: ...
    @property
    def mode_name(self) -> str: ...
    @property
    def tool_names(self) -> tuple[str, ...]: ...
    def run(self, prompt: str) -> AsyncGenerator[Event, None]: ...


async def run_oneshot(
    app: Runner,
    prompt: str,
    *,
    output: Format = "text",
    partial: bool = False,
    version: str = "",
    progress: bool = False,
    out: TextIO | None = None,
    err: TextIO | None = None,
) -> ExitCode:
    """Run `prompt` to its end and print what came of it; the exit code is the outcome's."""
    out, err = _stream(out, sys.stdout), _stream(err, sys.stderr)
    printer = _Text(out, err) if output == "text" else _Json(app, out, output, partial, version)
    teller = None
    if progress or (err.isatty() and output == "text"):
        from qwen_code.ui.progress import Progress

        teller = Progress(err)
    ended: TurnEnded | None = None
    async with aclosing(app.run(prompt)) as events:
        async for event in events:
            if teller is not None:
                teller.show(event)
            printer.take(event)
            if isinstance(event, TurnEnded):
                ended = event
    assert ended is not None, "a turn ended without saying so"
    printer.close(ended)
    return ended.outcome.exit_code


def _stream(given: TextIO | None, standard: TextIO | None) -> TextIO:
    """The stream to write to; a process that was started without one (`>&-`) writes nowhere."""
    if given is not None or standard is not None:
        return cast("TextIO", given or standard)
    import os

    return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 - open to the process's end


def _write(out: TextIO, text: str) -> None:
    """Raises QwenCodeError when there is no room for the result; BrokenPipeError when nobody wants it."""
    try:
        out.write(text)
        out.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise QwenCodeError(f"The result can't be written to stdout: {reason}.") from error


def _line(message: dict[str, object], encoding: str | None) -> str:
    """JSON as it is; in ASCII where a name in it is not text, or the stream's encoding lacks characters."""
    line = json.dumps(message, ensure_ascii=False)
    try:
        line.encode(encoding or "utf-8")
    except UnicodeEncodeError:
        return json.dumps(message)
    return line


class _Text:
    """The last answer on stdout; what stopped the run, if anything did, on stderr."""

    def __init__(self, out: TextIO, err: TextIO) -> None:
        self._out, self._err = out, err

    def take(self, event: Event) -> None:
        pass

    def close(self, ended: TurnEnded) -> None:
        text = ended.text
        if ended.structured is not None:
            text = json.dumps(ended.structured, ensure_ascii=False, indent=2)
        if text:
            _write(self._out, self._harmless(text) + "\n")
        if ended.outcome is not Outcome.DONE:
            self._err.write(f"qwen-code: {ended.detail}\n")
        for denial in ended.denials:
            if denial.by_sandbox:
                self._err.write(f"qwen-code: {_stopped(denial)}\n")

    def _harmless(self, text: str) -> str:
        """Nothing that steers a terminal reaches one; files and pipes get the text as it is."""
        if not self._out.isatty():
            return text
        from qwen_code.ui.terminal_text import shown

        return shown(text)


def _stopped(denial: Denial) -> str:
    """A call that the sandbox made fail, on one line that steers no terminal."""
    from qwen_code.ui.terminal_text import shown_line

    command = str(denial.call.arguments.get("command", denial.call.name))
    text = f"the sandbox stopped `{command}`: {denial.reason}; {denial.rule} permits it"
    return shown_line(text)


class _Json:
    """Qwen Code's messages: one a line as they come, or all in one array at the end."""

    def __init__(self, app: Runner, out: TextIO, output: Format, partial: bool, version: str) -> None:
        from qwen_code.ui.stream_json import SessionFacts, StreamJson

        facts = SessionFacts(
            app.session_id, app.directory, app.tool_names, app.model_name, app.mode_name, version
        )
        self._stream = StreamJson(facts, partial)
        self._out = out
        self._lines = output == "stream-json"
        self._kept: list[str] = []
        self._put(self._stream.init())

    def take(self, event: Event) -> None:
        for message in self._stream.project(event):
            self._put(message)

    def close(self, ended: TurnEnded) -> None:
        if not self._lines:
            _write(self._out, "[" + ",\n".join(self._kept) + "]\n")

    def _put(self, message: dict[str, object]) -> None:
        line = _line(message, self._out.encoding)
        if self._lines:
            _write(self._out, line + "\n")
        else:
            self._kept.append(line)
