"""`qwen-code config`: the settings in force, and where each comes from."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from qwen_code.assembly import find_place

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help="Show the settings in force, and where each comes from.",
)


@app.callback()
def config() -> None:
    """Show the settings in force, and where each comes from."""


@app.command("show")
def show(
    origin: Annotated[bool, typer.Option("--origin", help="Say where each value comes from.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    all_keys: Annotated[bool, typer.Option("--all", help="Also those that have their default.")] = False,
) -> None:
    """Show the settings in force in this directory; secrets are masked."""
    from qwen_code.settings.describe import describe

    place = find_place(Path.cwd(), os.environ, {})
    rows = [row for row in describe(place.loaded) if all_keys or row.given]
    if as_json:
        plain = {row.key: _plain(row.value) for row in rows}
        origins = {row.key: row.origin for row in rows}
        values = {k: {"value": v, "origin": origins[k]} if origin else v for k, v in plain.items()}
        print(json.dumps(values, indent=2, ensure_ascii=False))
        return
    if not rows:
        print("Nothing is configured; all settings have their defaults (--all shows them).")
    width = max((len(row.key) for row in rows), default=0)
    for row in rows:
        print(f"{row.key:<{width}}  {row.value}" + (f"   ({row.origin})" if origin else ""))
    for problem in place.loaded.problems:
        print(f"note: {problem}")


def _plain(text: str) -> object:
    """The value as JSON; a masked secret stays text."""
    try:
        return json.loads(text or "null")
    except ValueError:
        return text
