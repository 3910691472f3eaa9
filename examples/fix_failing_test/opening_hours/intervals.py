"""Half-open intervals of minutes since midnight."""

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Interval:
    """From `start` up to, and without, `end`."""

    start: int
    end: int

    def __post_init__(self):
        if not 0 <= self.start < self.end <= 24 * 60:
            raise ValueError(f"not an interval within a day: {self.start}-{self.end}")

    @classmethod
    def parse(cls, text):
        """`"09:00-17:30"` -> Interval(540, 1050)."""
        start, _, end = text.partition("-")
        return cls(_minutes(start), _minutes(end))

    def __contains__(self, minute):
        return self.start <= minute < self.end


def merge(intervals):
    """The same minutes as few intervals as possible, in order; touching ones become one."""
    merged = []
    for interval in sorted(intervals):
        if merged and interval.start < merged[-1].end:
            merged[-1] = Interval(merged[-1].start, max(merged[-1].end, interval.end))
        else:
            merged.append(interval)
    return merged


def total_minutes(intervals):
    """How long it is open in all, overlaps counted once."""
    return sum(interval.end - interval.start for interval in merge(intervals))


def _minutes(clock):
    hours, _, minutes = clock.strip().partition(":")
    return int(hours) * 60 + int(minutes or 0)
