"""From a call to its result: validate, ask the gate, ask a person where need be, run.

A tool only declares what it will touch; that every call passes the gate is this module's duty, so that no
tool's author can forget it. Read-only calls that follow each other run side by side, all others in order.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any, Protocol

from qwen_code.agent.registry import Registry
from qwen_code.events import (
    ApprovalNeeded,
    Denial,
    Event,
    ToolFinished,
    ToolOutput,
    ToolStarted,
)
from qwen_code.messages import ToolCall
from qwen_code.params import parse
from qwen_code.permissions.decision import Answer, ApprovalRequest, Approver, Decision
from qwen_code.tool import Access, Block, Tool, ToolContext, ToolFailure

Tell = Callable[[Event], None]


class Judge(Protocol):
    """The part of the permission gate that the executor needs."""

    def decide(self, tool: str, accesses: Sequence[Access]) -> Decision: ...


class Denied(Exception):
    """The call may not run; the text is for the model."""

    def __init__(self, message: str, denial: Denial) -> None:
        super().__init__(message)
        self.denial = denial


class Executor:
    """Runs the calls of one answer under one permission policy."""

    def __init__(
        self,
        registry: Registry,
        gate: Judge,
        approver: Approver,
        context: ToolContext,
        remember: Callable[[Answer], None],
    ) -> None:
        self.registry = registry
        self.gate = gate
        self.approver = approver
        self.context = context
        self._remember = remember
        self._asking = asyncio.Lock()

    async def run(self, calls: Sequence[ToolCall], tell: Tell) -> list[ToolFinished]:
        """Run `calls`, telling everything as it happens; the results come in the order of the calls.

        Never raises for what a tool does. When cancelled, the running calls are ended first.
        """
        finished: list[ToolFinished] = []
        for batch in self._batches(calls):
            if len(batch) == 1:
                finished.append(await self._one(batch[0], tell))
                continue
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._one(call, tell)) for call in batch]
            finished += [task.result() for task in tasks]
        return finished

    def _batches(self, calls: Sequence[ToolCall]) -> Iterator[list[ToolCall]]:
        for read_only, group in groupby(calls, lambda call: self.registry.is_read_only(call.name)):
            if read_only:
                yield list(group)
            else:
                yield from ([call] for call in group)

    async def _one(self, call: ToolCall, tell: Tell) -> ToolFinished:
        started = time.monotonic()
        try:
            finished = await self._judged(call, tell)
        except Denied as denied:
            finished = ToolFinished(call, False, str(denied), failure="not_permitted", denial=denied.denial)
        except ToolFailure as failure:
            finished = ToolFinished(call, False, str(failure), failure=failure.kind)
        except OSError as error:
            finished = ToolFinished(call, False, f"{call.name} failed: {error}", failure="io_error")
        except Exception as error:  # one tool's defect must not end the session
            text = f"{call.name} failed inside qwen-code ({type(error).__name__}: {error}). Try another way."
            finished = ToolFinished(call, False, text, failure="failed")
        finished = replace(finished, duration_s=round(time.monotonic() - started, 3))
        tell(finished)
        return finished

    async def _judged(self, call: ToolCall, tell: Tell) -> ToolFinished:
        try:
            tool = self.registry.get(call.name)
            params = parse(tool.params, call.arguments, call.name)
        except ToolFailure:
            tell(ToolStarted(call, ""))
            raise
        title = tool.title(params, self.context)
        tell(ToolStarted(call, title))
        accesses = tool.accesses(params, self.context)
        decision = self.gate.decide(tool.name, accesses)
        if decision.verdict == "deny":
            raise Denied(
                f"Not permitted: {decision.reason}. Do not try to get around it.",
                Denial(call, decision.reason, decision.rule),
            )
        if decision.verdict == "ask":
            await self._ask(call, tool, params, title, decision, accesses, tell)
        context = replace(self.context, granted=tuple(accesses))
        result = await tool.run(params, context, lambda text: tell(ToolOutput(call.id, text)))
        return ToolFinished(call, result.ok, result.for_model, result.for_user, result.files_changed)

    async def _ask(
        self,
        call: ToolCall,
        tool: Tool[Any],
        params: Any,
        title: str,
        decision: Decision,
        accesses: Sequence[Access],
        tell: Tell,
    ) -> None:
        """Put the call to the person, one at a time. Returns when it may run, raises Denied when not."""
        preview = await self._preview(tool, params, accesses)
        async with self._asking:
            decision = self.gate.decide(tool.name, accesses)  # an answer just given may cover this one too
            if decision.verdict == "allow":
                return
            tell(ApprovalNeeded(call.id, decision.reason))
            answer = await self.approver.approve(ApprovalRequest(call, title, decision, preview, accesses))
        if answer.kind == "no":
            rule = " or ".join(decision.suggestions)
            if answer.note:
                text = f"The user refused this call and said: {answer.note}"
            else:
                text = (
                    f"Not permitted: {decision.reason}. It was not approved. "
                    "Reach the goal without it, or say why it is needed."
                )
            raise Denied(text, Denial(call, answer.note or decision.reason, rule, not answer.unattended))
        if answer.kind != "once":
            self._remember(answer)

    async def _preview(self, tool: Tool[Any], params: Any, accesses: Sequence[Access]) -> Block | None:
        """What the person is shown. A call that can't succeed fails before anybody is asked, unless its
        failure would tell the model of files that it may not read."""
        try:
            return await tool.preview(params, replace(self.context, granted=tuple(accesses)))
        except ToolFailure:
            reads = [replace(access, kind="read") for access in accesses]
            if self.gate.decide("read_file", reads).verdict == "allow":
                raise
            return None
