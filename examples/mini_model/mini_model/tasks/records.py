"""Tasks about classes as people write them: what is written down, moved, measured and undone."""

from mini_model.tasks.base import class_

# fmt: off
T = "objects"
class_(T, '''
class $C:
    """A password and how often it may be tried."""

    def __init__(self, password, tries=3):
        self._password = password
        self.tries = tries
        self.locked = False

    def login(self, password):
        if self.locked:
            return False
        if password == self._password:
            self.failed = 0
            return True
        self.tries -= 1
        if self.tries <= 0:
            self.locked = True
        return False
''', methods=lambda g: [
    ("$o = $C('abc')", "$o.login('abc')"), ("$o = $C('abc')", "$o.login('xyz')"), ("$o = $C('abc', 1)\n$o.login('no')", "$o.locked"), ("$o = $C('abc', 2)\n$o.login('no')", "$o.locked"),
    ("$o = $C('abc', 1)\n$o.login('no')", "$o.login('abc')"), ("$o = $C('abc')\n$o.login('no')", "$o.tries")])
class_(T, '''
class $C:
    """People who wait for a seat."""

    def __init__(self, seats):
        self.seats = seats
        self.seated = []
        self.waiting = []

    def arrive(self, name):
        if len(self.seated) < self.seats:
            self.seated.append(name)
        else:
            self.waiting.append(name)

    def leave(self, name):
        self.seated.remove(name)
        if self.waiting:
            self.seated.append(self.waiting.pop(0))
''', methods=lambda g: [
    ("$o = $C(1)\n$o.arrive('ann')", "$o.seated"), ("$o = $C(1)\n$o.arrive('ann')\n$o.arrive('bob')", "$o.waiting"), ("$o = $C(1)\n$o.arrive('ann')\n$o.arrive('bob')\n$o.leave('ann')", "$o.seated"),
    ("$o = $C(2)\n$o.arrive('ann')\n$o.arrive('bob')", "$o.waiting"), ("$o = $C(1)\n$o.arrive('ann')\n$o.arrive('bob')\n$o.arrive('eve')\n$o.leave('ann')", "$o.seated")])
class_(T, '''
class $C:
    def __init__(self, minutes=0):
        self.minutes = minutes

    def add(self, minutes):
        self.minutes = (self.minutes + minutes) % (24 * 60)
        return self

    @property
    def hour(self):
        return self.minutes // 60

    @property
    def minute(self):
        return self.minutes % 60

    def __str__(self):
        return f"{self.hour:02d}:{self.minute:02d}"

    def is_morning(self):
        return self.hour < 12
''', methods=lambda g: [
    ("$o = $C(75)", "$o.hour"), ("$o = $C(75)", "$o.minute"), ("$o = $C(600)\n$o.add(30)", "str($o)"), ("$o = $C(1430)\n$o.add(20)", "str($o)"), ("$o = $C(720)", "$o.is_morning()"), ("$o = $C(700)", "$o.is_morning()")])
class_(T, '''
class $C:
    """A fraction in lowest terms is not wanted here."""

    def __init__(self, top, bottom):
        if bottom == 0:
            raise ZeroDivisionError("bottom is zero")
        self.top = top
        self.bottom = bottom

    def times(self, other):
        return $C(self.top * other.top, self.bottom * other.bottom)

    def plus(self, other):
        return $C(self.top * other.bottom + other.top * self.bottom, self.bottom * other.bottom)

    def value(self):
        return self.top / self.bottom

    def __eq__(self, other):
        return self.top * other.bottom == other.top * self.bottom
''', methods=lambda g: [
    ("$o = $C(1, 2).times($C(3, 4))", "$o.value()"), ("$o = $C(1, 2).plus($C(1, 4))", "$o.value()"), ("$o = $C(3, 4)", "$o.value()"), ("$o = $C(2, 4)", "$o == $C(1, 2)"), ("$o = $C(2, 4)", "$o == $C(1, 4)"), ("", "$C(1, 0)")])
