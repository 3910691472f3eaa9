"""Commands that show something: help, tools, statistics, status."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rich.text import Text

from qwen_code import __version__
from qwen_code.ui.markdown_view import MARGIN
from qwen_code.ui.quantities import duration, tokens
from qwen_code.ui.repl.commands.columns import pairs
from qwen_code.ui.repl.commands.command import Command
from qwen_code.ui.terminal_text import shown, shown_line

if TYPE_CHECKING:
    from qwen_code.ui.repl.completion import Candidate
    from qwen_code.ui.repl.repl import Repl

KEYS = (
    ("Enter", "send; while a turn runs: said at its next step"),
    ("Alt+Enter, Ctrl+J, \\ Enter", "a new line"),
    ("Ctrl+Q", "while a turn runs: send after it"),
    ("↑", "history; takes back what waits"),
    ("Esc, Ctrl+C", "stop the turn; Ctrl+C twice leaves"),
    ("Shift+Tab", "next approval mode"),
    ("Ctrl+O", "show the last shortened output in full"),
    ("Ctrl+R", "search the history"),
    ("Ctrl+G", "write the prompt in $EDITOR"),
    ("Ctrl+D", "leave, on an empty prompt"),
    ("@path", "name a file"),
    ("!command", "run a line in the shell yourself"),
)


async def help_(repl: Repl, argument: str) -> None:
    """Keys and commands."""
    from qwen_code.ui.repl.commands.table import COMMANDS

    rows = [(f"/{c.name} {c.argument}".rstrip(), c.summary) for c in COMMANDS]
    lines = [*pairs("Keys", KEYS, repl.painter), Text(), *pairs("Commands", rows, repl.painter)]
    repl.say(lines)


async def tools(repl: Repl, argument: str) -> None:
    """All tools, or what the model is told of one."""
    assert repl.app is not None
    specs = repl.app.tools()
    if argument:
        spec = next((s for s in specs if s.name == argument), None)
        if spec is None:
            repl.warn(f"There is no tool {argument}. /tools lists all.")
            return
        lines = [Text(f"{MARGIN}{spec.name}", "strong")]
        for row in shown(spec.description).split("\n"):
            lines += repl.painter.wrap(Text(row), MARGIN * 2)
        for name, schema in spec.parameters.get("properties", {}).items():
            text = Text(str(schema.get("type", "")) + "  ", "dim").append(
                shown_line(str(schema.get("description", "")))
            )
            lines += repl.painter.wrap(text, f"{MARGIN * 2}{shown_line(name)}  ", MARGIN * 3, style="accent")
        repl.say(lines)
        return
    rows = [(shown_line(s.name), shown_line(s.description.strip().split("\n")[0])) for s in specs]
    repl.say(pairs(f"{len(rows)} tools", rows, repl.painter))


def tool_names(repl: Repl) -> list[Candidate]:
    return [(s.name, s.description.split("\n")[0]) for s in repl.app.tools()] if repl.app else []


async def stats(repl: Repl, argument: str) -> None:
    """What the session has used so far."""
    assert repl.app is not None
    stats = repl.app.stats()
    usage = stats.usage
    cached = f", {usage.cached_tokens / usage.prompt_tokens:.0%} cached" if usage.cached_tokens else ""
    calls = sum(stats.tool_calls.values())
    by_tool = ", ".join(f"{shown_line(name)} {count}" for name, count in stats.tool_calls.items())
    rows = [
        ("session", duration(time.time() - stats.started) + f", {_counted(stats.turns, 'turn')}"),
        ("requests", f"{stats.requests}" + (f", {stats.retries} made again" if stats.retries else "")),
        ("tokens", f"{tokens(usage.prompt_tokens)} read{cached}, {tokens(usage.completion_tokens)} written"),
        ("model time", duration(stats.model_s)),
        ("tool calls", f"{calls}" + (f" ({by_tool})" if by_tool else "")),
    ]
    if stats.tool_failures:
        refused = f", {stats.denials} of them refused" if stats.denials else ""
        rows.append(("failed calls", f"{stats.tool_failures}{refused}"))
    if usage.cost_usd is not None:
        rows.append(("cost", f"${usage.cost_usd:.4f}"))
    if stats.files_changed:
        root = f"{repl.app.workspace.root}/"
        rows.append(
            ("files changed", ", ".join(shown_line(p.removeprefix(root)) for p in stats.files_changed))
        )
    repl.say(pairs("This session", rows, repl.painter))


async def status(repl: Repl, argument: str) -> None:
    """Where one is."""
    app = repl.app
    assert app is not None
    rows = [
        ("qwen-code", __version__),
        ("model", f"{shown_line(app.model_name)} ({shown_line(app.model_location)})"),
        ("approval mode", app.mode.value),
        ("sandbox", app.sandbox.name),
        ("folder trusted", "yes" if app.trusted else "no; /trust changes that"),
        ("folder", shown_line(str(app.workspace.root))),
        ("session", app.session_id),
        ("theme", repl.painter.theme),
    ]
    repl.say(pairs("Status", rows, repl.painter))


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


COMMANDS = (
    Command("help", "keys and commands", help_, aliases=("?",)),
    Command("stats", "requests, tokens, time and files so far", stats),
    Command("status", "version, model, session, folder", status),
    Command("tools", "what the model may call", tools, "[NAME]", tool_names),
)
