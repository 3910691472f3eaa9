"""Puts the agent's questions to the person: approvals, plans, and what a model asks itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Protocol, TypeVar

from rich.text import Text

from qwen_code.errors import InputError
from qwen_code.permissions.decision import Answer, ApprovalRequest, Mode
from qwen_code.tool import Draft, PlanReview, Question
from qwen_code.ui.blocks import command_lines
from qwen_code.ui.painter import Line, Painter
from qwen_code.ui.repl.approval import ApprovalPanel, request_lines
from qwen_code.ui.repl.panel import Entry, Key, Panel
from qwen_code.ui.repl.plan_review import Approved, PlanPanel, plan_lines
from qwen_code.ui.repl.transcript import Transcript
from qwen_code.ui.terminal_text import shown, shown_line

T = TypeVar("T")


class Ask(Protocol):
    """Shows a panel in the prompt's place and waits for what it answers."""

    def __call__(self, panel: Panel[T]) -> Coroutine[Any, Any, T | None]: ...


class TerminalQuestions:
    """The approver and the user port of a terminal."""

    def __init__(
        self,
        ask: Ask,
        transcript: Transcript,
        painter: Painter,
        *,
        stop: Callable[[], None],
        edit: Callable[[Draft], Awaitable[str]],
        set_mode: Callable[[Mode], None],
    ) -> None:
        """
        Args:
            stop: interrupts the turn: what dismissing a question means.
            edit: gives a draft to the person's editor; raises InputError when that can't be done.
            set_mode: takes the approval mode that goes with an approved plan.
        """
        self._ask = ask
        self._transcript = transcript
        self._painter = painter
        self._stop = stop
        self._edit = edit
        self._set_mode = set_mode
        self.commands_approved = 0
        """How often a command was allowed once: how much asking a sandbox could have saved."""

    async def approve(self, request: ApprovalRequest) -> Answer:
        self._transcript.preview(request.call.id, request_lines(request, self._painter))
        answer = await self._decided(request)
        if answer is None:
            self._stop()
            return Answer("no")
        if answer.kind == "edited":
            self._show_redrafted(request, answer.text)
        if answer.kind == "once" and any(access.kind == "run" for access in request.accesses):
            self.commands_approved += 1
        if answer.rules:
            until = "in this session" if answer.kind == "session" else "from now on"
            rules = "; ".join(shown_line(rule) for rule in answer.rules)
            self._transcript.notice(f"Allowed without asking {until}: {rules}")
        return answer

    async def _decided(self, request: ApprovalRequest) -> Answer | None:
        """What the person answers, after as many visits to the editor as they like."""
        while (answer := await self._ask(ApprovalPanel(request))) == "edit":
            assert request.draft is not None
            text = await self._from_editor(request.draft)
            if text != request.draft.text:
                return Answer("edited", text=text)
        return answer

    def _show_redrafted(self, request: ApprovalRequest, text: str) -> None:
        runs = any(access.kind == "run" for access in request.accesses)
        title = text.strip().partition("\n")[0] if runs else request.title
        self._transcript.redrafted(request.call.id, title, command_lines(text, self._painter) if runs else ())

    async def _from_editor(self, draft: Draft) -> str:
        """The text from the editor, or as it was where that can't be had."""
        try:
            return await self._edit(draft)
        except InputError as error:
            self._transcript.notice(shown_line(str(error)), "error", "✗")
            return draft.text

    async def review_plan(self, plan: str) -> PlanReview | None:
        title = "The plan"
        while True:
            self._transcript.group(plan_lines(plan, self._painter, title))
            answer = await self._ask(PlanPanel())
            if answer == "edit":
                plan, title = await self._from_editor(Draft(plan, ".md")), "The plan as you changed it"
            elif isinstance(answer, Approved):
                self._set_mode(answer.mode)
                return PlanReview(True, plan=plan)
            elif answer is None:
                self._stop()
                return PlanReview(False)
            else:
                return PlanReview(False, note=answer.note)

    async def ask(self, questions: Sequence[Question]) -> Sequence[str] | None:
        answers: list[str] = []
        for question in questions:
            answer = await self._ask(QuestionPanel(question))
            if answer is None:
                return None
            answers.append(answer)
            lines = self._painter.wrap(Text(shown(question.text)), "? ", style="accent")
            lines += self._painter.wrap(Text(shown(answer), "user"), "  > ")
            self._transcript.group(lines)
        return answers


class QuestionPanel(Panel[str]):
    """One question of the model's: options by number or pointer, and always the person's own words."""

    def __init__(self, question: Question) -> None:
        super().__init__()
        self._question = question
        self._at = 0
        if not question.options:
            self.entry = Entry("> ")

    def lines(self, painter: Painter, rows: int) -> list[Line]:
        lines = painter.wrap(Text(shown(self._question.text), "strong"), "? ", style="accent")
        options = self._question.options
        for number, option in enumerate([*options, "something else"] if options else []):
            chosen = number == self._at
            mark = painter.mark("❯", "> ") if chosen else "  "
            text = Text(f"{number + 1}. {shown_line(option)}", "accent" if chosen else "")
            lines += painter.wrap(text, mark)
        return lines[-max(rows, 3) :]

    def press(self, key: Key) -> None:
        options = self._question.options
        match key:
            case "up":
                self._at = max(0, self._at - 1)
            case "down" | "tab":
                self._at = min(len(options), self._at + 1)
            case "enter":
                self._choose(self._at)
            case _ if key.isascii() and key.isdigit() and 0 < int(key) <= len(options) + 1:
                self._choose(int(key) - 1)
            case _:
                pass

    def submit(self, text: str) -> None:
        if text.strip():
            self._answered(text.strip())

    def dismiss(self) -> None:
        if self.entry is not None and self._question.options:
            self.entry = None
        else:
            self._answered(None)

    def _choose(self, number: int) -> None:
        options = self._question.options
        if number < len(options):
            self._answered(options[number])
        else:
            self.entry = Entry("> ")
