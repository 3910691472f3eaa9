from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence

from qwen_code.events import (
    AnswerEnded,
    Event,
    Outcome,
    Steered,
    TextDelta,
    ToolFinished,
    TurnEnded,
    TurnStarted,
)
from qwen_code.messages import Message, ToolCall, Usage
from qwen_code.ui.repl.turns import Turns

CALL = ToolCall("1", "read_file", {})
WITH_CALL = AnswerEnded(Message("assistant", tool_calls=(CALL,)), Usage())


class App:
    """Plays events; `wait` stands for work that goes on until the test lets it."""

    def __init__(self, *events: Event | str, stubborn: bool = False) -> None:
        self.events = events
        self.stubborn = stubborn
        self.go_on = asyncio.Event()
        self.log: list[str] = []
        self._interrupted = False

    async def run(self, prompt: str) -> AsyncGenerator[Event, None]:
        self.log.append(prompt)
        yield TurnStarted(prompt)
        for event in self.events:
            if isinstance(event, str):
                await self.go_on.wait()
                self.go_on.clear()
                if self._interrupted:
                    self._interrupted = False
                    yield TurnEnded(Outcome.INTERRUPTED)
                    return
            else:
                yield event
        yield TurnEnded(Outcome.DONE)

    def steer(self, text: str) -> None:
        self.log.append(f"steered {text}")

    def interrupt(self) -> None:
        self._interrupted = True
        if not self.stubborn:
            self.go_on.set()


class Desk:
    def __init__(self, app: App) -> None:
        self.events: list[Event] = []
        self.ends: list[str] = []
        self.turns = Turns(
            app,
            on_start=lambda text: None,
            on_event=self.events.append,
            on_end=lambda end, error: self.ends.append(f"{end} {error}" if error else end),
        )

    async def settled(self) -> None:
        for _ in range(30):
            await asyncio.sleep(0)


def test_what_is_sent_while_a_turn_runs_becomes_the_next_one() -> None:
    async def story() -> None:
        app = App("wait")
        desk = Desk(app)
        desk.turns.send("one")
        await desk.settled()
        desk.turns.send("two")
        desk.turns.send("three")
        assert [w.text for w in desk.turns.waiting] == ["two", "three"]
        app.go_on.set()
        await desk.settled()
        assert app.log == ["one", "two\n\nthree"]
        app.go_on.set()
        await desk.settled()
        assert desk.ends == ["done", "done"]
        assert not desk.turns.running

    asyncio.run(story())


def test_before_calls_run_what_waits_is_handed_over_to_be_read_at_the_next_step() -> None:
    async def story() -> None:
        app = App("wait", WITH_CALL, "wait", Steered("be quick"), "wait")
        desk = Desk(app)
        desk.turns.send("one")
        await desk.settled()
        desk.turns.send("be quick")
        desk.turns.send("and then this", after_turn=True)
        app.go_on.set()
        await desk.settled()
        assert app.log == ["one", "steered be quick"]
        assert desk.turns.handed_over == ["be quick"]
        app.go_on.set()
        await desk.settled()
        assert desk.turns.handed_over == []
        app.go_on.set()
        await desk.settled()
        assert app.log[-1] == "and then this"
        await desk.turns.aclose()

    asyncio.run(story())


def test_an_answer_without_calls_hands_nothing_over() -> None:
    async def story() -> None:
        app = App(AnswerEnded(Message("assistant", "hi"), Usage()), "wait")
        desk = Desk(app)
        desk.turns.send("one")
        desk.turns.send("two")
        await desk.settled()
        assert app.log == ["one"]
        await desk.turns.aclose()

    asyncio.run(story())


def test_an_interrupted_turn_leaves_what_waited_to_the_person() -> None:
    async def story() -> None:
        desk = Desk(App("wait"))
        desk.turns.send("one")
        await desk.settled()
        desk.turns.send("two")
        assert desk.turns.interrupt()
        await desk.settled()
        assert desk.ends == ["interrupted"]
        assert desk.turns.take_back() == "two"
        assert not desk.turns.interrupt()

    asyncio.run(story())


def test_a_turn_that_does_not_stop_is_cut_off_the_second_time() -> None:
    async def story() -> None:
        desk = Desk(App("wait", stubborn=True))
        desk.turns.send("one")
        await desk.settled()
        desk.turns.interrupt()
        await desk.settled()
        assert desk.turns.running
        desk.turns.interrupt()
        await desk.settled()
        assert desk.ends == ["cut off"]

    asyncio.run(story())


def test_what_breaks_a_turn_is_told_and_the_next_one_runs() -> None:
    class Broken(App):
        async def run(self, prompt: str) -> AsyncGenerator[Event, None]:
            yield TextDelta("x")
            raise RuntimeError("boom")

    async def story() -> None:
        desk = Desk(Broken())
        for _ in range(2):
            desk.turns.send("one")
            await desk.settled()
        assert desk.ends == ["cut off boom", "cut off boom"]

    asyncio.run(story())


def test_every_event_is_told_in_order() -> None:
    async def story() -> Sequence[Event]:
        desk = Desk(App(TextDelta("a"), ToolFinished(CALL, True, "")))
        desk.turns.send("one")
        await desk.settled()
        return desk.events

    events = asyncio.run(story())
    assert [type(event).__name__ for event in events] == [
        "TurnStarted",
        "TextDelta",
        "ToolFinished",
        "TurnEnded",
    ]
