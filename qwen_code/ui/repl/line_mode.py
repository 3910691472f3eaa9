"""The REPL for terminals that can only print lines (TERM=dumb): one question, one answer, no cursor keys."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress

from qwen_code.errors import ExitCode, QwenCodeError
from qwen_code.permissions.decision import Answer, ApprovalRequest, Mode
from qwen_code.settings.model import Settings
from qwen_code.tool import PlanReview, Question
from qwen_code.ui.painter import Line, Painter
from qwen_code.ui.repl.approval import request_lines
from qwen_code.ui.repl.jobs import Jobs
from qwen_code.ui.repl.plan_review import plan_lines
from qwen_code.ui.repl.port import App, AppFactory
from qwen_code.ui.repl.replay import replayed
from qwen_code.ui.repl.transcript import Transcript
from qwen_code.ui.terminal_text import shown, shown_line

WIDTH = 80
HELP = "Commands here: /help, /clear, /approval-mode MODE, /quit. Everything else goes to the model."


class LineMode:
    """Prints what is finished, reads lines. It is its own approver and user port."""

    def __init__(self, settings: Settings) -> None:
        self._painter = Painter(WIDTH, "mono", plain=True)
        self._transcript = Transcript(
            self._painter, time.monotonic, shell_lines=settings.ui.shell_output_max_lines
        )
        self._turn: asyncio.Task[None] | None = None
        self._app: App | None = None

    async def run(self, open_app: AppFactory, first_prompt: str | None, resume: str | None) -> int:
        async with open_app(self, self, self._warn) as app:
            self._app = app
            loop = asyncio.get_running_loop()
            loop.add_signal_handler(signal.SIGINT, self._interrupted)
            try:
                if resume is not None:
                    events = await app.resume(resume)
                    self._print(replayed(events, self._painter, time.monotonic))
                await self._converse(app, first_prompt)
            finally:
                loop.remove_signal_handler(signal.SIGINT)
        return ExitCode.DONE

    async def _converse(self, app: App, first_prompt: str | None) -> None:
        jobs = Jobs(app)
        text = first_prompt
        while text is not None or (text := await self._read("> ")) is not None:
            if text.startswith("/"):
                if not await self._command(app, text):
                    return
            elif text.strip():
                await self._work(jobs, text)
            text = None

    async def approve(self, request: ApprovalRequest) -> Answer:
        self._transcript.preview(request.call.id, request_lines(request, self._painter))
        self._flush()
        print(f"Allow this? {shown_line(request.decision.reason)}")
        answer = await self._read("y for yes, n for no, or say what to do instead: ")
        match (answer or "n").strip().lower():
            case "y" | "yes":
                return Answer("once")
            case "n" | "no" | "":
                return Answer("no")
            case _:
                return Answer("no", note=(answer or "").strip())

    async def ask(self, questions: Sequence[Question]) -> Sequence[str] | None:
        answers: list[str] = []
        for question in questions:
            print(shown(question.text))
            for number, option in enumerate(question.options, 1):
                print(f"  {number}. {shown_line(option)}")
            answer = await self._read("answer: ")
            if answer is None:
                return None
            chosen = answer.strip()
            if chosen.isascii() and chosen.isdigit() and 0 < int(chosen) <= len(question.options):
                chosen = question.options[int(chosen) - 1]
            answers.append(chosen)
        return answers

    async def review_plan(self, plan: str) -> PlanReview | None:
        self._print(plan_lines(plan, self._painter))
        answer = (await self._read("y carries it out, n does not, or say what to change: ") or "n").strip()
        match answer.lower():
            case "y" | "yes":
                if self._app is not None:
                    self._app.mode = Mode.DEFAULT
                return PlanReview(True, plan=plan)
            case "n" | "no" | "":
                return PlanReview(False)
            case _:
                return PlanReview(False, note=answer)

    async def _work(self, jobs: Jobs, text: str) -> None:
        async def turn() -> None:
            async for event in jobs.run(text):
                self._transcript.take(event)
                self._flush()

        self._turn = asyncio.create_task(turn())
        try:
            await self._turn
        except asyncio.CancelledError:
            self._transcript.interrupted()
            self._flush()
        finally:
            self._turn = None

    async def _command(self, app: App, text: str) -> bool:
        """Whether to go on after this command."""
        name, _, argument = text[1:].partition(" ")
        try:
            match name:
                case "quit" | "exit" | "q":
                    return False
                case "clear":
                    await app.clear()
                    print(f"A new session, {app.session_id}.")
                case "approval-mode" if argument in set(Mode):
                    app.mode = Mode(argument)
                    print(f"Approval mode {argument}.")
                case "approval-mode":
                    print(f"Approval mode {app.mode.value}; there are {', '.join(Mode)}.")
                case _:
                    print(HELP)
        except QwenCodeError as error:
            print(error)
        return True

    def _interrupted(self) -> None:
        if self._turn is not None:
            self._turn.cancel()
        else:
            print("\nCtrl+D or /quit leaves.")

    def _warn(self, text: str) -> None:
        print(shown_line(text))

    def _flush(self) -> None:
        self._print(self._transcript.settle(None))

    def _print(self, lines: Sequence[Line]) -> None:
        for line in lines:
            print(line.plain)

    async def _read(self, sign: str) -> str | None:
        """One line, None at the end of input. Read in the loop, so that a signal still gets through."""
        print(sign, end="", flush=True)
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[None] = loop.create_future()

        def readable() -> None:
            if not ready.done():
                ready.set_result(None)

        loop.add_reader(sys.stdin.fileno(), readable)
        try:
            await ready
        finally:
            loop.remove_reader(sys.stdin.fileno())
        line = ""
        with suppress(OSError, UnicodeDecodeError):
            line = sys.stdin.readline()
        return line.rstrip("\r\n") if line else None


async def run_line_mode(
    open_app: AppFactory, settings: Settings, first_prompt: str | None, *, resume: str | None
) -> int:
    """The REPL where only lines can be printed; the exit code."""
    return await LineMode(settings).run(open_app, first_prompt, resume)