class_(T, '''
class $C:
    """Words and how often they were seen."""

    def __init__(self):
        self.counts = {}

    def read(self, text):
        for word in text.lower().split():
            self.counts[word] = self.counts.get(word, 0) + 1

    def count(self, word):
        return self.counts.get(word.lower(), 0)

    def most_common(self):
        return max(self.counts, key=lambda word: self.counts[word])

    def once(self):
        return sorted(word for word, n in self.counts.items() if n == 1)
''', methods=lambda g: [
    ("$o = $C()\n$o.read('a b a')", "$o.count('a')"), ("$o = $C()\n$o.read('The the cat')", "$o.count('The')"), ("$o = $C()\n$o.read('x y y')", "$o.most_common()"), ("$o = $C()\n$o.read('x y y z')", "$o.once()"), ("$o = $C()", "$o.count('no')")])
class_(T, '''
class $C:
    levels = ["debug", "info", "warning", "error"]

    def __init__(self, level="info"):
        self.level = level
        self.lines = []

    def log(self, level, message):
        if self.levels.index(level) >= self.levels.index(self.level):
            self.lines.append(f"{level}: {message}")

    def errors(self):
        return [line for line in self.lines if line.startswith("error")]

    def clear(self):
        self.lines = []
''', methods=lambda g: [
    ("$o = $C()\n$o.log('info', 'hi')", "$o.lines"), ("$o = $C()\n$o.log('debug', 'hi')", "$o.lines"), ("$o = $C()\n$o.log('error', 'bad')\n$o.log('info', 'ok')", "$o.errors()"), ("$o = $C()\n$o.log('error', 'bad')\n$o.clear()", "$o.lines"), ("$o = $C('error')\n$o.log('warning', 'x')", "$o.lines")])
class_(T, '''
class $C:
    """Who works when."""

    def __init__(self):
        self.shifts = []

    def add(self, name, start, end):
        if end <= start:
            raise ValueError("a shift ends after it starts")
        self.shifts.append((name, start, end))

    def hours(self, name):
        return sum(end - start for who, start, end in self.shifts if who == name)

    def on_duty(self, hour):
        return [who for who, start, end in self.shifts if start <= hour < end]
''', methods=lambda g: [
    ("$o = $C()\n$o.add('ann', 8, 12)\n$o.add('ann', 13, 17)", "$o.hours('ann')"), ("$o = $C()\n$o.add('ann', 8, 12)\n$o.add('bob', 12, 18)", "$o.on_duty(12)"), ("$o = $C()\n$o.add('ann', 8, 12)", "$o.on_duty(8)"), ("$o = $C()", "$o.add('eve', 9, 9)"), ("$o = $C()\n$o.add('ann', 8, 12)\n$o.add('bob', 8, 9)", "$o.hours('bob')")])
class_(T, '''
class $C:
    def __init__(self, name, price):
        self.name = name
        self.price = price

    def discounted(self, percent):
        """The price after a discount."""
        return self.price - self.price * percent / 100

    def with_tax(self, rate=20):
        """The price with tax."""
        return self.price + self.price * rate / 100

    def is_cheaper_than(self, other):
        return self.price < other.price

    def __repr__(self):
        return f"{self.name} ({self.price})"
''', methods=lambda g: [
    ("$o = $C('tea', 50)", "$o.discounted(10)"), ("$o = $C('tea', 50)", "$o.with_tax()"), ("$o = $C('tea', 50)", "$o.is_cheaper_than($C('cup', 60))"), ("$o = $C('tea', 50)", "repr($o)"), ("$o = $C('tea', 50)", "$o.is_cheaper_than($C('cup', 50))"), ("$o = $C('tea', 100)", "$o.with_tax(7)")])
