"""`qwen-code tools`: list the tools, run one by hand, decode tool calls in model text."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer

from qwen_code.cli.json_lines import read_json, read_lines, write_line
from qwen_code.errors import ExitCode, InputError, UsageError

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help="List the tools, run one by hand, decode tool calls in model text.",
)


@app.command("list")
def list_tools(
    as_json: Annotated[bool, typer.Option("--json", help="As the request's `tools`.")] = False,
) -> None:
    """List the tools with what the model is told of them."""
    from qwen_code.agent.registry import load_tools

    specs = load_tools().specs()
    if as_json:
        functions = [
            {"name": spec.name, "description": spec.description, "parameters": spec.parameters}
            for spec in specs
        ]
        print(json.dumps([{"type": "function", "function": f} for f in functions], indent=2))
        return
    for spec in specs:
        required = spec.parameters["required"]
        names = [name if name in required else f"[{name}]" for name in spec.parameters["properties"]]
        print(f"{spec.name}({', '.join(names)})\n    {spec.description.splitlines()[0]}")


@app.command("run")
def run_tool(
    name: Annotated[str | None, typer.Argument(help="The tool; its JSON arguments come on stdin.")] = None,
    mode: Annotated[str, typer.Option("--mode", help="Permission mode.")] = "default",
    assume_read: Annotated[
        bool, typer.Option("--assume-read", help="Let files be changed without being read first.")
    ] = False,
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help="Lines {id, workspace, tool, args, mode, read_first}.")
    ] = False,
) -> None:
    """Run one tool under the permission policy and print what came of it as JSON.

    Nobody is asked: what a mode would ask about counts as refused. The exit code is 0 when the tool did its
    work, 1 when it failed, 54 when it was not permitted.
    """
    import asyncio

    from qwen_code.cli.tool_runs import ToolRuns
    from qwen_code.permissions.decision import Mode

    if mode not in list(Mode):
        raise UsageError(f"There is no mode {mode!r}; use {', '.join(Mode)}.")
    if jsonl == (name is not None):
        raise UsageError("Give either the NAME of a tool or --jsonl.")
    runs = ToolRuns(mode, assume_read)
    if jsonl:
        asyncio.run(runs.lines(read_lines(), write_line))
        return
    arguments = read_json()
    if not isinstance(arguments, dict):
        raise InputError("The arguments on stdin must be one JSON object.")
    answer = asyncio.run(runs.once({"tool": name, "args": arguments}))
    print(json.dumps(answer, indent=2, ensure_ascii=False))
    denied = answer["decision"] != "allow"
    raise typer.Exit(ExitCode.DONE if answer["ok"] else ExitCode.DENIED if denied else ExitCode.FAILED)


@app.command("decode")
def decode_text(
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help="Lines {id, tools, text, finish_reason, native_name}.")
    ] = False,
    finish_reason: Annotated[str, typer.Option(help="How the server said that the text ended.")] = "stop",
) -> None:
    """Decode the tool calls in model text on stdin, with the built-in tools or those of each line."""
    from qwen_code.wire.jsonl import decode_line

    if jsonl:
        for line in read_lines():
            write_line(decode_line(line))
        return
    from qwen_code.agent.registry import load_tools

    tools = [
        {"type": "function", "function": {"name": s.name, "parameters": s.parameters}}
        for s in load_tools().specs()
    ]
    line: dict[str, Any] = {"tools": tools, "text": sys.stdin.read(), "finish_reason": finish_reason}
    answer = decode_line(line)
    print(json.dumps({k: v for k, v in answer.items() if k != "id"}, indent=2, ensure_ascii=False))
