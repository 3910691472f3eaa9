"""Turns events into what is printed once for good and what still changes.

Nothing here touches a terminal. `take` is called for every event, `settle` once a frame: it gives the lines
that are final now, to be printed above; `live` gives the lines that may still change. Text that streams is
parsed once a frame and no more than a share at a time, so that a flood of text never blocks the keys.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rich.text import Text

from qwen_code.events import (
    ApprovalNeeded,
    CallDrafted,
    Compacted,
    Corrected,
    Event,
    PrefillProgressed,
    ReasoningDelta,
    RequestStarted,
    Retried,
    Steered,
    TextDelta,
    ToolFinished,
    ToolOutput,
    ToolStarted,
    TurnEnded,
    TurnStarted,
    VerificationFinished,
    VerificationStarted,
    Waited,
    WindowFilling,
)
from qwen_code.ui.blocks import BODY
from qwen_code.ui.compactions import compaction_line, filling_line
from qwen_code.ui.markdown_stream import MarkdownStream
from qwen_code.ui.markdown_view import MARGIN, MarkdownView
from qwen_code.ui.painter import Line, Painter
from qwen_code.ui.quantities import duration
from qwen_code.ui.repl.calls import Calls
from qwen_code.ui.repl.endings import ending_lines
from qwen_code.ui.terminal_text import clipped, shown, shown_line

CHARACTERS_A_FRAME = 16_000
"""How much streamed text is laid out in one go: about 30 ms of work."""


@dataclass(slots=True)
class _Answer:
    """The model's answer as far as it is not on the screen for good."""

    stream: MarkdownStream = field(default_factory=MarkdownStream)
    view: MarkdownView | None = None
    reasoning: list[str] = field(default_factory=list[str])
    thought_since: float | None = None
    printed: bool = False


