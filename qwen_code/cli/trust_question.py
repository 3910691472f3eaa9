"""Asks once whether a folder is trusted, and shows what it would have obeyed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from qwen_code.agent.instructions import Sources, find_instructions
from qwen_code.assembly import Place, find_place
from qwen_code.permissions.trust import DO_NOT_TRUST, TRUST_FOLDER, trust, trust_of
from qwen_code.settings.key import Reach
from qwen_code.settings.keys import BY_PATH
from qwen_code.tool import Question, UserPort

NOT_NOW = "no, go on without them"
ALWAYS = "yes, from now on"
THIS_TIME = "yes, this time"
NEVER = "no, and do not ask again"

_FOLDERS = {
    "commands": "commands",
    "skills": "skills",
    "agents": "sub-agents",
    "hooks": "hooks, which run commands",
}
_SECTIONS = {
    "hooks": "hooks, which run commands",
    "mcpServers": "MCP servers, which are started",
    "env": "variables",
}
_MOST_NAMED = 8


def asks_for_trust(place: Place) -> bool:
    """Whether there is something to decide: the folder wants to be obeyed, and nobody has said anything."""
    if place.trusted or place.locations.project_settings == place.locations.user_settings:
        return False
    record = trust_of(place.locations.cwd, place.locations.trusted_folders)
    return not record.decided and not record.problem and next(wanted(place), None) is not None


def wanted(place: Place) -> Iterator[str]:
    """What the folder would have obeyed, a line each."""
    at = place.locations
    yield from _settings(at.project_settings, at.cwd)
    for file in at.project_env_files:
        if file.is_file():
            yield f"{file.relative_to(at.cwd)}: variables"
    for name, what in _FOLDERS.items():
        folder = at.project_config / name
        if folder.is_dir():
            yield f"{folder.relative_to(at.cwd)}: {what}"
    if (at.cwd / ".mcp.json").is_file():
        yield f".mcp.json: {_SECTIONS['mcpServers']}"
    names = place.settings.context.file_names
    for instruction in find_instructions(Sources(at.cwd, at.config, names, trusted=True)):
        if not instruction.origin.startswith("~/"):
            yield f"{instruction.origin}: instructions for the model"


def _settings(path: Path, root: Path) -> Iterator[str]:
    """The settings of a project's file that count only when it is trusted."""
    from qwen_code.settings.jsonc import parse
    from qwen_code.settings.reading import read_config

    text = read_config(path)
    if text is None:
        return
    found = [
        name
        for name in _names(parse(text).plain(), "")
        if name not in BY_PATH or BY_PATH[name].reach is Reach.TRUSTED
    ]
    said = [_SECTIONS[name] for name in found if name in _SECTIONS]
    keys = [name for name in found if name not in _SECTIONS]
    more = [f"and {len(keys) - _MOST_NAMED} more"] if len(keys) > _MOST_NAMED else []
    if found:
        yield f"{path.relative_to(root)}: {', '.join([*said, *keys[:_MOST_NAMED], *more])}"


def _names(value: object, prefix: str) -> Iterator[str]:
    """The names of settings in an object, as far down as the table knows them."""
    if not isinstance(value, dict):
        return
    for name, inner in value.items():  # pyright: ignore[reportUnknownVariableType]
        path = f"{prefix}{name}"
        if path in BY_PATH or path in _SECTIONS or not isinstance(inner, dict):
            yield path
        else:
            yield from _names(inner, f"{path}.")  # pyright: ignore[reportUnknownArgumentType]


async def decide_trust(place: Place, user: UserPort) -> Place:
    """Ask, and give the place as it is after the answer. Whatever is no clear yes means no.

    Raises:
        ConfigurationError: the answer can't be kept, or a setting of the folder is wrong.
    """
    at = place.locations
    lines = [f"{at.cwd} has files for the agent:", *(f"  {line}" for line in wanted(place))]
    question = "\n".join([*lines, "Trust this folder, so that they are obeyed?"])
    answers = await user.ask([Question(question, (NOT_NOW, ALWAYS, THIS_TIME, NEVER))])
    answer = answers[0] if answers else NOT_NOW
    if answer == ALWAYS:
        trust(at.cwd, at.trusted_folders, TRUST_FOLDER)
    elif answer == NEVER:
        trust(at.cwd, at.trusted_folders, DO_NOT_TRUST)
    if answer in (ALWAYS, THIS_TIME):
        return find_place(at.cwd, place.environ, place.flags, trust=True)
    return place
