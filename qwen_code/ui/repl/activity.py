"""What is going on right now, in one line: a spinner, the time, how far the prefill is, a countdown."""

from __future__ import annotations

from dataclasses import dataclass

from rich.text import Text

from qwen_code.events import (
    CallDrafted,
    CompactionStarted,
    Event,
    PrefillProgressed,
    ReasoningDelta,
    RequestStarted,
    Retried,
    TextDelta,
    ToolFinished,
    ToolStarted,
    VerificationStarted,
    Waited,
)
from qwen_code.ui.blocks import label
from qwen_code.ui.painter import Line, Painter, joined
from qwen_code.ui.quantities import duration, tokens
from qwen_code.ui.terminal_text import clipped, shown_line

SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
SPINNER_S = 0.2
"""Seconds a picture of the spinner stands; five a second are calm and cost little."""
BAR_WIDTH = 20


@dataclass(slots=True)
class _Prefill:
    """Progress through a prompt; `started_done` tokens were there when it was first reported."""

    started_at: float
    started_done: int
    done: int = 0
    total: int = 0
    cached: int = 0

    def eta_s(self, now: float) -> float | None:
        """Seconds left at the speed so far; None before there is one."""
        evaluated, seconds = self.done - self.started_done, now - self.started_at
        if evaluated <= 0 or seconds <= 0:
            return None
        return (self.total - self.done) * seconds / evaluated


class Activity:
    """The line above the prompt while a turn runs. All times are seconds of one monotonic clock."""

    def __init__(self) -> None:
        self._what = ""
        self._turn_began = 0.0
        self._prefill: _Prefill | None = None
        self._retry_at: float | None = None
        self._quiet_since: float | None = None

    @property
    def busy(self) -> bool:
        return bool(self._what)

    def take(self, event: Event, now: float) -> None:
        """What an event says of the present step."""
        match event:
            case CompactionStarted():
                self.now_doing("Summing up the conversation")
            case RequestStarted():
                self.now_doing("Waiting for the model")
            case Waited(seconds):
                self._quiet_since = now - seconds
            case PrefillProgressed():
                self._prefilling(event, now)
            case ReasoningDelta():
                self.now_doing("Thinking")
            case TextDelta():
                self.now_doing("Writing")
            case CallDrafted(name):
                self.now_doing(f"Preparing {label(name).lower()}")
            case Retried():
                self.now_doing(f"Trying again: {shown_line(event.reason)}")
                self._retry_at = now + event.wait_s
            case ToolStarted(call, title):
                self.now_doing(f"{label(call.name)} {shown_line(title)}".rstrip())
            case ToolFinished():
                self.now_doing("Working")
            case VerificationStarted(command):
                self.now_doing(f"Verifying: {shown_line(command)}")
            case _:
                pass

    def began(self, now: float) -> None:
        """A turn has begun."""
        self._turn_began = now
        self.now_doing("Working")

    def ended(self) -> None:
        self.now_doing("")

    def now_doing(self, what: str) -> None:
        """Name the present step, e.g. `Running pytest -q`."""
        self._what = what
        self._prefill = None
        self._retry_at = self._quiet_since = None

    def _prefilling(self, event: PrefillProgressed, now: float) -> None:
        at = self._prefill
        if at is None or event.done < at.done:
            at = self._prefill = _Prefill(now, max(event.done, event.cached))
        at.done, at.total, at.cached = event.done, event.total, event.cached
        self._quiet_since = None

    def line(self, now: float, painter: Painter, hint: str = "esc to interrupt") -> Line:
        """The line as it is at `now`, cut to the width."""
        parts: list[str | tuple[str, str]] = []
        room = painter.width - 4
        if self._prefill is not None:
            parts += self._prefill_parts(self._prefill, now, painter)
        elif self._retry_at is not None and self._retry_at > now:
            parts.append(f"{self._what} in {duration(self._retry_at - now)}")
        elif self._quiet_since is not None:
            parts.append(f"Waiting for the model, {duration(now - self._quiet_since)}")
        else:
            parts.append(self._what)
        parts += [(duration(now - self._turn_began), "dim"), (hint, "dim")]
        while len(parts) > 1 and len(joined(parts)) > room:
            parts.pop()
        if len(parts) == 1 and isinstance(parts[0], str):
            parts = [clipped(parts[0], room)]
        picture = SPINNER[int(now / SPINNER_S) % len(SPINNER)]
        return Text().append(f"{picture} ", "accent").append_text(joined(parts))

    def _prefill_parts(self, at: _Prefill, now: float, painter: Painter) -> list[str | tuple[str, str]]:
        share = min(max(at.done / at.total, 0.0), 1.0) if at.total else 0.0
        filled = round(share * BAR_WIDTH)
        bar = "" if painter.width < 70 else " " + "━" * filled + "─" * (BAR_WIDTH - filled)
        parts: list[str | tuple[str, str]] = [f"Reading the prompt{bar} {share:.0%}"]
        eta = at.eta_s(now)
        if eta is not None:
            parts.append(f"about {duration(eta)} left")
        of_cache = f", {tokens(at.cached)} cached" if at.cached else ""
        parts.append((f"{tokens(at.done)} of {tokens(at.total)} tokens{of_cache}", "dim"))
        return parts
