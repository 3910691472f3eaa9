"""Puts together what the model reads first: the profile's system text, and what varies between projects.

The system text is the same bytes in every project, so that a server's cache, or a saved KV state, of it and
the tool schemas serves them all; environment and instructions therefore open the first user message.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from qwen_code.agent.instructions import Instruction
from qwen_code.agent.registry import PACKAGE
from qwen_code.errors import ConfigurationError

DEFAULT_PROFILE = "system"
SMALL_PROFILE = "lean"
"""For small windows, where the person chose none."""
_TOOL = re.compile(r"(\w+)(?:\(([^)]*)\))?")


@dataclass(frozen=True, slots=True)
class Profile:
    """A system prompt and the tools that go with it."""

    name: str
    text: str
    tools: tuple[str, ...]
    """Names of the only tools offered; empty for all."""
    signatures: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """For tools that are offered by their signature alone, undescribed: their parameters."""


def load_profile(name: str) -> Profile:
    """Read `prompts/<name>.md`, whose optional front matter may name `tools`, as `edit, glob` or with the
    parameters that are offered, as `edit(file_path, old_string, new_string), glob(pattern)`.

    Raises:
        ConfigurationError: there is no such profile.
    """
    path = PACKAGE / "prompts" / f"{name}.md"
    if not name.isidentifier() or not path.is_file():
        raise ConfigurationError(f"There is no prompt profile {name!r} (agent.profile); use system or lean.")
    text = path.read_text("utf-8")
    head = ""
    if text.startswith("---\n"):
        head, _, text = text[4:].partition("\n---\n")
    tools: list[tuple[str, str]] = []
    for line in head.splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "tools":
            tools += _TOOL.findall(value)
    signatures = {
        tool: tuple(part.strip() for part in parameters.split(","))
        for tool, parameters in tools
        if parameters
    }
    return Profile(name, text.strip(), tuple(tool for tool, _ in tools), signatures)


def init_prompt(names: Sequence[str], extra: str = "") -> str:
    """What `/init` asks the agent to do: write the first of the files `names`."""
    text = (PACKAGE / "prompts" / "init.md").read_text("utf-8").strip()
    asked = f"\n\nThe user adds: {extra.strip()}" if extra.strip() else ""
    values = {"file": names[0], "read": ", ".join(names), "extra": asked}
    return re.sub(r"\{(\w+)\}", lambda match: values.get(match[1], match[0]), text)


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
    return "\n\n".join([environment.render(), *(instruction.render() for instruction in instructions)])
