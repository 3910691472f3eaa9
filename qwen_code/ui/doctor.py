"""Is everything here as it should be? The findings of `qwen-code doctor` and of `/doctor`."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, TypeAlias

from qwen_code import __version__
from qwen_code.agent.registry import tool_names
from qwen_code.errors import ExitCode, QwenCodeError

if TYPE_CHECKING:
    from qwen_code.backends.base import ModelBackend
    from qwen_code.sandbox.choice import Choice
    from qwen_code.settings.loaded import LoadedSettings
    from qwen_code.settings.locations import Locations

State: TypeAlias = Literal["ok", "note", "wrong"]


class Finding(NamedTuple):
    state: State
    subject: str
    text: str
    code: ExitCode = ExitCode.DONE
    """What a finding that is wrong makes the command end with."""


class Placed(Protocol):
    """Where the application runs, and what was set for it."""

    @property
    def locations(self) -> Locations: ...
    @property
    def loaded(self) -> LoadedSettings: ...
    @property
    def trusted(self) -> bool: ...


def machine_findings() -> Iterator[Finding]:
    """The program itself, and what it calls."""
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding("ok", "qwen-code", f"{__version__}, Python {version}, {sys.platform}")
    yield Finding("ok", "tools", ", ".join(tool_names()))
    for name, without in (
        ("bash", "commands run with sh"),
        ("rg", "searching uses the bundled ripgrep"),
        ("git", "nothing that needs the repository's history works"),
    ):
        path = shutil.which(name)
        yield Finding("ok", name, path) if path else Finding("note", name, f"not found; {without}")


def settings_findings(place: Placed) -> Iterator[Finding]:
    """The files that were read, and what in them is not obeyed."""
    locations, loaded = place.locations, place.loaded
    for path in (locations.system_defaults, locations.user_settings, locations.project_settings):
        if path.is_file():
            yield Finding("ok", "settings", f"read {path}")
    if not place.trusted:
        yield Finding("note", "trust", "this folder's own settings and instructions are not obeyed (--trust)")
    for problem in loaded.problems:
        yield Finding("note", "settings", problem)
    for unknown in loaded.unknown:
        hint = f"; did you mean {unknown.suggestion}?" if unknown.suggestion else ""
        what = "has no meaning here" if unknown.foreign else "is not known"
        yield Finding("note", "settings", f"{unknown.path} {what} ({unknown.origin}){hint}")
    if os.access(_existing(locations.runtime), os.W_OK):
        yield Finding("ok", "sessions", str(locations.sessions))
    else:
        yield Finding("note", "sessions", f"{locations.runtime} can't be written; sessions will not be kept")


def sandbox_finding(choice: Choice) -> Finding:
    """What confines commands."""
    sandbox = choice.sandbox
    if sandbox.confines:
        return Finding("ok", "sandbox", f"{sandbox.name}, network {sandbox.network}")
    if sandbox.name == "none":
        return Finding("note", "sandbox", f"commands are not confined. {choice.remedy}")
    return Finding("note", "sandbox", f"{sandbox.name}, a weaker one. {choice.remedy}")


async def model_findings(backend: ModelBackend, *, offline: bool) -> AsyncIterator[Finding]:
    """The model; unless `offline`, whether it could answer."""
    yield Finding("ok", "model", f"{backend.name} at {backend.location}")
    if offline:
        return
    try:
        await backend.check()
        window = await backend.context_window()
        yield Finding("ok", "endpoint", f"answers; the window holds {window:,} tokens")
    except QwenCodeError as error:
        yield Finding("wrong", "endpoint", str(error), error.exit_code)


def _existing(path: Path) -> Path:
    return next(p for p in (path, *path.parents) if p.exists())
