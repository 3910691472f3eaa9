"""A place to use file tools at: a real workspace, and calls as the executor makes them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from qwen_code.params import parse
from qwen_code.tool import Access, Block, OutputLimits, Tool, ToolContext, ToolFailure, ToolResult
from qwen_code.workspace.paths import Workspace
from qwen_code.workspace.text_files import TextFiles


class Desk:
    """Calls `tool` in the workspace `root`, with arguments as a model sends them."""

    def __init__(self, tool: Tool[Any], root: Path, *, limits: OutputLimits | None = None) -> None:
        root.mkdir(exist_ok=True)
        self.tool = tool
        self.root = root
        absent: Any = None  # file tools run no commands and ask nobody
        self.context = ToolContext(
            Workspace(root), TextFiles(), absent, absent, absent, absent, limits or OutputLimits()
        )

    def accesses(self, **arguments: Any) -> list[Access]:
        return list(self.tool.accesses(self._parsed(arguments), self.context))

    def preview(self, **arguments: Any) -> Block | None:
        return asyncio.run(self.tool.preview(self._parsed(arguments), self.context))

    def call(self, **arguments: Any) -> ToolResult:
        params = self._parsed(arguments)
        self.context.granted = self.tool.accesses(params, self.context)
        return asyncio.run(self.tool.run(params, self.context, lambda text: None))

    def rewritten(self, old: str, new: str, **arguments: Any) -> ToolResult:
        """A call in whose draft the person has replaced `old` by `new`."""
        params = self._parsed(arguments)
        self.context.granted = self.tool.accesses(params, self.context)
        draft = asyncio.run(self.tool.draft(params, self.context))
        assert draft is not None
        assert old in draft.text
        params = self.tool.redrafted(params, draft.text.replace(old, new), self.context)
        return asyncio.run(self.tool.run(params, self.context, lambda text: None))

    def refused(self, **arguments: Any) -> ToolFailure:
        """The failure of a call that has to fail."""
        try:
            result = self.call(**arguments)
        except ToolFailure as failure:
            return failure
        raise AssertionError(f"the call went through: {result}")

    def write(self, name: str, content: str | bytes) -> Path:
        """A file that the model has not seen."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def known(self, name: str, content: str | bytes) -> Path:
        """A file that the model has read."""
        path = self.write(name, content)
        resolved = self.context.workspace.resolve(name)
        self.context.files.remember(path, self.context.files.read(resolved).sha256)
        return path

    def _parsed(self, arguments: dict[str, Any]) -> Any:
        return parse(self.tool.params, arguments, self.tool.name)
