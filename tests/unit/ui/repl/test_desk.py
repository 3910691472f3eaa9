from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from prompt_toolkit.completion import DummyCompleter
from prompt_toolkit.history import InMemoryHistory

from qwen_code.messages import ToolCall
from qwen_code.permissions.decision import Answer, ApprovalRequest, Decision
from qwen_code.ui.painter import Line, Painter
from qwen_code.ui.repl.approval import ApprovalPanel
from qwen_code.ui.repl.desk import PAUSE_S, TYPING_S, Desk
from qwen_code.ui.repl.panel import Entry, Key, Panel


class Question(Panel[str]):
    def lines(self, painter: Painter, rows: int) -> list[Line]:
        return []

    def press(self, key: Key) -> None:
        if key == "t":
            self.entry = Entry("text > ", "offered")
        else:
            self._answered(key)

    def submit(self, text: str) -> None:
        self._answered(text)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def at_a_desk(story: Callable[[Desk, Clock], Awaitable[None]]) -> None:
    async def run() -> None:
        clock = Clock()
        desk = Desk(completer=DummyCompleter(), history=InMemoryHistory(), clock=clock, changed=lambda: None)
        await story(desk, clock)

    asyncio.run(run())


async def asked(desk: Desk) -> asyncio.Task[str | None]:
    task = asyncio.create_task(desk.ask(Question()))
    await asyncio.sleep(0)
    return task


def test_a_key_answers_and_the_draft_is_untouched() -> None:
    async def story(desk: Desk, clock: Clock) -> None:
        desk.prompt.text = "half a thought"
        clock.now += TYPING_S
        task = await asked(desk)
        desk.press("y")
        assert await task == "y"
        assert desk.prompt.text == "half a thought"
        assert desk.panel is None

    at_a_desk(story)


def test_keys_of_somebody_in_mid_sentence_go_on_into_the_draft() -> None:
    async def story(desk: Desk, clock: Clock) -> None:
        desk.prompt.insert_text("yes, pleas")
        task = await asked(desk)
        clock.now += PAUSE_S / 2
        desk.press("e")
        desk.press("enter")
        clock.now += PAUSE_S / 2
        desk.press("y")
        assert desk.prompt.text == "yes, pleasey"
        assert not task.done()
        clock.now += PAUSE_S
        desk.press("y")
        assert await task == "y"

    at_a_desk(story)


def test_a_sentence_that_begins_at_a_question_answers_nothing() -> None:
    async def story(desk: Desk, clock: Clock) -> None:
        request = ApprovalRequest(ToolCall("1", "edit", {}), "a.py", Decision("ask", "why"), None, ())
        task = asyncio.create_task(desk.ask(ApprovalPanel(request)))
        await asyncio.sleep(0)
        for key in "/doctor any":
            desk.press(key)
            clock.now += 0.05
        assert desk.prompt.text == "/doctor any"
        clock.now += PAUSE_S
        desk.press("y")
        assert await task == Answer("once")

    at_a_desk(story)


def test_somebody_who_has_just_sent_a_prompt_can_answer_at_once() -> None:
    async def story(desk: Desk, clock: Clock) -> None:
        desk.prompt.insert_text("do it")
        assert desk.taken() == "do it"
        task = await asked(desk)
        desk.press("n")
        assert await task == "n"

    at_a_desk(story)


def test_a_question_can_want_text_and_offers_some() -> None:
    async def story(desk: Desk, clock: Clock) -> None:
        task = await asked(desk)
        desk.press("t")
        assert (desk.entry_sign, desk.entry.text) == ("text > ", "offered")
        desk.entry.text = "mine"
        desk.submit_entry()
        assert await task == "mine"
        assert desk.entry_sign == ""

    at_a_desk(story)


def test_questions_come_one_after_the_other() -> None:
    async def story(desk: Desk, clock: Clock) -> None:
        first, second = await asked(desk), await asked(desk)
        desk.press("1")
        assert await first == "1"
        await asyncio.sleep(0)
        desk.press("2")
        assert await second == "2"

    at_a_desk(story)


def test_a_dismissed_question_answers_none() -> None:
    async def story(desk: Desk, clock: Clock) -> None:
        task = await asked(desk)
        desk.dismiss()
        assert await task is None

    at_a_desk(story)


def test_a_question_whose_asker_gave_up_disappears() -> None:
    async def story(desk: Desk, clock: Clock) -> None:
        task = await asked(desk)
        task.cancel()
        await asyncio.wait([task])
        assert desk.panel is None
        desk.press("y")

    at_a_desk(story)


def test_taking_the_prompt_empties_it_unfolds_pastes_and_remembers() -> None:
    async def story(desk: Desk, clock: Clock) -> None:
        pasted = "line\n" * 50
        desk.prompt.insert_text("look: " + desk.pastes.folded(pasted))
        assert desk.taken() == ("look: " + pasted).strip()
        assert desk.prompt.text == ""

    at_a_desk(story)


def test_text_put_back_stands_before_the_draft() -> None:
    async def story(desk: Desk, clock: Clock) -> None:
        desk.put("first")
        desk.put("")
        desk.put("zeroth")
        assert desk.prompt.text == "zeroth\n\nfirst"

    at_a_desk(story)
