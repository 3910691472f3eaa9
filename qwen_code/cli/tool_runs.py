"""Runs single tools outside of a conversation, for `qwen-code tools run`.

A workspace keeps what was read in it, so that a later line may change a file that an earlier one has read.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from qwen_code.agent.executor import Executor, Judge
from qwen_code.agent.registry import Registry, load_tools
from qwen_code.assembly import Nobody, Place, choose_sandbox, find_place, tool_context, tool_gate
from qwen_code.errors import InputError
from qwen_code.events import Event, ToolFinished
from qwen_code.messages import ToolCall
from qwen_code.permissions.decision import Decision, Mode, Refuse, Verdict
from qwen_code.sandbox.choice import Chooser
from qwen_code.tool import Access, ToolContext
from qwen_code.workspace.paths import Workspace

Json = dict[str, Any]


class _BadLine(InputError):
    """A line asks for nothing that can be done."""


class _Watched:
    """A gate that keeps its first verdict."""

    def __init__(self, gate: Judge) -> None:
        self._gate = gate
        self.verdict: Verdict | None = None

    def decide(self, tool: str, accesses: Sequence[Access]) -> Decision:
        decision = self._gate.decide(tool, accesses)
        self.verdict = self.verdict or decision.verdict
        return decision

    def decide_unconfined(self, confinement: str) -> Decision:
        return self._gate.decide_unconfined(confinement)


@dataclass(slots=True)
class _Bench:
    """One workspace, as long as lines for it come."""

    place: Place
    workspace: Workspace
    context: ToolContext
    chooser: Chooser


class ToolRuns:
    """Answers lines `{id, workspace, tool, args, mode, read_first}`."""

    def __init__(self, mode: str, assume_read: bool) -> None:
        self._mode = mode
        self._assume_read = assume_read
        self._registry: Registry = load_tools()
        self._benches: dict[Path, _Bench] = {}

    async def lines(self, lines: Iterable[Json], answer: Callable[[Json], None]) -> None:
        for line in lines:
            try:
                answer(await self._answer(line))
            except _BadLine as error:
                answer(
                    {"id": line.get("id"), "ok": False, "error": {"kind": "bad_line", "message": str(error)}}
                )
            except Exception as error:  # one bad line must not cost the answers of the others
                text = f"{type(error).__name__}: {error}"
                answer({"id": line.get("id"), "ok": False, "error": {"kind": "failed", "message": text}})
        await self.aclose()

    async def once(self, line: Json) -> Json:
        try:
            return await self._answer(line)
        finally:
            await self.aclose()

    async def aclose(self) -> None:
        for bench in self._benches.values():
            await bench.context.commands.aclose()
            bench.chooser.close()

    async def _answer(self, line: Json) -> Json:
        fault = line.get("bad_line") or _fault(line)
        if fault:
            raise _BadLine(fault)
        bench = self._bench(Path(line.get("workspace") or Path.cwd()))
        for path in line.get("read_first") or ():
            await self._run(bench, ToolCall("read_first", "read_file", {"file_path": path}), Mode.YOLO)
        call = ToolCall(str(line.get("id", "")), line["tool"], dict(line.get("args") or {}))
        verdict, finished = await self._run(bench, call, _mode(line.get("mode") or self._mode))
        return {
            "id": line.get("id"),
            "decision": verdict,
            "ok": finished.ok,
            "error": None if finished.ok else {"kind": finished.failure, "message": finished.for_model},
            "for_model": finished.for_model,
            "for_user": _plain(finished.for_user),
            "files_changed": list(finished.files_changed),
        }

    async def _run(self, bench: _Bench, call: ToolCall, mode: Mode) -> tuple[Verdict, ToolFinished]:
        policy = tool_gate(bench.place, bench.workspace, mode)
        policy.sandboxed = mode is Mode.AUTO and bench.chooser.sandbox.name != "none"
        gate = _Watched(policy)
        executor = Executor(self._registry, gate, Refuse(), bench.context, lambda answer: None)
        (finished,) = await executor.run([call], _ignore)
        return gate.verdict or "allow", finished

    def _bench(self, directory: Path) -> _Bench:
        root = directory.resolve()
        if root not in self._benches:
            place = find_place(root, os.environ, {})
            workspace = Workspace(root)
            chooser = choose_sandbox(place, workspace)
            context = tool_context(place, workspace, Nobody(), "tools-run", lambda: chooser.sandbox)
            if self._assume_read:
                context = replace(context, files=type(context.files)(assume_read=True))
            self._benches[root] = _Bench(place, workspace, context, chooser)
        return self._benches[root]


def _fault(line: Json) -> str:
    """What is wrong with a line, as a sentence; empty when nothing is."""
    if not isinstance(line.get("tool"), str):
        return "`tool` must be the name of a tool."
    if not isinstance(line.get("args") or {}, dict):
        return "`args` must be an object."
    if not isinstance(line.get("workspace") or "", str):
        return "`workspace` must be a path."
    first: Any = line.get("read_first") or []
    if not isinstance(first, list) or not all(isinstance(path, str) for path in cast("list[Any]", first)):
        return "`read_first` must be a list of paths."
    return ""


def _mode(name: object) -> Mode:
    try:
        return Mode(name)
    except ValueError:
        raise _BadLine(f"There is no mode {name!r}; use {', '.join(Mode)}.") from None


def _ignore(event: Event) -> None:
    """Nobody watches a single run."""


def _plain(block: Any) -> Any:
    from dataclasses import asdict

    return None if block is None else {"type": type(block).__name__, **asdict(block)}
