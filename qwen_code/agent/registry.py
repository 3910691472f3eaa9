"""Finds the tools: one class a file in `tools/`, one prompt of the same name in `prompts/tools/`.

The order of the specs is alphabetical and thus the same in every run: they stand at the very start of each
request, where a change would throw away everything a server has cached.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import qwen_code
from qwen_code.errors import UsageError
from qwen_code.messages import ToolSpec
from qwen_code.params import schema_of
from qwen_code.tool import Tool, ToolFailure

PACKAGE = Path(qwen_code.__file__).parent


class Registry:
    """The tools of one session, by name."""

    def __init__(
        self, tools: Collection[Tool[Any]], signatures: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        """`signatures`: tools that are offered by these of their parameters alone, undescribed."""
        self._signatures = signatures or {}
        self._tools = {tool.name: tool for tool in sorted(tools, key=lambda tool: tool.name)}

    def __iter__(self) -> Iterator[Tool[Any]]:
        return iter(self._tools.values())

    def __contains__(self, name: str) -> bool:
        return name in self._tools

    def get(self, name: str) -> Tool[Any]:
        """Raises ToolFailure with the closest names: the model asked for a tool that is not there."""
        tool = self._tools.get(name)
        if tool is None:
            from difflib import get_close_matches

            close = get_close_matches(name, self._tools, n=3, cutoff=0.4) or list(self._tools)
            raise ToolFailure(f"There is no tool `{name}`. Did you mean: {', '.join(close)}?", "unknown_tool")
        return tool

    def is_read_only(self, name: str) -> bool:
        return name in self._tools and self._tools[name].read_only

    def specs(self) -> tuple[ToolSpec, ...]:
        return tuple(
            signature_of(tool, self._signatures[tool.name])
            if tool.name in self._signatures
            else spec_of(tool)
            for tool in self
        )


def tool_names() -> list[str]:
    """Every tool that ships, in order."""
    return sorted(path.stem for path in (PACKAGE / "tools").glob("[a-z]*.py"))


def load_tools(
    *,
    only: Collection[str] = (),
    without: Collection[str] = (),
    signatures: Mapping[str, Sequence[str]] | None = None,
) -> Registry:
    """Import the tools: all, or those named in `only`, less those in `without`; see `Registry` for the rest.

    Raises:
        UsageError: a name that no tool has.
    """
    known = tool_names()
    for name in (*only, *without):
        if name not in known:
            raise UsageError(f"There is no tool `{name}`; the tools are {', '.join(known)}.")
    chosen = [name for name in known if (not only or name in only) and name not in without]
    return Registry([_load(name) for name in chosen], signatures)


def _load(name: str) -> Tool[Any]:
    module = import_module(f"qwen_code.tools.{name}")
    classes: list[type[Tool[Any]]] = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Tool) and value.__module__ == module.__name__
    ]
    (tool,) = classes
    return tool()


def spec_of(tool: Tool[Any]) -> ToolSpec:
    """What the model is told of `tool`: its prompt's text, and its parameters with their descriptions."""
    text = _prompt_file(tool).read_text("utf-8")
    description, _, parameters = text.partition("\n## Parameters\n")
    descriptions: dict[str, str] = {}
    for line in parameters.splitlines():
        if line.startswith("- "):
            name, _, meaning = line[2:].partition(": ")
            descriptions[name.strip("`")] = meaning.strip()
    return ToolSpec(tool.name, description.strip(), schema_of(tool.params, descriptions))


def signature_of(tool: Tool[Any], parameters: Sequence[str]) -> ToolSpec:
    """`tool` with some of its parameters and no word about them, for a model that knows it by heart."""
    schema = schema_of(tool.params)
    offered = {name: schema["properties"][name] for name in parameters}
    return ToolSpec(
        tool.name,
        "",
        {**schema, "properties": offered, "required": [n for n in schema["required"] if n in offered]},
    )


def _prompt_file(tool: Tool[Any]) -> Path:
    """Ours lie together in `prompts/tools/`; a tool from elsewhere has its prompt beside its module."""
    ours = PACKAGE / "prompts" / "tools" / f"{tool.name}.md"
    if type(tool).__module__.startswith(f"{PACKAGE.name}.") or ours.is_file():
        return ours
    module = sys.modules[type(tool).__module__]
    return Path(str(module.__file__)).with_name(f"{tool.name}.md")