class_(T, '''
class $C:
    """Text that is changed, with undo."""

    def __init__(self, text=""):
        self.text = text
        self._before = []

    def append(self, text):
        self._before.append(self.text)
        self.text += text

    def delete(self, count):
        """Delete count letters at the end."""
        self._before.append(self.text)
        self.text = self.text[:-count]

    def undo(self):
        if self._before:
            self.text = self._before.pop()
''', methods=lambda g: [
    ("$o = $C('a')\n$o.append('b')", "$o.text"), ("$o = $C('hello')\n$o.delete(2)", "$o.text"), ("$o = $C('a')\n$o.append('b')\n$o.undo()", "$o.text"), ("$o = $C('a')\n$o.undo()", "$o.text"), ("$o = $C('a')\n$o.append('b')\n$o.append('c')\n$o.undo()", "$o.text")])
class_(T, '''
class $C:
    """A lift in a house."""

    def __init__(self, floors):
        self.floors = floors
        self.floor = 0
        self.travelled = 0

    def go_to(self, floor):
        if floor < 0 or floor >= self.floors:
            raise ValueError("no such floor")
        self.travelled += abs(floor - self.floor)
        self.floor = floor

    def is_at_top(self):
        return self.floor == self.floors - 1
''', methods=lambda g: [
    ("$o = $C(5)\n$o.go_to(3)", "$o.floor"), ("$o = $C(5)\n$o.go_to(3)\n$o.go_to(1)", "$o.travelled"), ("$o = $C(5)\n$o.go_to(4)", "$o.is_at_top()"), ("$o = $C(5)", "$o.go_to(5)"), ("$o = $C(5)", "$o.go_to(-1)"), ("$o = $C(5)\n$o.go_to(3)", "$o.is_at_top()")])
class_(T, '''
class $C:
    def __init__(self, width=10, height=5):
        self.width = width
        self.height = height
        self.cells = set()

    def inside(self, x, y):
        return 0 <= x < self.width and 0 <= y < self.height

    def place(self, x, y):
        if not self.inside(x, y):
            raise IndexError((x, y))
        self.cells.add((x, y))

    def neighbours(self, x, y):
        """How many of the eight cells around are taken."""
        around = [(x + dx, y + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1) if (dx, dy) != (0, 0)]
        return sum(cell in self.cells for cell in around)
''', methods=lambda g: [
    ("$o = $C()", "$o.inside(0, 0)"), ("$o = $C()", "$o.inside(10, 0)"), ("$o = $C()", "$o.inside(3, 5)"), ("$o = $C()", "$o.place(10, 1)"), ("$o = $C()\n$o.place(1, 1)\n$o.place(2, 2)", "$o.neighbours(1, 1)"), ("$o = $C()\n$o.place(1, 1)\n$o.place(3, 1)", "$o.neighbours(2, 1)"), ("$o = $C(3, 3)\n$o.place(1, 1)", "$o.neighbours(1, 1)")])
class_(T, '''
class $C:
    """Students with their marks by subject."""

    def __init__(self):
        self.marks = {}

    def add(self, student, mark):
        self.marks.setdefault(student, []).append(mark)

    def average(self, student):
        marks = self.marks[student]
        return sum(marks) / len(marks)

    def passed(self, limit=50):
        """Students with an average of at least limit."""
        return sorted(s for s in self.marks if self.average(s) >= limit)

    def top(self):
        return max(self.marks, key=self.average)
''', methods=lambda g: [
    ("$o = $C()\n$o.add('ann', 60)\n$o.add('ann', 80)", "$o.average('ann')"), ("$o = $C()\n$o.add('ann', 50)\n$o.add('bob', 40)", "$o.passed()"), ("$o = $C()\n$o.add('ann', 60)\n$o.add('bob', 90)", "$o.top()"), ("$o = $C()\n$o.add('ann', 60)\n$o.add('bob', 90)", "$o.passed(70)"), ("$o = $C()\n$o.add('eve', 5)", "$o.marks")])
