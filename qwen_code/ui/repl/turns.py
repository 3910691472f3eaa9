"""One turn after the other: what is sent while one runs waits, and reaches the model at its next step."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from qwen_code.events import AnswerEnded, Event, Outcome, Steered, TurnEnded


class Runs(Protocol):
    """The part of the app that turns need."""

    def run(self, prompt: str) -> AsyncGenerator[Event, None]: ...
    def steer(self, text: str) -> None: ...
    def interrupt(self) -> None: ...


End: TypeAlias = Literal["done", "interrupted", "cut off"]
"""How a turn ended; cut off: without having said so itself."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A text that was sent while a turn ran."""

    text: str
    after_turn: bool = False
    """Wait for the end of the turn; else it is said at the next step, should there be one."""


class Turns:
    """Runs prompts and tells how it goes. A turn that is cut off for good ends without its TurnEnded."""

    def __init__(
        self,
        app: Runs,
        *,
        on_start: Callable[[str], None],
        on_event: Callable[[Event], None],
        on_end: Callable[[End, Exception | None], None],
    ) -> None:
        """`on_end` is told what broke the turn, if something did."""
        self.waiting: list[Waiting] = []
        self.handed_over: list[str] = []
        """Given to the agent, not yet part of the conversation."""
        self._app = app
        self._on_start = on_start
        self._on_event = on_event
        self._on_end = on_end
        self._task: asyncio.Task[None] | None = None
        self._interrupted = False
        self._end: End = "cut off"

    @property
    def running(self) -> bool:
        return self._task is not None

    def send(self, text: str, *, after_turn: bool = False) -> None:
        """Run `text` now, or have it wait for the turn that runs."""
        if self._task is not None:
            self.waiting.append(Waiting(text, after_turn))
            return
        self._interrupted = False
        self._end = "cut off"
        self._on_start(text)
        self._task = asyncio.create_task(self._run(text), name="turn")
        self._task.add_done_callback(self._ended)

    def interrupt(self) -> bool:
        """Stop the turn; False when none runs. What is done stays done. Asked twice, wait for nothing."""
        if self._task is None:
            return False
        if self._interrupted:
            self._task.cancel()
        self._interrupted = True
        self._app.interrupt()
        return True

    def take_back(self) -> str:
        """All that waits, no longer waiting, as one text."""
        text = "\n\n".join(waiting.text for waiting in self.waiting)
        self.waiting.clear()
        return text

    async def aclose(self) -> None:
        """Interrupt what runs and wait until it has stopped."""
        if (task := self._task) is not None:
            self.waiting.clear()
            self.interrupt()
            await asyncio.wait([task])

    async def _run(self, text: str) -> None:
        async with aclosing(self._app.run(text)) as events:
            async for event in events:
                self._on_event(event)
                match event:
                    case AnswerEnded(message=message) if message.tool_calls:
                        self._hand_over()
                    case Steered(text=said) if said in self.handed_over:
                        self.handed_over.remove(said)
                    case TurnEnded(outcome=outcome):
                        self._end = "interrupted" if outcome is Outcome.INTERRUPTED else "done"
                    case _:
                        pass

    def _hand_over(self) -> None:
        """Calls are about to run, so another request follows: the moment to steer."""
        for waiting in [w for w in self.waiting if not w.after_turn]:
            self.waiting.remove(waiting)
            self.handed_over.append(waiting.text)
            self._app.steer(waiting.text)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._task = None
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, Exception):
            raise error
        self._on_end(self._end, error)
        if self.waiting and self._end == "done" and self._task is None:
            self._next()

    def _next(self) -> None:
        """What waited for the next step goes as one prompt, what waited for the end one by one."""
        steering = [w for w in self.waiting if not w.after_turn]
        chosen = steering or self.waiting[:1]
        self.waiting = [w for w in self.waiting if w not in chosen]
        self.send("\n\n".join(w.text for w in chosen))
