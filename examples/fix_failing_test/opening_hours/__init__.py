"""When is the shop open?"""

from opening_hours.intervals import Interval, merge, total_minutes
from opening_hours.week import Week

__all__ = ["Interval", "Week", "merge", "total_minutes"]
