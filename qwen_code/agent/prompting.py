"""Puts together what the model reads first: the profile's system text, and what varies between projects.

The system text is the same bytes in every project, so that a server's cache, or a saved KV state, of it and
the tool schemas serves them all; environment and instructions therefore open the first user message.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qwen_code.agent.instructions import Instruction
from qwen_code.agent.registry import PACKAGE
from qwen_code.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Profile:
    """A system prompt and the tools that go with it."""

    name: str
    text: str
    tools: tuple[str, ...]
    """Names of the only tools offered; empty for all."""


def load_profile(name: str) -> Profile:
    """Read `prompts/<name>.md`, whose optional front matter may name `tools`.

    Raises:
        ConfigurationError: there is no such profile.
    """
    path = PACKAGE / "prompts" / f"{name}.md"
    if not name.isidentifier() or not path.is_file():
        raise ConfigurationError(f"There is no prompt profile {name!r} (agent.profile); use system or lean.")
    text = path.read_text("utf-8")
    tools: tuple[str, ...] = ()
    if text.startswith("---\n"):
        head, _, text = text[4:].partition("\n---\n")
        for line in head.splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "tools":
                tools = tuple(part.strip() for part in value.split(","))
    return Profile(name, text.strip(), tools)


@dataclass(frozen=True, slots=True)
class Environment:
    """Facts about where the session runs, fixed at its start."""

    directory: Path
    system: str
    date: str
    """ISO date; no time of day, so that a second session on the same day starts with the same text."""
    branch: str = ""
    extra_directories: tuple[Path, ...] = ()

    def render(self) -> str:
        lines = [f"Directory: {self.directory}", f"System: {self.system}", f"Date: {self.date}"]
        if self.branch:
            lines.append(f"Git branch at start: {self.branch}")
        lines += [f"Also part of the workspace: {path}" for path in self.extra_directories]
        return "<environment>\n" + "\n".join(lines) + "\n</environment>"


def preamble(environment: Environment, instructions: Sequence[Instruction]) -> str:
    """What opens the first user message."""
    parts = [environment.render()]
    for instruction in instructions:
        parts.append(f'<instructions from="{instruction.origin}">\n{instruction.text}\n</instructions>')
    return "\n\n".join(parts)
