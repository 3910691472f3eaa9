"""Tasks that refuse what makes no sense, and tasks in which one function needs another."""

from mini_model.tasks.base import class_, function

# fmt: off
T = "checks"
function(T, "safe_divide | divide | split_evenly | share_of", "$a, $b", "Return $a divided by $b; $b must not be zero.",
    '    if $b == 0:\n        raise ValueError("$b must not be zero")\n    return $a / $b',
    '    if $b == 0:\n        raise ZeroDivisionError\n    return $a / $b', calls=lambda g: (g.int(2, 9) * 4, g.choice(2, 4, 8, 0)))
function(T, "square_root | root | isqrt", "$n", "Return the whole square root of $n, which must not be negative.",
    '    if $n < 0:\n        raise ValueError("negative")\n    return int($n ** 0.5)', calls=lambda g: (g.choice(0, 4, 9, 16, -1, -4),))
function(T, "set_age | check_age | valid_age | parse_age", "age", "Return age; it must lie between 0 and 150.",
    '    if age < 0 or age > 150:\n        raise ValueError("impossible age")\n    return age',
    '    if not 0 <= age <= 150:\n        raise ValueError(age)\n    return age', calls=lambda g: (g.choice(0, 150, 30, -1, 151),))
function(T, "withdraw | take_out | spend | pay_from", "balance, amount", "Return what is left; amount must not be more than balance.",
    '    if amount > balance:\n        raise ValueError("not enough")\n    return balance - amount', calls=lambda g: (g.choice(10, 20), g.choice(5, 10, 20, 25)))
function(T, "deposit | top_up | put_in", "balance, amount", "Return the new balance; amount must be positive.",
    '    if amount <= 0:\n        raise ValueError("amount must be positive")\n    return balance + amount', calls=lambda g: (g.int(5, 30), g.choice(0, -3, g.int(1, 9))))
function(T, "first_of | head_of | top_of | get_first", "$xs", "Return the first of the $xs; there must be one.",
    '    if not $xs:\n        raise ValueError("nothing there")\n    return $xs[0]', '    if len($xs) == 0:\n        raise IndexError("empty")\n    return $xs[0]', calls=lambda g: (g.choice([], g.distinct(2, 3), g.distinct(2, 4)),))
function(T, "average_of | mean_of | strict_mean", "$xs", "Return the average of the $xs; there must be one.",
    '    if not $xs:\n        raise ValueError("no $xs")\n    return sum($xs) / len($xs)', calls=lambda g: (g.choice([], [2, 4], [3, 5, 7], [10]),))
function(T, "get_or_fail | must_get | require_key | find_price", "$d, $k", "Return what $d has for $k; fail if it has nothing.",
    '    if $k not in $d:\n        raise KeyError($k)\n    return $d[$k]', calls=lambda g: ({"fig": 3, "tea": 5}, g.choice("fig", "tea", "cup")))
function(T, "check_name | valid_name | clean_name | require_name", "name", "Return name without spaces around; it must not be empty.",
    '    name = name.strip()\n    if not name:\n        raise ValueError("a name is needed")\n    return name', calls=lambda g: (g.choice("ann", " bob ", "  ", "", "eve "),))
function(T, "parse_minutes | minutes_of | clock_minutes", "clock", "Return the minutes since midnight of a clock such as 09:30.",
    '    hours, minutes = clock.split(":")\n    return int(hours) * 60 + int(minutes)',
    '    hours, _, minutes = clock.partition(":")\n    return int(hours) * 60 + int(minutes or 0)', calls=lambda g: (g.choice("09:30", "01:05", "12:00", "23:59", "00:45"),))
function(T, "format_clock | to_hhmm | clock_text", "minutes", "Return minutes since midnight as hours and minutes.",
    '    return f"{minutes // 60:02d}:{minutes % 60:02d}"', calls=lambda g: (g.int(5, 1400),))
function(T, "count_between | how_many_within | in_band", "$xs, low, high", "Return how many $xs lie between low and high, both included.",
    '    return sum(1 for $x in $xs if low <= $x <= high)', '    count = 0\n    for $x in $xs:\n        if low <= $x and $x <= high:\n            count += 1\n    return count', calls=lambda g: ([1, 3, 5, 7, 9], g.choice(3, 2, 1), g.choice(7, 5, 8)))
