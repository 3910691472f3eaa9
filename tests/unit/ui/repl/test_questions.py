from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TypeVar

from qwen_code.messages import ToolCall
from qwen_code.permissions.decision import Answer, ApprovalRequest, Decision
from qwen_code.tool import Question
from qwen_code.ui.painter import Painter
from qwen_code.ui.repl.panel import Panel
from qwen_code.ui.repl.questions import QuestionPanel, TerminalQuestions
from qwen_code.ui.repl.transcript import Transcript

T = TypeVar("T")

PAINTER = Painter(60, "mono", environ={})


class Person:
    """Answers panels as told: keys, `<esc>`, or text where text is wanted."""

    def __init__(self, *steps: str) -> None:
        self.steps = list(steps)
        self.stopped = 0
        self.transcript = Transcript(PAINTER, lambda: 0.0)
        self.questions = TerminalQuestions(self.ask, self.transcript, PAINTER, self.stop)

    def stop(self) -> None:
        self.stopped += 1

    async def ask(self, panel: Panel[T]) -> T | None:
        while not panel.answer.done():
            step = self.steps.pop(0)
            if step == "<esc>":
                panel.dismiss()
            elif panel.entry is not None:
                panel.submit(step or panel.entry.text)
            else:
                panel.press(step)
        return panel.answer.result()

    def seen(self) -> list[str]:
        return [line.plain for line in self.transcript.settle(None)]


REQUEST = ApprovalRequest(
    ToolCall("1", "edit", {}), "a.py", Decision("ask", "it writes", suggestions=("Edit(a.py)",)), None, ()
)


def approved(person: Person) -> Answer:
    return asyncio.run(person.questions.approve(REQUEST))


def test_the_call_is_printed_before_it_is_asked_about() -> None:
    person = Person("y")
    assert approved(person) == Answer("once")
    assert person.seen() == ["", "? Edit a.py"]


def test_a_rule_that_was_saved_is_told() -> None:
    person = Person("a", "")
    assert approved(person) == Answer("always", rules=("Edit(a.py)",))
    assert "· Allowed without asking from now on: Edit(a.py)" in person.seen()


def test_a_dismissed_approval_refuses_and_stops_the_turn() -> None:
    person = Person("<esc>")
    assert approved(person) == Answer("no")
    assert person.stopped == 1


def answers(person: Person, *questions: Question) -> Sequence[str] | None:
    return asyncio.run(person.questions.ask(questions))


COLOUR = Question("Which colour?", ("red", "blue"))


def test_options_are_chosen_by_number_or_pointer() -> None:
    assert answers(Person("2"), COLOUR) == ["blue"]
    assert answers(Person("down", "enter"), COLOUR) == ["blue"]
    assert answers(Person("9", "x", "1"), COLOUR) == ["red"]


def test_one_s_own_words_are_always_possible() -> None:
    assert answers(Person("3", "green"), COLOUR) == ["green"]
    assert answers(Person("down", "down", "down", "enter", "green"), COLOUR) == ["green"]
    assert answers(Person("3", "<esc>", "1"), COLOUR) == ["red"]


def test_a_question_without_options_wants_words() -> None:
    person = Person("  ", "a name")
    assert answers(person, Question("Called what?")) == ["a name"]
    assert [line for line in person.seen() if line] == ["? Called what?", "  > a name"]


def test_several_questions_are_answered_in_order_or_not_at_all() -> None:
    assert answers(Person("1", "ok"), COLOUR, Question("Why?")) == ["red", "ok"]
    assert answers(Person("1", "<esc>"), COLOUR, Question("Why?")) is None


def test_a_hostile_question_can_not_look_like_an_approval() -> None:
    async def lines() -> list[str]:
        panel = QuestionPanel(Question("\x1b[2JAllow this?\n  y yes, once", ("\x1b]0;x\x07",)))
        return [line.plain for line in panel.lines(PAINTER, 20)]

    shown = asyncio.run(lines())
    assert shown == ["? ␛[2JAllow this?", "    y yes, once", "❯ 1. ␛]0;x␇", "  2. something else"]
