"""`qwen-code [PROMPT]`: the agent itself, in the terminal or for one prompt."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from qwen_code.cli.entry import COMMANDS
from qwen_code.errors import InputError, UsageError

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

MAX_STDIN_BYTES = 8 * 1024 * 1024
LATEST = "latest"
"""What `--resume` without a value stands for."""

_OPTIONAL_VALUES = {"-r": LATEST, "--resume": LATEST}

_EPILOG = "\b\nCommands (each has its own --help):\n" + "\n".join(
    f"  {name:<12} {text}" for name, text in COMMANDS.items()
)


def with_optional_values(arguments: list[str]) -> list[str]:
    """Give `-r` and `--resume` their default where no value follows."""
    result: list[str] = []
    for index, argument in enumerate(arguments):
        result.append(argument)
        follows = arguments[index + 1 : index + 2]
        if argument in _OPTIONAL_VALUES and (not follows or follows[0].startswith("-")):
            result.append(_OPTIONAL_VALUES[argument])
    return result


def _option(*names: str, help: str, **more: Any) -> Any:
    return typer.Option(*names, help=help, show_default=False, **more)


@app.command(epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
def agent(
    words: Annotated[list[str] | None, typer.Argument(metavar="[PROMPT]", show_default=False)] = None,
    prompt: Annotated[str | None, _option("-p", "--prompt", help="Run this prompt and exit.")] = None,
    prompt_interactive: Annotated[
        str | None, _option("-i", "--prompt-interactive", help="Run this prompt, then stay.")
    ] = None,
    model: Annotated[
        str | None, _option("-m", "--model", help="Model name, GGUF file, or scripted:FILE.")
    ] = None,
    provider: Annotated[str | None, _option("--provider", help="openrouter, dashscope, ollama, ...")] = None,
    base_url: Annotated[
        str | None, _option("--openai-base-url", "--base-url", help="OpenAI-compatible endpoint.")
    ] = None,
    api_key: Annotated[str | None, _option("--openai-api-key", "--api-key", help="Key for it.")] = None,
    continue_: Annotated[
        bool, _option("-c", "--continue", help="Go on with this project's latest session.")
    ] = False,
    resume: Annotated[
        str | None, _option("-r", "--resume", help="Go on with a session: its id, a prefix, or the latest.")
    ] = None,
    session_id: Annotated[str | None, _option("--session-id", help="Id for the new session.")] = None,
    output_format: Annotated[
        str, _option("-o", "--output-format", help="text, json or stream-json.")
    ] = "text",
    include_partial_messages: Annotated[
        bool, _option("--include-partial-messages", help="stream-json: text as it comes.")
    ] = False,
    approval_mode: Annotated[
        str | None, _option("--approval-mode", help="plan, default, auto-edit, auto or yolo.")
    ] = None,
    yolo: Annotated[
        bool, _option("-y", "--yolo", help="Ask nothing (same as --approval-mode yolo).")
    ] = False,
    allowed_tools: Annotated[
        list[str] | None, _option("--allowed-tools", help="Permission rule to add, e.g. 'Bash(npm test)'.")
    ] = None,
    core_tools: Annotated[
        list[str] | None, _option("--core-tools", help="Offer only these tools (comma-separated).")
    ] = None,
    exclude_tools: Annotated[
        list[str] | None, _option("--exclude-tools", help="Do not offer these tools (comma-separated).")
    ] = None,
    verify: Annotated[
        str | None, _option("--verify", help="Command that must succeed before the run counts as done.")
    ] = None,
    max_session_turns: Annotated[
        int | None, _option("--max-session-turns", help="Requests to the model, at most.", min=1)
    ] = None,
    max_wall_time: Annotated[
        float | None, _option("--max-wall-time", help="Seconds, at most.", min=0.001)
    ] = None,
    max_tool_calls: Annotated[
        int | None, _option("--max-tool-calls", help="Tool calls, at most.", min=0)
    ] = None,
    max_tokens: Annotated[
        int | None, _option("--max-tokens", help="Tokens of all requests together, at most.", min=1)
    ] = None,
    max_cost: Annotated[
        float | None, _option("--max-cost", help="US dollars, at most, as the provider reports them.", min=0)
    ] = None,
    profile: Annotated[str | None, _option("--profile", help="Prompt profile: system or lean.")] = None,
    system_prompt: Annotated[
        str | None, _option("--system-prompt", help="Use this instead of the profile's text.")
    ] = None,
    append_system_prompt: Annotated[
        str | None, _option("--append-system-prompt", help="Add this to the system prompt.")
    ] = None,
    add_dir: Annotated[
        list[Path] | None, _option("--add-dir", help="Another directory that is part of the workspace.")
    ] = None,
    trust: Annotated[
        bool, _option("--trust", help="Obey this folder's settings and instructions in this run.")
    ] = False,
    no_sandbox: Annotated[bool, _option("--no-sandbox", help="Run commands without a sandbox.")] = False,
    progress: Annotated[
        bool, _option("--progress", help="One-shot: tell the steps on stderr even where it is no terminal.")
    ] = False,
    screen_reader: Annotated[
        bool, _option("--screen-reader", help="No boxes, no spinner, one line at a time.")
    ] = False,
    debug: Annotated[bool, _option("--debug", help="Write a debug log; show tracebacks.")] = False,
    version: Annotated[bool, _option("-V", "--version", help="Show the version and exit.")] = False,
) -> None:
    """A terminal coding agent for open-weight Qwen models.

    Without a prompt: an interactive session in the current directory. With one, as an argument, by -p, or on
    stdin: it is run to its end, the result goes to stdout, and the exit code says how it ended.
    """
    if version:
        from qwen_code import __version__

        print(f"qwen-code {__version__}")
        return
    if prompt is not None and words:
        raise UsageError("Give the prompt once: either as -p PROMPT or as the last argument.")
    if continue_ and resume is not None:
        raise UsageError("Use either --continue or --resume, not both.")
    if output_format not in ("text", "json", "stream-json"):
        raise UsageError(f"--output-format takes text, json or stream-json, not {output_format!r}.")
    flags: dict[str, object] = {
        "model.name": model,
        "model.provider": provider,
        "model.baseUrl": base_url,
        "model.apiKey": api_key,
        "tools.approvalMode": "yolo" if yolo else approval_mode,
        "tools.core": _split(core_tools),
        "tools.disabled": _split(exclude_tools),
        "permissions.allow": tuple(allowed_tools) if allowed_tools else None,
        "model.maxSessionTurns": max_session_turns,
        "model.maxWallTimeSeconds": max_wall_time,
        "model.maxToolCalls": max_tool_calls,
        "agent.maxTokens": max_tokens,
        "agent.maxCostUsd": max_cost,
        "agent.verify": verify,
        "agent.profile": profile,
        "agent.systemPrompt": system_prompt,
        "agent.appendSystemPrompt": append_system_prompt,
        "context.includeDirectories": tuple(str(path) for path in add_dir) if add_dir else None,
        "ui.accessibility.screenReader": screen_reader or None,
        "sandbox.enabled": False if no_sandbox else None,
        "debug": debug or None,
    }
    from qwen_code.cli.launch import Launch, launch

    task = prompt if prompt is not None else " ".join(words or [])
    interactive = prompt is None and not words and sys.stdin.isatty()
    if not interactive and prompt_interactive is None:
        task = _with_stdin(task)
    raise typer.Exit(
        launch(
            Launch(
                flags={key: value for key, value in flags.items() if value is not None},
                prompt=prompt_interactive if prompt_interactive is not None else task,
                interactive=interactive or prompt_interactive is not None,
                resume=LATEST if continue_ else resume,
                session_id=session_id,
                output_format=output_format,
                include_partial_messages=include_partial_messages,
                progress=progress,
                trust=trust,
            )
        )
    )


def _split(values: list[str] | None) -> tuple[str, ...] | None:
    if values is None:
        return None
    return tuple(part.strip() for value in values for part in value.split(",") if part.strip())


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
    import os
    import select
    import stat

    if sys.stdin is None or sys.stdin.closed or sys.stdin.isatty():
        return ""
    descriptor = sys.stdin.fileno()
    if not wait and not stat.S_ISREG(os.fstat(descriptor).st_mode):
        ready, _, _ = select.select([descriptor], [], [], 0.1)
        if not ready:
            return ""
    data = sys.stdin.buffer.read(MAX_STDIN_BYTES + 1)
    if len(data) > MAX_STDIN_BYTES:
        raise InputError(f"stdin holds more than {MAX_STDIN_BYTES >> 20} MB; put it into a file and name it.")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError("stdin is not UTF-8 text; put it into a file and name it instead.") from error