function(T, "bmi | body_mass | weight_index", "weight, height", "Return weight divided by the square of height.",
    '    return weight / height ** 2', '    return weight / (height * height)', calls=lambda g: (g.choice(50, 80, 98), g.choice(1, 2, 4, 7)))
function(T, "tip | tip_amount | service", "amount, percent=10", "Return the tip for amount, 10 percent if nothing else is said.",
    '    return amount * percent / 100', calls=lambda g: g.choice((g.int(2, 9) * 10,), (g.int(2, 9) * 10, 20)))
function(T, "greet_all | greet_everyone | invitations", "names", "Return a greeting for each of the names.",
    '    return ["Hello, " + name for name in names]', '    return [f"Hello, {name}" for name in names]', calls=lambda g: (g.words(1, 3),))
function(T, "caesar | shift_letter | rotate_letter", "letter, n", "Return the letter n places further in the alphabet.",
    '    return chr((ord(letter) - ord("a") + n) % 26 + ord("a"))', calls=lambda g: (g.choice("a", "c", "x", "z"), g.int(1, 5)))
function(T, "count_lines | number_of_lines | line_count", "text", "Return how many lines of text are not empty.",
    '    return len([line for line in text.splitlines() if line.strip()])', '    count = 0\n    for line in text.split("\\n"):\n        if line:\n            count += 1\n    return count', calls=lambda g: (g.choice("a\nb", "a\n\nb\nc", "x", "one\n\n"),))
class_(T, '''
class $C:
    """An account that can't be overdrawn."""

    def __init__(self, owner, balance=0):
        self.owner = owner
        self.balance = balance

    def deposit(self, amount):
        if amount <= 0:
            raise ValueError("amount must be positive")
        self.balance += amount
        return self.balance

    def withdraw(self, amount):
        if amount > self.balance:
            raise ValueError("not enough money")
        self.balance -= amount
        return self.balance

    def transfer(self, other, amount):
        self.withdraw(amount)
        other.deposit(amount)
''', methods=lambda g: [
    ("$o = $C('ann', 100)\n$o.deposit(30)", "$o.balance"), ("$o = $C('ann', 100)\n$o.withdraw(40)", "$o.balance"), ("$o = $C('ann', 100)", "$o.withdraw(100)"),
    ("$o = $C('ann', 100)", "$o.withdraw(101)"), ("$o = $C('ann', 100)", "$o.deposit(0)"), ("$o = $C('ann', 100)", "$o.deposit(5)")])
class_(T, '''
class $C:
    """How many of each article are there."""

    def __init__(self):
        self._$xs = {}

    def add(self, name, count=1):
        """Add some of name."""
        self._$xs[name] = self._$xs.get(name, 0) + count

    def remove(self, name, count=1):
        """Take some away; False if there are not enough."""
        if self._$xs.get(name, 0) < count:
            return False
        self._$xs[name] -= count
        return True

    def count(self, name):
        """Return how many of name there are."""
        return self._$xs.get(name, 0)

    def names(self):
        """Return all names in order."""
        return sorted(self._$xs)
''', methods=lambda g: [
    ("$o = $C()\n$o.add('tea', 3)\n$o.add('tea', 2)", "$o.count('tea')"), ("$o = $C()\n$o.add('cup', 2)", "$o.remove('cup', 2)"), ("$o = $C()\n$o.add('cup', 2)", "$o.remove('cup', 3)"),
    ("$o = $C()\n$o.add('cup', 5)\n$o.remove('cup', 2)", "$o.count('cup')"), ("$o = $C()\n$o.add('tea')\n$o.add('cup')", "$o.names()"), ("$o = $C()", "$o.count('pen')"), ("$o = $C()\n$o.add('pen')", "$o.count('pen')")])
class_(T, '''
class $C:
    """Tasks, each open or done."""

    def __init__(self):
        self._done = {}

    def add(self, title):
        self._done[title] = False

    def complete(self, title):
        if title not in self._done:
            raise KeyError(title)
        self._done[title] = True

    def open(self):
        return [title for title, done in self._done.items() if not done]

    def finished(self):
        return [title for title, done in self._done.items() if done]
''', methods=lambda g: [
    ("$o = $C()\n$o.add('tea')", "$o.open()"), ("$o = $C()\n$o.add('tea')\n$o.add('cup')\n$o.complete('tea')", "$o.open()"), ("$o = $C()\n$o.add('tea')\n$o.complete('tea')", "$o.finished()"), ("$o = $C()", "$o.complete('map')"), ("$o = $C()\n$o.add('pen')", "$o.finished()")])
