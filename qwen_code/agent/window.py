"""Divides a model's window: what may fill up, what is kept free, and what each part may take. In tokens."""

from __future__ import annotations

from dataclasses import dataclass

from qwen_code.tool import OutputLimits

ALWAYS_FITS = 3_000
"""Nobody is asked for the window before a prompt is longer: no model in use has one of less than 4,096."""

SMALL_WINDOW = 16_384
"""Below this the lean profile is chosen, where the person chose none."""

BYTES_PER_TOKEN = 3
"""Of tool output; code has about 3.4, listings and hashes less."""

WARN_AT = 0.85
"""Share of the limit at which the person is told."""


@dataclass(frozen=True, slots=True)
class WindowPlan:
    """How one window is used."""

    window: int
    threshold: float = 0.9
    """Share of the window that may fill up (`context.autoCompactThreshold`)."""
    longest_answer: int | None = None
    """Limit for one answer, where one is set: servers refuse a prompt that does not leave as much free."""

    @property
    def answer(self) -> int:
        """Kept free for an answer."""
        if self.longest_answer is not None:
            return min(self.longest_answer, self.window // 2)
        return min(max(self.window // 10, 512), 8_192)

    @property
    def limit(self) -> int:
        """A prompt longer than this is shortened before it is sent; early enough to ask for a summary behind
        it as it is, also when the last results have gone a little beyond."""
        free = min(self.window - self.answer, self.summary_request - max(self.window // 32, 512))
        return min(int(self.window * self.threshold), free)

    @property
    def warn_at(self) -> int:
        return int(self.limit * WARN_AT)

    @property
    def summary(self) -> int:
        """What a summary may take."""
        return min(max(self.window // 25, 400), 4_000)

    @property
    def summary_request(self) -> int:
        """A longer prompt leaves no room for asking for a summary and for writing it."""
        return self.window - self.summary - 320

    @property
    def kept(self) -> int:
        """What the latest exchanges may take that stay word for word, beyond those not yet answered."""
        return self.window * 6 // 100

    @property
    def task(self) -> int:
        """What the first message may take after a compaction."""
        return self.window // 4

    @property
    def results(self) -> int:
        """What the results of one answer's calls may take together."""
        return self.window // 4

    @property
    def one_result(self) -> int:
        return self.window // 8

    @property
    def instructions(self) -> int:
        """What instructions may take at the start."""
        return self.window // 4

    def enough_freed(self, before: int, after: int) -> bool:
        """Whether leaving out old tool results is worth a break of the prefix: it must buy what a summary
        would, nearly, and leave a quarter of the window to work in."""
        return before - after >= self.window * 2 // 3 and after <= self.limit - self.window // 4

    def scaled(self, limits: OutputLimits) -> OutputLimits:
        """`limits`, but no more than one result may take of this window."""
        most = max(self.one_result * BYTES_PER_TOKEN, 1_024)
        return OutputLimits(limits.lines, min(limits.bytes, most))
