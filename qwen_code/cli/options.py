"""The options of `qwen-code [PROMPT]`, as data, and the quick way to read them.

`read` understands a plain command line without typer, whose value conversion imports pydantic (75 ms of CPU
before the first request). What it does not understand, mistakes above all, goes to typer, which is built from
the same table in `run_command.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast

from qwen_code.sessions import LATEST

Kind: TypeAlias = Literal["text", "texts", "flag", "whole", "number"]
Values: TypeAlias = dict[str, object]
"""By option name; options that were not given are not in it. `words` holds the arguments."""

WORDS = "words"


@dataclass(frozen=True, slots=True)
class Option:
    """One option; `least` is the smallest value that a number may have."""

    name: str
    spellings: tuple[str, ...]
    help: str
    kind: Kind = "text"
    metavar: str = "TEXT"
    least: float | None = None
    without_value: str = ""
    """What the option means when no value follows; empty: it needs one."""


def _text(name: str, spellings: str, metavar: str, help: str, without_value: str = "") -> Option:
    return Option(name, tuple(spellings.split()), help, metavar=metavar, without_value=without_value)


def _flag(name: str, spellings: str, help: str) -> Option:
    return Option(name, tuple(spellings.split()), help, "flag")


def _texts(name: str, spellings: str, metavar: str, help: str) -> Option:
    return Option(name, tuple(spellings.split()), help, "texts", metavar)


def _whole(name: str, spellings: str, help: str, least: int = 1) -> Option:
    return Option(name, tuple(spellings.split()), help, "whole", "N", least)


OPTIONS: tuple[Option, ...] = (
    _text("prompt", "-p --prompt", "PROMPT", "Run this prompt and exit."),
    _text("prompt_interactive", "-i --prompt-interactive", "PROMPT", "Run this prompt, then stay."),
    _text("model", "-m --model", "MODEL", "Model name, GGUF file, or scripted:FILE."),
    _text("provider", "--provider", "NAME", "openrouter, dashscope, ollama, ..."),
    _text("base_url", "--openai-base-url --base-url", "URL", "OpenAI-compatible endpoint."),
    _text("api_key", "--openai-api-key --api-key", "KEY", "Key for it; better in the environment."),
    _flag("continue_latest", "-c --continue", "Go on with this project's latest session."),
    _text("resume", "-r --resume", "[ID]", "Go on with a session: its id, a prefix, or the latest.", LATEST),
    _text("session_id", "--session-id", "ID", "Id for the new session."),
    _text("output_format", "-o --output-format", "FORMAT", "text, json or stream-json."),
    _text("json_schema", "--json-schema", "SCHEMA|@FILE", "The answer must be JSON of this schema."),
    _flag("include_partial_messages", "--include-partial-messages", "stream-json: text as it comes."),
    _text("approval_mode", "--approval-mode", "MODE", "plan, default, auto-edit, auto or yolo."),
    _flag("yolo", "-y --yolo", "Ask nothing (same as --approval-mode yolo)."),
    _texts("allowed_tools", "--allowed-tools", "RULE", "Permission rule to add, e.g. 'Bash(npm test)'."),
    _texts("core_tools", "--core-tools", "NAMES", "Offer only these tools (comma-separated)."),
    _texts("exclude_tools", "--exclude-tools", "NAMES", "Do not offer these tools (comma-separated)."),
    _text("verify", "--verify", "COMMAND", "Must succeed before the run counts as done."),
    _whole("max_session_turns", "--max-session-turns", "Requests to the model, at most."),
    Option("max_wall_time", ("--max-wall-time",), "Seconds, at most.", "number", "SECONDS", 0.001),
    _whole("max_tool_calls", "--max-tool-calls", "Tool calls, at most."),
    _whole("max_tokens", "--max-tokens", "Tokens of all requests together, at most."),
    Option("max_cost", ("--max-cost",), "US dollars, at most, as the provider reports.", "number", "USD", 0),
    _text("profile", "--profile", "NAME", "Prompt profile: system or lean."),
    _text("system_prompt", "--system-prompt", "TEXT", "Use this instead of the profile's text."),
    _text("append_system_prompt", "--append-system-prompt", "TEXT", "Add this to the system prompt."),
    _texts("add_dir", "--add-dir", "DIR", "Another directory that is part of the workspace."),
    _flag("trust", "--trust", "Obey this folder's settings and instructions in this run."),
    _text("network", "--network", "WHAT", "What commands reach: off, on, ask or allow:NAME,..."),
    _flag("network_private", "--network-private", "Allowed names may lead to private networks."),
    _flag("no_sandbox", "--no-sandbox", "Run commands without a sandbox."),
    _flag("progress", "--progress", "One-shot: tell the steps on stderr even where it is no terminal."),
    _flag("screen_reader", "--screen-reader", "No boxes, no spinner, one line at a time."),
    _flag("debug", "--debug", "Write a debug log; show tracebacks."),
    _flag("version", "-V --version", "Show the version and exit."),
)

BY_SPELLING = {spelling: option for option in OPTIONS for spelling in option.spellings}


def with_optional_values(arguments: Sequence[str]) -> list[str]:
    """Put in the value where it may be left out and is."""
    result: list[str] = []
    for index, argument in enumerate(arguments):
        result.append(argument)
        option = BY_SPELLING.get(argument)
        follows = arguments[index + 1 : index + 2]
        if option is not None and option.without_value and (not follows or follows[0].startswith("-")):
            result.append(option.without_value)
    return result


def read(arguments: Sequence[str]) -> Values | None:
    """The values of a plain command line; None when typer has to look at it."""
    values: Values = {}
    words: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        if argument == "--":
            words += rest
            break
        if not argument.startswith("-") or argument == "-":
            words.append(argument)
            continue
        spelling, joined, value = argument.partition("=")
        option = BY_SPELLING.get(spelling)
        if option is None or (joined and (option.kind == "flag" or not spelling.startswith("--"))):
            return None
        if option.kind == "flag":
            values[option.name] = True
            continue
        if not joined and (following := next(rest, None)) is not None:
            value = following
        elif not joined:
            return None
        read_value = _value(option, value)
        if read_value is None:
            return None
        if option.kind == "texts":
            read_value = [*texts_of(values, option.name), value]
        values[option.name] = read_value
    if words:
        values[WORDS] = words
    return values


def texts_of(values: Values, name: str) -> list[str]:
    """The values of an option that may be given several times."""
    found = values.get(name)
    return cast("list[str]", found) if isinstance(found, list) else []


def _value(option: Option, text: str) -> str | int | float | None:
    """The value, None when it is not what the option takes."""
    if option.kind in ("text", "texts"):
        return text
    try:
        number = int(text) if option.kind == "whole" else float(text)
    except ValueError:
        return None
    return number if option.least is None or number >= option.least else None