class Transcript:
    """The screen's content above the prompt."""

    def __init__(self, painter: Painter, clock: Callable[[], float], *, shell_lines: int = 8) -> None:
        self._painter = painter
        self._clock = clock
        self._events: deque[Event] = deque()
        self._lines: list[Line] = []
        self._compact = False
        self._answer = _Answer()
        self._retried_for = ""
        self._calls = Calls(painter, shell_lines=shell_lines)

    @property
    def shell_lines(self) -> int:
        """Lines of a command's output that stand under it."""
        return self._calls.shell_lines

    @shell_lines.setter
    def shell_lines(self, lines: int) -> None:
        self._calls.shell_lines = lines

    def take(self, event: Event) -> None:
        """An event has come; it is looked at in the next frame."""
        last = self._events[-1] if self._events else None
        if (
            isinstance(event, TextDelta)
            and isinstance(last, TextDelta)
            and len(last.text) < CHARACTERS_A_FRAME
        ):
            self._events[-1] = TextDelta(last.text + event.text)
        else:
            self._events.append(event)

    def settle(self, limit: int | None = CHARACTERS_A_FRAME) -> list[Line]:
        """The lines that are final now and were not given before."""
        room = limit
        while self._events and (room is None or room > 0):
            event = self._events.popleft()
            if isinstance(event, TextDelta):
                if room is not None and len(event.text) > room:
                    self._events.appendleft(TextDelta(event.text[room:]))
                    event = TextDelta(event.text[:room])
                room = None if room is None else room - len(event.text)
            self._see(event)
        lines, self._lines = self._lines, []
        return lines

    @property
    def behind(self) -> bool:
        """Whether events wait for another `settle`."""
        return bool(self._events)

    def live(self, rows: int) -> list[Line]:
        """What may still change, the last `rows` lines of it."""
        lines: list[Line] = []
        answer = self._answer
        if answer.thought_since is not None:
            lines += self._thinking(answer)
        elif (tail := answer.stream.tail()) and answer.view is not None:
            if not answer.printed:
                lines.append(Text())
            lines += answer.view.preview(tail)
        if calls := self._calls.live():
            lines += calls if self._compact else [Text(), *calls]
        return lines[-rows:] if rows > 0 else []

    def group(self, lines: Sequence[Line], *, compact: bool = False) -> None:
        """Print `lines` as one group, a blank line before it; none between two `compact` ones."""
        self._catch_up()
        self._group(lines, compact=compact)

    def print(self, lines: Sequence[Line]) -> None:
        """Print lines that bring their own blank ones along."""
        self._catch_up()
        self._lines += lines
        self._compact = False

    def notice(self, text: str, style: str = "dim", sign: str = "·") -> None:
        """A sentence of qwen-code's own."""
        self._catch_up()
        self._notice(text, style, sign)

    def prompt(self, text: str) -> None:
        """What the person said."""
        self._catch_up()
        self._prompt(text, ">")

    def preview(self, call_id: str, lines: Sequence[Line]) -> None:
        """What a call would do, shown because a person is asked; its result need not show it again."""
        self._catch_up()
        self._finish_text()
        self._calls.previewed(call_id)
        self._group(lines)

    def redrafted(self, call_id: str, title: str, lines: Sequence[Line]) -> None:
        """The person rewrote a call; `lines` show what it does now, where its result does not."""
        self._calls.redrafted(call_id, title)
        if lines:
            self._group(lines)

    def _catch_up(self) -> None:
        """See all that has come, so that what is printed next comes after it."""
        while self._events:
            self._see(self._events.popleft())

    def _group(self, lines: Sequence[Line], *, compact: bool = False) -> None:
        if not (compact and self._compact):
            self._lines.append(Text())
        self._lines += lines
        self._compact = compact

    def _notice(self, text: str, style: str = "dim", sign: str = "·") -> None:
        self._group(self._painter.wrap(Text(text, style), self._painter.mark(sign), style=style))

    def _prompt(self, text: str, sign: str) -> None:
        lines: list[Line] = []
        for row in shown(text).split("\n"):
            first = MARGIN if lines else f"{sign} "
            lines += self._painter.wrap(Text(row, "user"), first, MARGIN, style="user")
        self._group(lines)

    def expand(self) -> bool:
        """Print the latest shortened result in full; False when there is none left."""
        lines = self._calls.expanded()
        if lines:
            self.group(lines)
        return bool(lines)

    def interrupted(self) -> None:
        """The turn was cut off: what had come of it stays, calls that ran are closed."""
        self._catch_up()
        self._finish_text()
        if lines := self._calls.cut_off():
            self._group(lines)
        self._notice("Interrupted. What was done is kept.", "warn", "■")

    def _see(self, event: Event) -> None:
        match event:
            case TextDelta(text):
                self._say(text)
            case ReasoningDelta(text):
                if self._answer.thought_since is None:
                    self._answer.thought_since = self._clock()
                self._answer.reasoning.append(text)
            case RequestStarted():
                self._answer = _Answer()
                self._retried_for = ""
            case Retried():
                self._retried(event)
            case ToolOutput(call_id, text):
                self._calls.output(call_id, text)
            case Waited() | PrefillProgressed() | CallDrafted() | ApprovalNeeded() | TurnStarted():
                pass
            case _:
                self._finish_text()
                self._see_step(event)

    def _see_step(self, event: Event) -> None:
        """An event before which the answer's text is complete."""
        match event:
            case Steered(text):
                self._prompt(text, "»")
            case ToolStarted(call, title):
                self._calls.started(call.id, call.name, title)
            case ToolFinished():
                lines = self._calls.finished(event)
                self._group(lines, compact=len(lines) == 1)
            case VerificationStarted(command):
                self._calls.started("verify", "Verify", command)
            case VerificationFinished():
                self._group(self._calls.verified(event))
            case Corrected(reason, text) if reason != "verification":
                self._notice(f"The model was told: {clipped(shown_line(text), 300)}")
            case Compacted():
                self._notice(compaction_line(event))
            case WindowFilling():
                self._notice(filling_line(event), "warn", "!")
            case TurnEnded():
                self._calls.cut_off()
                if lines := ending_lines(event, self._painter):
                    self._group(lines)
            case _:
                pass

    def _say(self, text: str) -> None:
        self._close_thought()
        answer = self._answer
        if answer.view is None:
            answer.view = MarkdownView(self._painter)
        lines = answer.view.render(answer.stream.feed(text))
        if lines:
            self._print_text(lines)

    def _print_text(self, lines: list[Line]) -> None:
        if self._answer.printed:
            self._lines += lines
        else:
            self._answer.printed = True
            self._group(lines)
        self._compact = False

    def _finish_text(self) -> None:
        """Nothing more will come of this answer's text."""
        self._close_thought()
        answer = self._answer
        if answer.view is not None and (lines := answer.view.render(answer.stream.close())):
            self._print_text(lines)
        self._answer = _Answer()

    def _close_thought(self) -> None:
        answer = self._answer
        if answer.thought_since is None:
            return
        seconds = self._clock() - answer.thought_since
        took = f" for {duration(seconds)}" if seconds >= 1 else ""
        thought = shown("".join(answer.reasoning)).strip()
        answer.thought_since, answer.reasoning = None, []
        if not thought:
            return
        painter = self._painter
        self._group([Text(f"{painter.mark('∴')}Thought{took}", "thinking")], compact=True)
        self._calls.keep(
            "Thoughts",
            lambda: [p for row in thought.split("\n") for p in painter.wrap(Text(row, "thinking"), BODY)],
        )

    def _thinking(self, answer: _Answer) -> list[Line]:
        recent = shown("".join(answer.reasoning[-400:])[-2000:]).strip().split("\n")
        rows = [piece for row in recent for piece in self._painter.wrap(Text(row, "thinking"), MARGIN)]
        return [Text(), *rows[-3:]]

    def _retried(self, event: Retried) -> None:
        void = self._answer.printed
        self._answer = _Answer()
        reason = shown_line(event.reason)
        why = "" if event.reason == self._retried_for else f"{reason[:1].upper()}{reason[1:]} "
        self._retried_for = event.reason
        when = f"in {duration(event.wait_s)}" if event.wait_s >= 1 else "at once"
        text = f"{why}Trying again {when} (attempt {event.attempt})."
        self._notice(text + (" The part of the answer shown above is void." if void else ""), "warn", "↻")
