"""The status line: mode, model, how full its window is, how fast it writes, what it cost."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from rich.text import Text

from qwen_code.events import AnswerEnded, Compacted, Event, ReasoningDelta, RequestStarted, TextDelta
from qwen_code.messages import Usage
from qwen_code.permissions.decision import Mode
from qwen_code.ui.painter import Line, Painter, joined
from qwen_code.ui.quantities import tokens
from qwen_code.ui.terminal_text import clipped, shown_line

_MODE_STYLES = {Mode.PLAN: "accent", Mode.AUTO_EDIT: "warn", Mode.AUTO: "warn", Mode.YOLO: "error"}


@dataclass(slots=True)
class Meter:
    """Counts what the status line shows; fed with every event."""

    last: Usage = field(default_factory=Usage)
    """Of the latest answer."""
    cost_usd: float | None = None
    window: int | None = None
    """Tokens; None until it is known."""
    tokens_per_s: float | None = None
    _first_delta_at: float | None = None

    def take(self, event: Event, now: float) -> None:
        match event:
            case RequestStarted(window=window):
                self._first_delta_at = None
                self.window = window or self.window
            case TextDelta() | ReasoningDelta() if self._first_delta_at is None:
                self._first_delta_at = now
            case AnswerEnded(usage=usage):
                self._answered(usage, now)
            case Compacted(after=after):
                self.last = replace(self.last, prompt_tokens=after, cached_tokens=0, completion_tokens=0)
            case _:
                pass

    def _answered(self, usage: Usage, now: float) -> None:
        if not usage.prompt_tokens:
            return
        self.last = usage
        if usage.cost_usd is not None:
            self.cost_usd = (self.cost_usd or 0.0) + usage.cost_usd
        seconds = usage.decode_s or (now - self._first_delta_at if self._first_delta_at is not None else 0.0)
        if usage.completion_tokens >= 10 and seconds > 0.05:
            self.tokens_per_s = usage.completion_tokens / seconds

    def parts(self) -> list[str | tuple[str, str]]:
        """What is known, the most important first."""
        parts: list[str | tuple[str, str]] = []
        used = self.last.prompt_tokens + self.last.completion_tokens
        if used and self.window:
            share = used / self.window
            style = "error" if share > 0.9 else "warn" if share > 0.75 else "dim"
            parts.append((f"{share:.0%} of {tokens(self.window)}", style))
        elif used:
            parts.append((f"{tokens(used)} tokens", "dim"))
        if self.last.cached_tokens:
            parts.append((f"{self.last.cached_tokens / self.last.prompt_tokens:.0%} cached", "dim"))
        if self.tokens_per_s:
            parts.append((f"{self.tokens_per_s:.0f} tok/s", "dim"))
        if self.cost_usd is not None:
            parts.append((f"${self.cost_usd:.2f}" if self.cost_usd >= 0.01 else "<$0.01", "dim"))
        return parts


def status_line(
    painter: Painter, *, mode: Mode, model: str, location: str, meter: Meter, flash: str = ""
) -> Line:
    """One line; what does not fit is left out from its end. `flash` is said instead, for a moment."""
    if flash:
        return Text("  ").append(clipped(shown_line(flash), painter.width - 4), "warn")
    where = "" if location in ("", "local", model) else f" @ {location}"
    name = clipped(shown_line(model.rpartition("/")[2] + where), max(painter.width // 2, 20))
    parts: list[str | tuple[str, str]] = [(mode.value, _MODE_STYLES.get(mode, "dim")), (name, "dim")]
    if location == "local":
        parts.append(("local", "dim"))
    parts += meter.parts()
    while len(parts) > 1 and joined(parts).cell_len > painter.width - 3:
        parts.pop()
    return Text("  ").append_text(joined(parts))
