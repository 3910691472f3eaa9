"""From a call to its result: validate, ask the gate, ask a person where need be, run.

A tool only declares what it will touch; that every call passes the gate is this module's duty, so that no
tool's author can forget it. Read-only calls that follow each other run side by side, all others in order.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any, Protocol, TypeAlias

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
from qwen_code.tool import Access, Block, Draft, Tool, ToolContext, ToolFailure, ToolResult

Tell = Callable[[Event], None]


RAN_UNCONFINED = "[the sandbox had stopped it; the user permitted it once without, and this came of that]"


STAYS_CONFINED = "[the user did not permit it without the sandbox]"


class Judge(Protocol):
    """The part of the permission gate that the executor needs."""

    def decide(self, tool: str, accesses: Sequence[Access]) -> Decision: ...
    def decide_unconfined(self, confinement: str) -> Decision: ...


@dataclass(slots=True)
class _Timer:
    """Since when a call has run; the time that a person took to answer does not count."""

    began: float


Around: TypeAlias = Callable[[str, Sequence[Access]], AbstractAsyncContextManager[None]]
"""Goes around the run of a call, which it is told by id and accesses: where changes are noticed."""


@asynccontextmanager
async def _nothing(call_id: str, accesses: Sequence[Access]) -> AsyncGenerator[None, None]:
    yield


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
        around: Around = _nothing,
    ) -> None:
        self.registry = registry
        self.gate = gate
        self.approver = approver
        self.context = context
        self._remember = remember
        self._around = around
        self._asking = asyncio.Lock()
        self._touched: dict[Path, None] = {}

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

    def take_touched(self) -> list[Path]:
        """The files that calls have read or written since the last time, links followed."""
        touched = [path for path in self._touched if path.is_file()]
        self._touched.clear()
        return touched

    def _batches(self, calls: Sequence[ToolCall]) -> Iterator[list[ToolCall]]:
        for read_only, group in groupby(calls, lambda call: self.registry.is_read_only(call.name)):
            if read_only:
                yield list(group)
            else:
                yield from ([call] for call in group)

    async def _one(self, call: ToolCall, tell: Tell) -> ToolFinished:
        timer = _Timer(time.monotonic())
        try:
            finished = await self._judged(call, tell, timer)
        except Denied as denied:
            finished = ToolFinished(call, False, str(denied), failure="not_permitted", denial=denied.denial)
        except ToolFailure as failure:
            finished = ToolFinished(call, False, str(failure), failure=failure.kind)
        except OSError as error:
            finished = ToolFinished(call, False, f"{call.name} failed: {error}", failure="io_error")
        except Exception as error:  # one tool's defect must not end the session
            text = f"{call.name} failed inside qwen-code ({type(error).__name__}: {error}). Try another way."
            finished = ToolFinished(call, False, text, failure="failed")
        finished = replace(finished, duration_s=round(time.monotonic() - timer.began, 3))
        tell(finished)
        return finished

    async def _judged(self, call: ToolCall, tell: Tell, timer: _Timer) -> ToolFinished:
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
        self._refuse_denied(call, decision)
        change = ""
        if decision.verdict == "ask":
            try:
                params, change = await self._ask(call, tool, params, title, decision, accesses, tell)
            finally:
                timer.began = time.monotonic()
        if change:
            accesses = tool.accesses(params, self.context)
            self._refuse_denied(call, self.gate.decide(tool.name, accesses))
        try:
            result, denial = await self._run(call, tool, params, title, accesses, tell)
        except ToolFailure as failure:
            raise ToolFailure(f"{change}{failure}", failure.kind) from None
        touched = [access.resolved for access in accesses if access.kind in ("read", "write")]
        self._touched.update(dict.fromkeys(map(Path, touched)))
        for_model = f"{change}{result.for_model}"
        return ToolFinished(call, result.ok, for_model, result.for_user, result.files_changed, denial=denial)

    def _granted(self, accesses: Sequence[Access]) -> ToolContext:
        return replace(self.context, granted=tuple(accesses))

    def _refuse_denied(self, call: ToolCall, decision: Decision) -> None:
        if decision.verdict == "deny":
            raise Denied(
                f"Not permitted: {decision.reason}. Do not try to get around it.",
                Denial(call, decision.reason, decision.rule),
            )

    async def _run(
        self,
        call: ToolCall,
        tool: Tool[Any],
        params: Any,
        title: str,
        accesses: Sequence[Access],
        tell: Tell,
    ) -> tuple[ToolResult, Denial | None]:
        """Run a call; once more without the sandbox where that has stopped it and a person permits it."""
        context = self._granted(accesses)

        def emit(text: str) -> None:
            tell(ToolOutput(call.id, text))

        async with self._around(call.id, accesses):
            result = await tool.run(params, context, emit)
        if result.confinement is None:
            return result, None
        denial = await self._ask_unconfined(call, title, result, accesses, tell)
        if denial is None:
            async with self._around(call.id, accesses):
                again = await tool.run(params, replace(context, unconfined=True), emit)
            return replace(again, for_model=f"{again.for_model}\n{RAN_UNCONFINED}"), None
        if denial.by_person:
            result = replace(result, for_model=f"{result.for_model}\n{STAYS_CONFINED}")
        return result, denial

    async def _ask_unconfined(
        self, call: ToolCall, title: str, result: ToolResult, accesses: Sequence[Access], tell: Tell
    ) -> Denial | None:
        """Offer to make a call once more that the sandbox has stopped; None when a person accepts."""
        assert result.confinement is not None
        reason, remedy = result.confinement.reason, result.confinement.remedy
        decision = self.gate.decide_unconfined(reason)
        if decision.verdict == "ask":
            async with self._asking:
                tell(ApprovalNeeded(call.id, decision.reason))
                request = ApprovalRequest(call, title, decision, result.for_user, accesses)
                answer = await self.approver.approve(request)
            if answer.kind != "no":
                return None
            if not answer.unattended:
                return Denial(call, answer.note or reason, remedy, by_person=True, by_sandbox=True)
        return Denial(call, reason, remedy, by_sandbox=True)

    async def _ask(
        self,
        call: ToolCall,
        tool: Tool[Any],
        params: Any,
        title: str,
        decision: Decision,
        accesses: Sequence[Access],
        tell: Tell,
    ) -> tuple[Any, str]:
        """Put the call to the person, one at a time. Returns when it may run, raises Denied when not.

        What is returned are the parameters to run it with, and what the model is told of how the person
        changed them.
        """
        preview, draft = await self._preview(tool, params, accesses)
        async with self._asking:
            decision = self.gate.decide(tool.name, accesses)  # an answer just given may cover this one too
            if decision.verdict == "allow":
                return params, ""
            tell(ApprovalNeeded(call.id, decision.reason))
            answer = await self.approver.approve(
                ApprovalRequest(call, title, decision, preview, accesses, draft)
            )
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
        if answer.kind in ("session", "always"):
            self._remember(answer)
        if answer.kind != "edited" or draft is None or answer.text == draft.text:
            return params, ""
        return tool.redrafted(params, answer.text, self._granted(accesses)), _change(draft.text, answer.text)

    async def _preview(
        self, tool: Tool[Any], params: Any, accesses: Sequence[Access]
    ) -> tuple[Block | None, Draft | None]:
        """What the person is shown, and may rewrite. A call that can't succeed fails before anybody is
        asked, unless its failure would tell the model of files that it may not read."""
        try:
            context = self._granted(accesses)
            return await tool.preview(params, context), await tool.draft(params, context)
        except ToolFailure:
            reads = [replace(access, kind="read") for access in accesses]
            if self.gate.decide("read_file", reads).verdict == "allow":
                raise
            return None, None


def _change(draft: str, text: str) -> str:
    """Tells the model what the person made of its call; goes before the result."""
    if "\n" not in text.strip() and "\n" not in draft.strip():
        return f"The user changed the call before it ran, to: {text.strip()}\n"
    from qwen_code.workspace.diffs import unified_diff

    difference = unified_diff(draft, text).text
    return f"The user changed the call before it ran (- yours, + the user's):\n{difference}\n"
