"""Calls tools as the executor does, in a real workspace, and stands in for the web and the person."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from qwen_code.params import parse
from qwen_code.sandbox.process import Shell
from qwen_code.sandbox.unconfined import Unconfined
from qwen_code.tool import (
    OutputLimits,
    PlanReview,
    Question,
    Tool,
    ToolContext,
    ToolFailure,
    ToolResult,
    WebPage,
)
from qwen_code.workspace.outputs import OutputFiles
from qwen_code.workspace.paths import Workspace
from qwen_code.workspace.text_files import TextFiles

T = TypeVar("T")


@dataclass(slots=True)
class Pages:
    """The web: these pages and nothing else."""

    pages: Mapping[str, WebPage] = field(default_factory=dict[str, WebPage])

    async def fetch(self, url: str, *, max_bytes: int, timeout_s: float) -> WebPage:
        if url not in self.pages:
            raise ToolFailure(f"There is no host for {url}.")
        return self.pages[url]

    async def aclose(self) -> None: ...


@dataclass(slots=True)
class Person:
    """Answers with what was prepared; None: nobody is there."""

    answers: Sequence[str] | None = None
    asked: list[Question] = field(default_factory=list[Question])
    review: PlanReview | None = None

    async def review_plan(self, plan: str) -> PlanReview | None:
        return self.review

    async def ask(self, questions: Sequence[Question]) -> Sequence[str] | None:
        self.asked.extend(questions)
        return self.answers


@dataclass(slots=True)
class Bench:
    """A context, and the means to call tools in it."""

    context: ToolContext
    shown: list[str] = field(default_factory=list[str])

    async def call(self, tool: Tool[Any], **arguments: Any) -> ToolResult:
        params = parse(tool.params, arguments, tool.name)
        granted = tool.accesses(params, self.context)
        return await tool.run(params, replace(self.context, granted=granted), self.shown.append)


def at_bench(
    root: Path,
    body: Callable[[Bench], Awaitable[T]],
    *,
    pages: Mapping[str, WebPage] | None = None,
    answers: Sequence[str] | None = None,
    limits: OutputLimits | None = None,
) -> T:
    """Run `body` with a bench whose workspace is `root`; all processes are ended afterwards."""

    async def main() -> T:
        outputs = OutputFiles(root.parent / f"{root.name}-outputs")
        limit = limits or OutputLimits()
        shell = Shell(root, os.environ, outputs, limit, sandbox=Unconfined)
        context = ToolContext(
            workspace=Workspace(root),
            files=TextFiles(),
            commands=shell,
            web=Pages(pages or {}),
            user=Person(answers),
            outputs=outputs,
            limits=limit,
        )
        try:
            return await body(Bench(context))
        finally:
            await shell.aclose()

    return asyncio.run(main())


def outcome(root: Path, tool: Tool[Any], **arguments: Any) -> ToolResult:
    """One call with everything by default."""
    return at_bench(root, lambda bench: bench.call(tool, **arguments))


def failure(root: Path, tool: Tool[Any], **arguments: Any) -> ToolFailure:
    """The failure that one call ends in."""
    try:
        result = outcome(root, tool, **arguments)
    except ToolFailure as error:
        return error
    raise AssertionError(f"it did not fail: {result}")