class_(T, '''
class $C:
    """Opening hours of a $N."""

    def __init__(self, opens, closes):
        if opens >= closes:
            raise ValueError("closes before it opens")
        self.opens = opens
        self.closes = closes

    def is_open(self, hour):
        """From opens up to, and without, closes."""
        return self.opens <= hour < self.closes

    def hours(self):
        """Return how many hours it is open."""
        return self.closes - self.opens

    def waiting(self, hour):
        """Return the hours until it opens."""
        return max(0, self.opens - hour)
''', methods=lambda g: [
    ("$o = $C(9, 17)", "$o.is_open(9)"), ("$o = $C(9, 17)", "$o.is_open(17)"), ("$o = $C(9, 17)", "$o.hours()"), ("$o = $C(9, 17)", "$o.waiting(7)"), ("$o = $C(9, 17)", "$o.waiting(12)"), ("$o = $C(9, 17)", "$o.is_open(12)")])
class_(T, '''
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class $C:
    """From start up to, and without, end."""

    start: int
    end: int

    def __contains__(self, $x):
        return self.start <= $x < self.end

    def length(self):
        return self.end - self.start


def merge_$Ns($xs):
    """The same as few as possible, in order; touching ones become one."""
    $r = []
    for $x in sorted($xs):
        if $r and $x.start <= $r[-1].end:
            $r[-1] = $C($r[-1].start, max($r[-1].end, $x.end))
        else:
            $r.append($x)
    return $r


def total_$Ns($xs):
    """How long all are together, overlaps counted once."""
    return sum($x.length() for $x in merge_$Ns($xs))
''', '''
class $C:
    def __init__(self, start, end):
        self.start = start
        self.end = end

    def __eq__(self, other):
        return (self.start, self.end) == (other.start, other.end)

    def __contains__(self, $x):
        return self.start <= $x < self.end

    def length(self):
        return self.end - self.start


def merge_$Ns($xs):
    $r = []
    for $x in sorted($xs, key=lambda s: s.start):
        if $r and $x.start <= $r[-1].end:
            last = $r.pop()
            $r.append($C(last.start, max(last.end, $x.end)))
        else:
            $r.append($x)
    return $r


def total_$Ns($xs):
    $t = 0
    for $x in merge_$Ns($xs):
        $t += $x.length()
    return $t
''', methods=lambda g: [
    ("pass", "merge_$Ns([$C(1, 3), $C(3, 5)])[0].end"), ("pass", "merge_$Ns([$C(1, 4), $C(2, 6)])[0].end"), ("pass", "total_$Ns([$C(0, 6), $C(3, 9)])"),
    ("pass", "merge_$Ns([$C(1, 9), $C(2, 4)]) == [$C(1, 9)]"), ("pass", "merge_$Ns([$C(1, 3), $C(3, 5)]) == [$C(1, 5)]"), ("pass", "merge_$Ns([$C(1, 2), $C(4, 5)]) == [$C(1, 2), $C(4, 5)]"),
    ("$o = $C(3, 9)", "9 in $o"), ("$o = $C(3, 9)", "$o.length()")])
class_(T, '''
class $C:
    """A week of hours, by day."""

    DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

    def __init__(self, **hours):
        self._hours = hours

    def opens(self, day):
        """The hour at which it opens; None on closed days."""
        if day not in self._hours:
            return None
        return self._hours[day][0]

    def is_open(self, day, hour):
        if day not in self._hours:
            return False
        first, last = self._hours[day]
        return first <= hour < last

    def total(self):
        return sum(last - first for first, last in self._hours.values())


def parse_hours(text):
    """A text such as 9-17 as two numbers."""
    first, _, last = text.partition("-")
    return int(first), int(last)
''', methods=lambda g: [
    ("$o = $C(mon=(9, 17))", "$o.opens('mon')"), ("$o = $C(mon=(9, 17))", "$o.is_open('mon', 17)"), ("$o = $C(mon=(9, 17))", "$o.is_open('mon', 9)"), ("$o = $C(mon=(9, 17), sat=(10, 14))", "$o.total()"),
    ("$o = $C(mon=(9, 17))", "$o.opens('sun')"), ("pass", "parse_hours('9-17')"), ("pass", "parse_hours('10-14')")])
