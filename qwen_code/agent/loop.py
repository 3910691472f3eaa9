"""The loop: ask the model, run its calls, tell what happened, repeat until the work is done."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import aclosing, suppress

from qwen_code.agent.answer import Answer
from qwen_code.agent.compaction import Compactor
from qwen_code.agent.conversation import Conversation
from qwen_code.agent.executor import Executor, Tell
from qwen_code.agent.file_instructions import Advisor
from qwen_code.agent.limits import Budget, LoopGuard, Stop
from qwen_code.agent.progress import ProgressGuard
from qwen_code.agent.report import Complaint, TurnReport
from qwen_code.agent.structured import StructuredAnswer
from qwen_code.agent.verify import Verifier, feedback
from qwen_code.backends.base import ModelBackend
from qwen_code.errors import BackendUnavailable, ConfigurationError, ContextOverflow, QwenCodeError
from qwen_code.events import (
    AnswerEnded,
    Compacted,
    Corrected,
    CorrectionReason,
    Event,
    Outcome,
    RequestStarted,
    Steered,
    ToolFinished,
    TurnEnded,
    TurnStarted,
)
from qwen_code.messages import Prompt, ToolCall
from qwen_code.settings.model import LimitSettings

MAX_CORRECTIONS = 2
"""How often in a row the model is told that its answer could not be used."""


class Agent:
    """One conversation with one model.

    `record` sees every event before anything else happens, so that a log written there is never behind
    the work; the generator of `run` gives the same events to the front end.
    """

    def __init__(
        self,
        backend: ModelBackend,
        conversation: Conversation,
        executor: Executor,
        limits: LimitSettings,
        *,
        compactor: Compactor,
        advisor: Advisor | None = None,
        verifier: Verifier | None = None,
        record: Callable[[Event], None] = lambda event: None,
    ) -> None:
        """
        Args:
            compactor: keeps `conversation` within the model's window.
            advisor: knows the instructions that go with files.
        """
        self.backend = backend
        self.conversation = conversation
        self.executor = executor
        self.limits = limits
        self.compactor = compactor
        self.advisor = advisor
        self.verifier = verifier
        self.structured: StructuredAnswer | None = None
        """What the last answer must be, where that is not just text."""
        self._record = record
        self._events: asyncio.Queue[Event | None] = asyncio.Queue()
        self._steering: list[str] = []
        self._unfitting = False
        """The last answer did not fit the schema."""
        self._turn: asyncio.Task[None] | None = None

    def steer(self, text: str) -> None:
        """Say something to the model before its next request of the running turn."""
        self._steering.append(text)

    def interrupt(self) -> None:
        """Stop the running turn; its generator ends with TurnEnded as always."""
        if self._turn is not None:
            self._turn.cancel()

    def run(self, prompt: str) -> AsyncGenerator[Event, None]:
        """One turn: all that happens until the work is done, a budget ends or something stops it.

        Never raises for what the model, a tool or the server does: the last event, TurnEnded, says it.
        Closing the generator interrupts the turn and leaves the conversation valid.
        """
        return self._told(lambda: self._run_turn(prompt))

    def compress(self, focus: str = "") -> AsyncGenerator[Event, None]:
        """Shorten the conversation now; ends with TurnEnded, like a turn.

        `focus` says what the summary must keep above all.
        """
        return self._told(lambda: self._compress(focus))

    async def _told(self, work: Callable[[], Coroutine[None, None, None]]) -> AsyncGenerator[Event, None]:
        self._events = asyncio.Queue()
        turn = self._turn = asyncio.create_task(work())
        turn.add_done_callback(lambda _: self._events.put_nowait(None))
        try:
            while (event := await self._events.get()) is not None:
                yield event
            turn.result()
        finally:
            turn.cancel()
            with suppress(asyncio.CancelledError):
                await turn
            self._turn = None

    def _tell(self, event: Event) -> None:
        self._record(event)
        self._events.put_nowait(event)

    async def _run_turn(self, prompt: str) -> None:
        report = TurnReport(Budget(self.limits))
        if self.structured is not None:
            prompt = self.structured.asked(prompt)
        self._unfitting = False
        self._tell(TurnStarted(prompt))
        self.conversation.add_user(prompt)
        self.compactor.turn_began()
        self._tell(await self._ended(report, self._work(report)))

    async def _compress(self, focus: str) -> None:
        report = TurnReport(Budget(self.limits))
        self._events.put_nowait(await self._ended(report, self._compressed(report, focus)))

    async def _compressed(self, report: TurnReport, focus: str) -> TurnEnded:
        if await self.compactor.compress(self.backend, self._tell_into(report), focus) is None:
            return report.ended(Outcome.UNFINISHED, "There is nothing to shorten: what is there has to stay.")
        return report.ended(Outcome.DONE)

    async def _ended(self, report: TurnReport, work: Coroutine[None, None, TurnEnded]) -> TurnEnded:
        """How `work` ended, whatever happened in it."""
        try:
            async with asyncio.timeout(report.budget.deadline_s):
                return await work
        except TimeoutError:
            return report.ended(Outcome.BUDGET, str(report.budget.out_of_time()))
        except Stop as stop:
            return report.ended(stop.outcome, str(stop))
        except asyncio.CancelledError:
            return report.ended(Outcome.INTERRUPTED, "Interrupted.")
        except BackendUnavailable as error:
            return report.ended(Outcome.UNAVAILABLE, str(error))
        except ConfigurationError as error:
            return report.ended(Outcome.MISCONFIGURED, str(error))
        except QwenCodeError as error:
            return report.ended(Outcome.FAILED, str(error))

    async def _work(self, report: TurnReport) -> TurnEnded:
        guard, progress = LoopGuard(), ProgressGuard()
        corrections = 0
        while True:
            self._take_steering()
            report.budget.before_request()
            answer = await self._ask(report, progress)
            if answer.calls:
                await self._run_calls(report, guard, progress, answer.message.tool_calls)
                corrections = 0
                if lost := report.lost_beside_others(answer):
                    self._correct(lost.reason, lost.text)
            elif complaint := report.complaint(answer) or self._unfit(answer, report):
                corrections += 1
                if corrections > (1 if complaint.reason == "empty" else MAX_CORRECTIONS):
                    raise Stop(Outcome.UNFINISHED, complaint.gave_up)
                self._correct(complaint.reason, complaint.text)
            elif self._steering:
                continue
            elif await self._verified(report):
                return report.finished()

    async def _ask(self, report: TurnReport, progress: ProgressGuard) -> Answer:
        """One request and its answer, which is part of the conversation when this returns.

        What had come is kept when the request is cut short, so that an interrupted answer is not lost.
        """
        tell = self._tell_into(report, progress)
        fill = await self.compactor.before_request(self.backend, tell)
        report.budget.steps += 1
        while True:
            self._tell(RequestStarted(report.budget.steps, fill.used, fill.window))
            try:
                return await self._request(report)
            except ContextOverflow as refused:  # the second time it is raised again, with a remedy
                fill = await self.compactor.after_refusal(self.backend, refused, tell)

    async def _request(self, report: TurnReport) -> Answer:
        answer, started = Answer(), time.monotonic()
        try:
            async with aclosing(self.backend.stream(self._prompt())) as chunks:
                await answer.collect(chunks, self._tell)
        except BaseException:
            answer.calls.clear()
            if answer.text:
                self._keep(answer, report, started, cut_short=True)
            raise
        self._keep(answer, report, started)
        return answer

    def _prompt(self) -> Prompt:
        """A model that was told that its answer does not fit is held to the schema where that can be."""
        schema = self.structured.schema if self.structured is not None else None
        return self.conversation.prompt(schema if self._unfitting else None)

    def _tell_into(self, report: TurnReport, progress: ProgressGuard | None = None) -> Tell:
        """A `tell` that takes a compaction into the account, and looks at what came before it."""

        def tell(event: Event) -> None:
            self._tell(event)
            if isinstance(event, Compacted):
                report.budget.usage += event.usage
                if progress is not None and (advice := progress.shortened()):
                    self._correct("loop", advice)

        return tell

    def _keep(self, answer: Answer, report: TurnReport, started: float, *, cut_short: bool = False) -> None:
        message = self.conversation.add_answer(answer.message)
        answer.calls = list(message.tool_calls)
        self.compactor.answered()
        if answer.reason == "length":
            self.compactor.cut_short(answer.usage)
        report.answered(message, answer.usage, time.monotonic() - started)
        reason = "cut short" if cut_short else answer.reason
        self._tell(AnswerEnded(message, answer.usage, reason, tuple(answer.lost_calls)))

    async def _run_calls(
        self, report: TurnReport, guard: LoopGuard, progress: ProgressGuard, calls: Sequence[ToolCall]
    ) -> None:
        results: dict[str, str] = {}
        advice: list[str] = []
        fitted, watch = self.compactor.fitting(len(calls)), report.watching(self._tell, results)

        def tell(event: Event) -> None:
            watch(fitted(event) if isinstance(event, ToolFinished) else event)

        try:
            report.budget.before_calls(len(calls))
            for finished in await self.executor.run(calls, tell):
                progress.observe(finished)
                if text := guard.observe(finished.call, finished.for_model, finished.ok):
                    advice.append(text)
        finally:
            self.conversation.add_results(results)
        if self.advisor is not None and (text := self.advisor.due(self.executor.take_touched())):
            self._correct("instructions", text)
        for text in dict.fromkeys(advice):
            self._correct("loop", text)

    def _unfit(self, answer: Answer, report: TurnReport) -> Complaint | None:
        """Why the answer is not what the schema wants; without one, any text will do."""
        if self.structured is None or self._steering:
            return None
        complaint = self.structured.complaint(answer.message.text)
        report.structured = self.structured.value
        self._unfitting = complaint is not None
        return complaint

    async def _verified(self, report: TurnReport) -> bool:
        """True when nothing is to be verified, it passes, or the model gave up; else the model is told."""
        if self.verifier is None:
            return True
        finished = await self.verifier.run(self._tell)
        report.verified(finished)
        if finished.passed or report.gave_up:
            return True
        self._correct("verification", feedback(finished))
        return False

    def _correct(self, reason: CorrectionReason, text: str) -> None:
        self.conversation.add_user(text, by_harness=True)
        self._tell(Corrected(reason, text))

    def _take_steering(self) -> None:
        for text in self._steering:
            self.conversation.add_user(text)
            self._tell(Steered(text))
        self._steering.clear()
