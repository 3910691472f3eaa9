"""`qwen-code [PROMPT]`: the agent itself, in the terminal or for one prompt."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from qwen_code.cli.options import WORDS, Values, read, texts_of, with_optional_values
from qwen_code.errors import ExitCode, InputError, UsageError
from qwen_code.sessions import LATEST

if TYPE_CHECKING:
    from qwen_code.ui.oneshot import Format

MAX_STDIN_BYTES = 8 * 1024 * 1024


def run(arguments: Sequence[str]) -> int:
    """Read the command line and do what it says; the exit code."""
    arguments = with_optional_values(arguments)
    values = read(arguments)
    if values is None or "--help" in arguments or "-h" in arguments:
        from qwen_code.cli.agent_command import read_with_typer

        values = read_with_typer(arguments)
        if values is None:
            return ExitCode.DONE
    return start(values)


def start(values: Values) -> int:
    """Start what `values` describe; see `options.OPTIONS` for their names."""
    if values.get("version"):
        from qwen_code import __version__

        print(f"qwen-code {__version__}")
        return ExitCode.DONE
    _refuse_contradictions(values)
    from qwen_code.cli.launch import Launch, launch

    words, prompt, first = (
        texts_of(values, WORDS),
        _text(values, "prompt"),
        _text(values, "prompt_interactive"),
    )
    task = prompt if prompt is not None else " ".join(words)
    interactive = prompt is None and not words and sys.stdin.isatty()
    if not interactive and first is None:
        task = _with_stdin(task)
    return launch(
        Launch(
            flags=_settings(values),
            prompt=first if first is not None else task,
            interactive=interactive or first is not None,
            resume=LATEST if values.get("continue_latest") else _text(values, "resume"),
            session_id=_text(values, "session_id"),
            output_format=_format(_text(values, "output_format")),
            json_schema=_schema(_text(values, "json_schema")),
            include_partial_messages=bool(values.get("include_partial_messages")),
            progress=bool(values.get("progress")),
            trust=bool(values.get("trust")),
        )
    )


def _refuse_contradictions(values: Values) -> None:
    if "prompt" in values and values.get(WORDS):
        raise UsageError("Give the prompt once: either as -p PROMPT or as the last argument.")
    if values.get("continue_latest") and "resume" in values:
        raise UsageError("Use either --continue or --resume, not both.")
    if values.get("yolo") and "approval_mode" in values:
        raise UsageError("Use either --yolo or --approval-mode, not both.")
    for path in texts_of(values, "add_dir"):
        if not os.path.isdir(path):  # noqa: PTH112 - pathlib is not needed for this
            raise InputError(f"--add-dir {path}: there is no such directory.")


def _settings(values: Values) -> dict[str, object]:
    """The options that are settings, by the names that settings files use."""
    flags: dict[str, object] = {
        "model.name": values.get("model"),
        "model.provider": values.get("provider"),
        "model.baseUrl": values.get("base_url"),
        "model.apiKey": values.get("api_key"),
        "tools.approvalMode": "yolo" if values.get("yolo") else values.get("approval_mode"),
        "tools.core": _names(values, "core_tools"),
        "tools.disabled": _names(values, "exclude_tools"),
        "permissions.allow": texts_of(values, "allowed_tools") or None,
        "model.maxSessionTurns": values.get("max_session_turns"),
        "model.maxWallTimeSeconds": values.get("max_wall_time"),
        "model.maxToolCalls": values.get("max_tool_calls"),
        "agent.maxTokens": values.get("max_tokens"),
        "agent.maxCostUsd": values.get("max_cost"),
        "agent.verify": values.get("verify"),
        "agent.profile": values.get("profile"),
        "agent.systemPrompt": values.get("system_prompt"),
        "agent.appendSystemPrompt": values.get("append_system_prompt"),
        "context.includeDirectories": texts_of(values, "add_dir") or None,
        "ui.accessibility.screenReader": values.get("screen_reader"),
        "sandbox.network": values.get("network"),
        "sandbox.networkPrivate": values.get("network_private"),
        "sandbox.enabled": False if values.get("no_sandbox") else None,
        "debug": values.get("debug"),
    }
    return {key: value for key, value in flags.items() if value is not None}


def _text(values: Values, name: str) -> str | None:
    value = values.get(name)
    return value if isinstance(value, str) else None


def _names(values: Values, name: str) -> list[str] | None:
    names = [part.strip() for text in texts_of(values, name) for part in text.split(",")]
    return [part for part in names if part] or None


def _format(name: str | None) -> Format:
    match name:
        case None | "text":
            return "text"
        case "json" | "stream-json":
            return name
        case _:
            raise UsageError(f"--output-format takes text, json or stream-json, not {name!r}.")


def _schema(given: str | None) -> str | None:
    """The schema's text, read where a file is named.

    Raises:
        InputError: the file can't be read.
    """
    if given is None or not given.startswith("@"):
        return given
    try:
        with open(given[1:], encoding="utf-8") as file:  # noqa: PTH123 - pathlib is not needed for this
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise InputError(f"--json-schema {given}: {(reason or str(error)).lower()}.") from None


def _with_stdin(task: str) -> str:
    """The prompt with what was piped in; the piped text alone where there is no other prompt.

    Raises:
        InputError: there is neither, or the text is too long or not UTF-8.
    """
    piped = _read_stdin(wait=not task.strip())
    if not piped.strip():
        if not task.strip():
            raise InputError("The prompt is empty; give one with -p, as an argument or on stdin.")
        return task
    return f"{task}\n\n<stdin>\n{piped}\n</stdin>" if task.strip() else piped


def _read_stdin(*, wait: bool) -> str:
    """What stdin holds. A pipe that nobody writes to is waited for only when it must hold the prompt."""
    import stat

    try:
        descriptor = sys.stdin.fileno()
        kind = os.fstat(descriptor).st_mode
    except (AttributeError, ValueError, OSError):  # closed, or none at all
        return ""
    if os.isatty(descriptor) or stat.S_ISCHR(kind):
        return ""
    if not wait and not stat.S_ISREG(kind):
        import select

        if not select.select([descriptor], [], [], 0.1)[0]:
            return ""
    data = sys.stdin.buffer.read(MAX_STDIN_BYTES + 1)
    if len(data) > MAX_STDIN_BYTES:
        raise InputError(f"stdin holds more than {MAX_STDIN_BYTES >> 20} MB; put it into a file and name it.")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError("stdin is not UTF-8 text; put it into a file and name it instead.") from error
