"""A week of opening hours."""

from opening_hours.intervals import Interval, merge

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Week:
    """Opening hours by day; days that are not named are closed."""

    def __init__(self, **days):
        unknown = set(days) - set(DAYS)
        if unknown:
            raise ValueError(f"no such day: {', '.join(sorted(unknown))}")
        self._days = {day: merge(map(Interval.parse, texts)) for day, texts in days.items()}

    def hours(self, day):
        return self._days.get(day, [])

    def is_open(self, day, clock):
        minute = Interval.parse(f"{clock}-24:00").start
        return any(minute in interval for interval in self.hours(day))

    def describe(self, day):
        """`"09:00-12:00, 13:00-17:00"`, or `"closed"`."""
        spans = [f"{_clock(i.start)}-{_clock(i.end)}" for i in self.hours(day)]
        return ", ".join(spans) or "closed"


def _clock(minute):
    return f"{minute // 60:02d}:{minute % 60:02d}"
