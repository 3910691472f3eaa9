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
)
from qwen_code.tool import DiffBlock
from qwen_code.ui.blocks import BODY, body, heading_note, label, output_tail
from qwen_code.ui.markdown_stream import MarkdownStream
from qwen_code.ui.markdown_view import MARGIN, MarkdownView
from qwen_code.ui.painter import Line, Painter
from qwen_code.ui.repl.activity import duration, tokens
from qwen_code.ui.repl.endings import ending_lines
from qwen_code.ui.terminal_text import clipped, output_shown, shown, shown_line

CHARACTERS_A_FRAME = 16_000
"""How much streamed text is laid out in one go: about 30 ms of work."""
TAIL_BYTES = 16_384
"""How much of a running command's output is kept for the live region."""
KEPT_RESULTS = 20
"""How many results can be shown in full afterwards."""


@dataclass(slots=True)
class _Running:
    """A call that has begun and not ended."""

    name: str
    title: str
    output: str = ""


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
        self._shell_lines = shell_lines
        self._events: deque[Event] = deque()
        self._lines: list[Line] = []
        self._compact = False
        self._answer = _Answer()
        self._running: dict[str, _Running] = {}
        self._previewed: set[str] = set()
        self._results: deque[tuple[str, Callable[[], list[Line]]]] = deque(maxlen=KEPT_RESULTS)

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
        running = [r for call_id, r in self._running.items() if r.output or call_id not in self._previewed]
        if running and not self._compact:
            lines.append(Text())
        for call in running:
            lines += self._running_lines(call)
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
        self._previewed.add(call_id)
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
        if not self._results:
            return False
        title, render = self._results.pop()
        heading = Text().append(self._painter.mark("▾"), "accent").append(title, "strong")
        self.group([heading, *render()])
        return True

    def interrupted(self) -> None:
        """The turn was cut off: what had come of it stays, calls that ran are closed."""
        self._catch_up()
        self._finish_text()
        for running in self._running.values():
            self._group([self._heading("error", running.name, running.title, Text("interrupted", "warn"))])
        self._running.clear()
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
            case Retried():
                self._retried(event)
            case ToolOutput(call_id, text):
                if running := self._running.get(call_id):
                    running.output = (running.output + text)[-TAIL_BYTES:]
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
                self._running[call.id] = _Running(call.name, title)
            case ToolFinished():
                self._finished(event)
            case VerificationStarted(command):
                self._running["verify"] = _Running("Verify", command)
            case VerificationFinished():
                self._verified(event)
            case Corrected(reason, text) if reason != "verification":
                self._notice(f"The model was told: {clipped(shown_line(text), 300)}")
            case Compacted(before, after):
                self._notice(f"Conversation shortened from {tokens(before)} to {tokens(after)} tokens.")
            case TurnEnded():
                self._running.clear()
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
        self._results.append(
            (
                "Thoughts",
                lambda: [p for row in thought.split("\n") for p in painter.wrap(Text(row, "thinking"), BODY)],
            )
        )

    def _thinking(self, answer: _Answer) -> list[Line]:
        recent = shown("".join(answer.reasoning[-400:])[-2000:]).strip().split("\n")
        rows = [piece for row in recent for piece in self._painter.wrap(Text(row, "thinking"), MARGIN)]
        return [Text(), *rows[-3:]]

    def _retried(self, event: Retried) -> None:
        void = self._answer.printed
        self._answer = _Answer()
        text = (
            f"{shown_line(event.reason)} Trying again in {duration(event.wait_s)} (attempt {event.attempt})."
        )
        self._notice(text + (" The part of the answer shown above is void." if void else ""), "warn", "↻")

    def _running_lines(self, running: _Running) -> list[Line]:
        heading = self._heading("accent", running.name, running.title, Text())
        if not running.output:
            return [heading]
        rows = output_shown(running.output).rstrip("\n").split("\n")[-self._shell_lines :]
        painter = self._painter
        return [heading, *(painter.fold(Text(row, "dim"), BODY, BODY)[0] for row in rows)]

    def _finished(self, event: ToolFinished) -> None:
        call = event.call
        running = self._running.pop(call.id, None) or _Running(call.name, "")
        note = heading_note(event.for_user)
        if event.duration_s >= 1:
            note.append(" · " if note else "").append(duration(event.duration_s), "dim")
        lines = [self._heading("ok" if event.ok else "error", running.name, running.title, note)]
        limit = self._shell_lines
        painter, block = self._painter, event.for_user
        if event.denial is not None:
            who = "Refused by you" if event.denial.by_person else "Not permitted"
            lines += painter.wrap(Text(f"{who}: {shown_line(event.denial.reason)}", "warn"), BODY)
        elif not event.ok and block is None:
            lines += self._failure(event.for_model, limit)
        elif not (isinstance(block, DiffBlock) and call.id in self._previewed):
            lines += body(block, painter, limit=limit)
            if _is_shortened(lines):
                title = f"{label(call.name)} {clipped(shown_line(running.title), 200)}"
                self._results.append((title, lambda: body(block, painter, limit=None)))
        self._previewed.discard(call.id)
        self._group(lines, compact=len(lines) == 1)

    def _failure(self, text: str, limit: int) -> list[Line]:
        rows = [
            piece
            for row in shown(text.strip()).split("\n")
            for piece in self._painter.fold(Text(row, "error"), BODY, BODY)
        ]
        if len(rows) > limit:
            full = list(rows)
            self._results.append(("Failure", lambda: full))
            rows = [*rows[: limit - 1], Text(BODY).append(f"… {len(rows) - limit + 1} more lines", "dim")]
        return rows

    def _verified(self, event: VerificationFinished) -> None:
        self._running.pop("verify", None)
        style, word = ("ok", "passed") if event.passed else ("error", f"failed, try {event.attempt}")
        lines = [self._heading(style, "Verify", event.command, Text(word, style))]
        if not event.passed:
            lines += output_tail(event.output, self._painter, self._shell_lines)
        self._group(lines)

    def _heading(self, style: str, name: str, title: str, note: Text) -> Line:
        """One line for a call: a mark, what it is, what it is about, what came of it."""
        spoken = {"ok": "done: ", "error": "failed: "}.get(style, "running: ")
        mark = self._painter.mark("✗" if style == "error" else "●", spoken)
        line = Text().append(mark, style).append(label(name), "tool")
        room = max(self._painter.width - len(line) - note.cell_len - 4, 10)
        words = clipped(shown_line(title.strip().split("\n")[0]), room) + (
            " …" if "\n" in title.strip() else ""
        )
        if words.strip():
            line.append(f" {words}")
        return line.append("  ").append_text(note) if note else line


def _is_shortened(lines: Sequence[Line]) -> bool:
    return any(line.plain.strip().startswith("…") for line in lines)
