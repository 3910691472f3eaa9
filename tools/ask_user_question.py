"""Asks the person at the terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from qwen_code.tool import Access, Question, TextBlock, Tool, ToolContext, ToolFailure, ToolResult

MAX_QUESTIONS = 4


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    question: str
    options: list[str] = field(default_factory=list[str])


@dataclass(frozen=True, slots=True)
class AskUserQuestionParams:
    questions: list[AskedQuestion]


class AskUserQuestion(Tool[AskUserQuestionParams]):
    name = "ask_user_question"
    params = AskUserQuestionParams

    def accesses(self, params: AskUserQuestionParams, ctx: ToolContext) -> Sequence[Access]:
        return ()

    async def run(
        self, params: AskUserQuestionParams, ctx: ToolContext, emit: Callable[[str], None]
    ) -> ToolResult:
        asked = params.questions
        if not 1 <= len(asked) <= MAX_QUESTIONS or any(not q.question.strip() for q in asked):
            raise ToolFailure(f"Ask 1 to {MAX_QUESTIONS} questions, none of them empty.", "schema")
        answers = await ctx.user.ask([Question(q.question, tuple(q.options)) for q in asked])
        if answers is None:
            return ToolResult(
                True,
                "Nobody is there to answer. Go on with the most sensible assumption, "
                "and say in your answer what you assumed.",
                TextBlock("nobody there to answer"),
            )
        pairs = list(zip(asked, answers, strict=True))
        for_user = "\n".join(f"{q.question} {answer or '(no answer)'}" for q, answer in pairs)
        if len(pairs) == 1:
            return ToolResult(True, answers[0] or "(no answer)", TextBlock(for_user))
        lines = [f"{q.question}\n{answer or '(no answer)'}" for q, answer in pairs]
        return ToolResult(True, "\n\n".join(lines), TextBlock(for_user))

    def title(self, params: AskUserQuestionParams, ctx: ToolContext) -> str:
        return (
            params.questions[0].question
            if len(params.questions) == 1
            else f"{len(params.questions)} questions"
        )
