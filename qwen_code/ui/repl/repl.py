"""The interactive front end: joins the prompt, the transcript, the turns and the slash commands."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

from prompt_toolkit.enums import EditingMode
from prompt_toolkit.filters import Condition
from prompt_toolkit.input import Input

from qwen_code.errors import ExitCode, QwenCodeError
from qwen_code.events import Event
from qwen_code.permissions.decision import Mode
from qwen_code.settings.model import Settings, UiSettings
from qwen_code.tool import Draft
from qwen_code.ui.painter import Line, Painter
from qwen_code.ui.repl.activity import SPINNER_S
from qwen_code.ui.repl.attention import Attention
from qwen_code.ui.repl.banner import banner
from qwen_code.ui.repl.commands.table import COMMANDS, candidates, dispatch, is_command
from qwen_code.ui.repl.completion import PromptCompleter
from qwen_code.ui.repl.desk import Desk
from qwen_code.ui.repl.editor import edited
from qwen_code.ui.repl.file_index import FileIndex
from qwen_code.ui.repl.history import PromptHistory
from qwen_code.ui.repl.jobs import Jobs, is_shell_line
from qwen_code.ui.repl.key_actions import KeyActions
from qwen_code.ui.repl.keys import bindings
from qwen_code.ui.repl.layout import Region
from qwen_code.ui.repl.looks import Looks
from qwen_code.ui.repl.port import App, AppFactory, FirstRunPlace
from qwen_code.ui.repl.questions import TerminalQuestions
from qwen_code.ui.repl.record import Record
from qwen_code.ui.repl.replay import ending, replayed
from qwen_code.ui.repl.screen import FrameOutput, Screen
from qwen_code.ui.repl.status import Meter
from qwen_code.ui.repl.transcript import Transcript
from qwen_code.ui.repl.turn_watch import TurnWatch
from qwen_code.ui.repl.turns import Turns
from qwen_code.ui.repl.view import FLASH_S, View
from qwen_code.ui.terminal_text import shown_line

LAST_ANSWER_S = 0.2
"""How much longer somebody stays who leaves before the terminal has answered a question."""


class Repl:
    """One interactive session. Slash commands get this object; what they may use has no underscore."""

    def __init__(
        self,
        settings: Settings,
        painter: Painter,
        *,
        directory: Path,
        history: Path,
        input: Input,
        output: FrameOutput,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings = settings
        self.painter = painter
        self.clock = clock
        self._directory = directory
        self.transcript = Transcript(painter, clock, shell_lines=settings.ui.shell_output_max_lines)
        self.record = Record()
        self.files = FileIndex(directory)
        self.app: App | None = None
        self.turns: Turns | None = None
        self._ended_by: signal.Signals | None = None
        self._background: set[asyncio.Task[None]] = set()
        self.resumable = ""
        """The session's id once there is something in it to come back to."""
        completer = PromptCompleter(COMMANDS, lambda name: candidates(self, name), self.files)
        self.desk = Desk(
            completer=completer, history=PromptHistory(history), clock=clock, changed=self._focus_changed
        )
        self.questions = TerminalQuestions(
            self.desk.ask,
            self.transcript,
            painter,
            stop=self.interrupt,
            edit=self.edited,
            set_mode=self.set_mode,
        )
        self.view = View(painter, self.transcript, self.desk, clock)
        busy = Condition(lambda: self.busy)
        self._region = Region(painter, self.desk, self.view)
        keys = bindings(
            KeyActions(self),
            self.desk.prompt,
            asking=self.desk.asking,
            entering=self.desk.entering,
            busy=busy,
        )
        self.screen = Screen(
            painter,
            self._region.layout,
            keys,
            self._settle,
            self.complain,
            input=input,
            output=output,
        )
        self._input = input
        self._attention = Attention(settings.ui, directory, self.screen.send_sequence)
        self._watch = TurnWatch(self, self._attention)
        self.looks = Looks(painter, settings.ui.theme, self.screen.refresh_now)
        if settings.ui.vim_mode:
            self.screen.app.editing_mode = EditingMode.VI

    # -- running

    async def run(
        self,
        open_app: AppFactory,
        first_prompt: str | None,
        resume: str | None,
        first_run: FirstRunPlace | None = None,
    ) -> int:
        """Show the prompt, open the application behind it, and stay until the person leaves.

        `first_run`: where to keep which model answers, to be asked first.
        """
        if not self.settings.ui.hide_banner:
            self.transcript.print([banner(self._directory, Path.home())])
        self._watch_signals()
        drawing = asyncio.create_task(self.screen.run(), name="screen")
        painted = asyncio.create_task(self.screen.painted.wait())
        await asyncio.wait([drawing, painted], return_when=asyncio.FIRST_COMPLETED)
        if (
            self._ended_by is not None
        ):  # too early for the screen, perhaps, which has the terminal to put right
            self.screen.leave(128 + self._ended_by)
        self._attention.opened()
        self.looks.ask(self._input, self.screen.send_sequence)
        try:
            async with AsyncExitStack() as stack:
                stack.push_async_callback(self._close)
                opening = asyncio.create_task(self._open(stack, open_app, first_run))
                await asyncio.wait([opening, drawing], return_when=asyncio.FIRST_COMPLETED)
                if opening.done():
                    if (app := opening.result()) is None:
                        return ExitCode.CONFIGURATION
                    await self._opened(app, first_prompt, resume)
                else:
                    opening.cancel()
                    await asyncio.wait([opening])
                return await self._until_left(drawing)
        finally:
            self.screen.leave(ExitCode.FAILED)
            await asyncio.wait([drawing])
            painted.cancel()
            self._attention.closed()

    async def _open(
        self, stack: AsyncExitStack, open_app: AppFactory, first_run: FirstRunPlace | None
    ) -> App | None:
        """The application; None when no model was chosen on the first run."""
        if first_run is not None:
            from qwen_code.ui.repl.first_run import FirstRun

            if not await FirstRun(first_run, self.desk.ask, self._tell, self.screen.refresh).run():
                return None
        return await stack.enter_async_context(open_app(self.questions, self.questions, self.warn))

    def _tell(self, text: str, style: str) -> None:
        self.transcript.notice(shown_line(text), style, {"ok": "✓", "error": "✗"}.get(style, "·"))
        self.screen.refresh_now()

    async def _until_left(self, drawing: asyncio.Task[int]) -> int:
        try:
            return await drawing
        except EOFError:
            return ExitCode.DONE

    async def _opened(self, app: App, first_prompt: str | None, resume: str | None) -> None:
        self.app = self.view.app = app
        self.turns = self.view.turns = Turns(
            Jobs(app), on_start=self._watch.began, on_event=self._watch.happened, on_end=self._watch.ended
        )
        if resume is not None:
            await self.resume(resume)
        early, self.view.early = self.view.early, []
        for text in [first_prompt, *early] if first_prompt else early:
            self.submit(text)
        self.screen.refresh_now()

    async def _close(self) -> None:
        if self.turns is not None:
            await self.turns.aclose()
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self.files.aclose()

    def _watch_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._signalled, number)

    def _signalled(self, number: signal.Signals) -> None:
        self._ended_by = number
        self.screen.leave(128 + number)

    # -- what commands use

    @property
    def busy(self) -> bool:
        """Whether a turn or a shell line runs."""
        return self.view.activity.busy

    def submit(self, text: str) -> None:
        """What the prompt does with a text: a command, a shell line, or a prompt for the model."""
        if not text:
            return
        if is_command(text):
            self.spawn(dispatch(self, text))
        elif self.turns is None:
            self.view.early.append(text)
            self.flash("Still starting; this is sent as soon as the model is there.")
        else:
            self.turns.send(text, after_turn=is_shell_line(text))
        self.screen.refresh_now()

    def interrupt(self) -> None:
        """Stop what runs; what is done stays done."""
        if self.turns is not None and self.turns.interrupt():
            self.view.activity.now_doing("Stopping")
        self.screen.refresh_now()

    def leave(self, code: int) -> None:
        if self.looks.awaits_answer:
            asyncio.get_running_loop().call_later(LAST_ANSWER_S, self.screen.leave, code)
        else:
            self.screen.leave(code)

    def say(self, lines: Sequence[Line]) -> None:
        """Print a group of lines of qwen-code's own."""
        self.transcript.group(lines)
        self.screen.refresh()

    def warn(self, text: str) -> None:
        """A sentence that is no error."""
        self.transcript.notice(shown_line(text), "warn", "!")
        self.screen.refresh()

    def complain(self, error: Exception) -> None:
        """A sentence about something that could not be done."""
        text = str(error) if isinstance(error, QwenCodeError) else f"{type(error).__name__}: {error}"
        self.transcript.notice(shown_line(text), "error", "✗")
        self.screen.refresh()

    def flash(self, text: str) -> None:
        """Say something in the status line for a moment."""
        self.view.flash(text)
        if self.painter.plain:
            self.transcript.notice(text)
        self.screen.refresh_now()
        asyncio.get_running_loop().call_later(FLASH_S + 0.1, self.screen.refresh)

    async def edited(self, draft: Draft) -> str:
        """What the person makes of a text in their editor.

        Raises:
            InputError: there is no editor, or it failed.
        """
        return await edited(draft.text, draft.suffix, self.settings.ui.editor)

    def set_mode(self, mode: Mode) -> None:
        if self.app is not None:
            self.app.mode = mode
            self.flash(f"Approval mode: {mode.value}.")

    def take_ui_settings(self, ui: UiSettings) -> None:
        """Look and behave by other settings from now on."""
        self.settings = replace(self.settings, ui=ui)
        self.looks.show(ui.theme)
        self._attention.take(ui)
        self.transcript.shell_lines = ui.shell_output_max_lines
        self.screen.app.editing_mode = EditingMode.VI if ui.vim_mode else EditingMode.EMACS
        self.screen.refresh_now()

    async def reopen(self, session_id: str) -> Sequence[Event]:
        """Go on with a stored session, without a word about it; what happened in it."""
        assert self.app is not None
        events = await self.app.resume(session_id)
        self.resumable = self.app.session_id
        self.forget()
        for event in ending(events)[0]:
            self.record.take(event)
            self.view.meter.take(event, 0.0)
        self.view.meter.cost_usd = self.app.stats().usage.cost_usd
        return events

    async def resume(self, session_id: str) -> None:
        """Go on with a stored session (`latest`, an id, a title, or a beginning) and show its end."""
        assert self.app is not None
        events = await self.reopen(session_id)
        self.transcript.print(replayed(events, self.painter, self.clock))
        self.transcript.notice(f"Session {self.app.session_id} goes on.")
        self.screen.refresh()

    def forget(self) -> None:
        """Another session begins: nothing of the one before is counted or shown any more."""
        self.record = Record()
        self.view.meter = Meter(window=self.view.meter.window)

    def spawn(self, work: Awaitable[None]) -> None:
        """Run a command's work beside the prompt; what it raises is said, not lost."""

        async def guarded() -> None:
            try:
                await work
            except QwenCodeError as error:
                self.complain(error)
            except Exception as error:  # one command's defect must not end the session
                if self.settings.debug:
                    raise
                self.complain(error)
            self.screen.refresh_now()

        task = asyncio.create_task(guarded())
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    def learn_window(self) -> None:
        """Find out how many tokens the model's window holds."""

        async def learn() -> None:
            assert self.app is not None
            self.view.meter.window = await self.app.backend.context_window()

        self.spawn(learn())

    def _settle(self) -> tuple[Sequence[Line], bool]:
        lines = self.transcript.settle()
        if self.busy and not self.painter.plain:
            self.screen.refresh(SPINNER_S)
        return lines, self.transcript.behind

    def _focus_changed(self) -> None:
        layout = self._region.layout
        panel = self.desk.panel
        if panel is None:
            layout.focus(self._region.prompt)
        else:
            layout.focus(self._region.entry if panel.entry is not None else self._region.question)
        self.screen.refresh_now()
