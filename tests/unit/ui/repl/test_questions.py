from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TypeVar

from qwen_code.errors import InputError
from qwen_code.messages import ToolCall
from qwen_code.permissions.decision import Answer, ApprovalRequest, Decision, Mode
from qwen_code.tool import Access, DiffBlock, Draft, PlanReview, Question
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
        self.modes: list[Mode] = []
        self.edits: list[str] = []
        """What the editor makes of what it is given, one visit after the other."""
        self.transcript = Transcript(PAINTER, lambda: 0.0)
        self.questions = TerminalQuestions(
            self.ask, self.transcript, PAINTER, stop=self.stop, edit=self.edit, set_mode=self.modes.append
        )

    def stop(self) -> None:
        self.stopped += 1

    async def edit(self, draft: Draft) -> str:
        if not self.edits:
            raise InputError("There is no editor here.")
        return self.edits.pop(0)

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


def approved(person: Person, request: ApprovalRequest = REQUEST) -> Answer:
    return asyncio.run(person.questions.approve(request))


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


def drafted(text: str, *, runs: bool = False) -> ApprovalRequest:
    access = Access("run", text, "/p") if runs else Access("write", "/p/a.py")
    name = "run_shell_command" if runs else "edit"
    preview = None if runs else DiffBlock("a.py", "@@ -1 +1 @@\n-a\n+b\n", 1, 1)
    return ApprovalRequest(
        ToolCall("1", name, {}), "a.py", Decision("ask", "why"), preview, (access,), Draft(text, ".py")
    )


def test_a_command_is_rewritten_in_place_and_shown_as_it_will_run() -> None:
    person = Person("e", "npm test -- --watch=false")
    assert approved(person, drafted("npm test", runs=True)) == Answer(
        "edited", text="npm test -- --watch=false"
    )
    assert "    $ npm test -- --watch=false" in person.seen()


def test_a_file_is_rewritten_in_the_editor() -> None:
    person = Person("e")
    person.edits = ["c\n"]
    assert approved(person, drafted("b\n")) == Answer("edited", text="c\n")


def test_an_editor_left_without_a_change_leads_back_to_the_question() -> None:
    person = Person("e", "n", "no, better not")
    person.edits = ["b\n"]
    assert approved(person, drafted("b\n")) == Answer("no", note="no, better not")


def test_without_an_editor_the_question_stays_and_says_why() -> None:
    person = Person("e", "y")
    assert approved(person, drafted("b\n")) == Answer("once")
    assert "✗ There is no editor here." in person.seen()


def reviewed(*steps: str, edits: Sequence[str] = ()) -> tuple[Person, PlanReview | None]:
    person = Person(*steps)
    person.edits = list(edits)
    return person, asyncio.run(person.questions.review_plan("1. Look\n2. **Fix**"))


def test_a_plan_is_shown_whole_and_its_approval_sets_the_mode() -> None:
    person, review = reviewed("y")
    assert review == PlanReview(True, plan="1. Look\n2. **Fix**")
    assert person.modes == [Mode.DEFAULT]
    assert any("2. Fix" in line for line in person.seen())
    assert reviewed("a")[0].modes == [Mode.AUTO_EDIT]


def test_a_plan_can_be_rewritten_and_is_asked_about_again() -> None:
    person, review = reviewed("e", "y", edits=["1. Only look"])
    assert review == PlanReview(True, plan="1. Only look")
    assert any("1. Only look" in line for line in person.seen())


def test_a_refused_plan_tells_the_model_why_and_changes_no_mode() -> None:
    person, review = reviewed("n", "smaller steps")
    assert review == PlanReview(False, note="smaller steps")
    assert (person.modes, person.stopped) == ([], 0)


def test_a_dismissed_plan_stops_the_turn() -> None:
    person, review = reviewed("<esc>")
    assert review == PlanReview(False)
    assert person.stopped == 1
