"""The loop: ask the model, run its calls, tell what happened, repeat until the work is done."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, suppress

from qwen_code.agent.answer import Answer
from qwen_code.agent.conversation import Conversation
from qwen_code.agent.executor import Executor
from qwen_code.agent.limits import Budget, LoopGuard, Stop
from qwen_code.agent.report import TurnReport
from qwen_code.agent.verify import Verifier, feedback
from qwen_code.backends.base import ModelBackend
from qwen_code.errors import BackendUnavailable, ConfigurationError, QwenCodeError
from qwen_code.events import (
    AnswerEnded,
    Corrected,
    CorrectionReason,
    Event,
    Outcome,
    RequestStarted,
    Steered,
    TurnEnded,
    TurnStarted,
)
from qwen_code.messages import ToolCall
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
        verifier: Verifier | None = None,
        record: Callable[[Event], None] = lambda event: None,
    ) -> None:
        self.backend = backend
        self.conversation = conversation
        self.executor = executor
        self.limits = limits
        self.verifier = verifier
        self._record = record
        self._events: asyncio.Queue[Event | None] = asyncio.Queue()
        self._steering: list[str] = []
        self._turn: asyncio.Task[None] | None = None

    def steer(self, text: str) -> None:
        """Say something to the model before its next request of the running turn."""
        self._steering.append(text)

    def interrupt(self) -> None:
        """Stop the running turn; its generator ends with TurnEnded as always."""
        if self._turn is not None:
            self._turn.cancel()

    async def run(self, prompt: str) -> AsyncGenerator[Event, None]:
        """One turn: all that happens until the work is done, a budget ends or something stops it.

        Never raises for what the model, a tool or the server does: the last event, TurnEnded, says it.
        Closing the generator interrupts the turn and leaves the conversation valid.
        """
        self._events = asyncio.Queue()
        turn = self._turn = asyncio.create_task(self._run_turn(prompt))
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
        self._tell(TurnStarted(prompt))
        self.conversation.add_user(prompt)
        try:
            async with asyncio.timeout(report.budget.deadline_s):
                ended = await self._work(report)
        except TimeoutError:
            ended = report.ended(Outcome.BUDGET, str(report.budget.out_of_time()))
        except Stop as stop:
            ended = report.ended(stop.outcome, str(stop))
        except asyncio.CancelledError:
            ended = report.ended(Outcome.INTERRUPTED, "Interrupted.")
        except BackendUnavailable as error:
            ended = report.ended(Outcome.UNAVAILABLE, str(error))
        except ConfigurationError as error:
            ended = report.ended(Outcome.MISCONFIGURED, str(error))
        except QwenCodeError as error:
            ended = report.ended(Outcome.FAILED, str(error))
        self._tell(ended)

    async def _work(self, report: TurnReport) -> TurnEnded:
        guard = LoopGuard()
        corrections = 0
        while True:
            self._take_steering()
            report.budget.before_request()
            answer = await self._ask(report)
            if answer.calls:
                await self._run_calls(report, guard, answer.message.tool_calls)
                corrections = 0
                if lost := report.lost_beside_others(answer):
                    self._correct(lost.reason, lost.text)
            elif complaint := report.complaint(answer):
                corrections += 1
                if corrections > (1 if complaint.reason == "empty" else MAX_CORRECTIONS):
                    raise Stop(Outcome.UNFINISHED, complaint.gave_up)
                self._correct(complaint.reason, complaint.text)
            elif self._steering:
                continue
            elif await self._verified(report):
                return report.finished()

    async def _ask(self, report: TurnReport) -> Answer:
        """One request and its answer, which is part of the conversation when this returns.

        What had come is kept when the request is cut short, so that an interrupted answer is not lost.
        """
        report.budget.steps += 1
        self._tell(RequestStarted(report.budget.steps))
        answer, started = Answer(), time.monotonic()
        try:
            async with aclosing(self.backend.stream(self.conversation.prompt())) as chunks:
                await answer.collect(chunks, self._tell)
        except BaseException:
            answer.calls.clear()
            if answer.text:
                self._keep(answer, report, started)
            raise
        self._keep(answer, report, started)
        return answer

    def _keep(self, answer: Answer, report: TurnReport, started: float) -> None:
        message = self.conversation.add_answer(answer.message)
        answer.calls = list(message.tool_calls)
        report.answered(message, answer.usage, time.monotonic() - started)
        self._tell(AnswerEnded(message, answer.usage))

    async def _run_calls(self, report: TurnReport, guard: LoopGuard, calls: Sequence[ToolCall]) -> None:
        results: dict[str, str] = {}
        advice: list[str] = []
        try:
            report.budget.before_calls(len(calls))
            tell = report.watching(self._tell, results)
            for finished in await self.executor.run(calls, tell):
                if text := guard.observe(finished.call, finished.for_model, finished.ok):
                    advice.append(text)
        finally:
            self.conversation.add_results(results)
        for text in dict.fromkeys(advice):
            self._correct("loop", text)

    async def _verified(self, report: TurnReport) -> bool:
        """True when there is nothing to verify, or it passes; else the model has been told."""
        if self.verifier is None:
            return True
        finished = await self.verifier.run(self._tell)
        report.verified(finished)
        if finished.passed:
            return True
        self._correct("verification", feedback(finished))
        return False

    def _correct(self, reason: CorrectionReason, text: str) -> None:
        self.conversation.add_user(text)
        self._tell(Corrected(reason, text))

    def _take_steering(self) -> None:
        for text in self._steering:
            self.conversation.add_user(text)
            self._tell(Steered(text))
        self._steering.clear()
