"""Tasks about classes."""

from mini_model.tasks.base import class_

# fmt: off
T = "classes"
class_(T, '''
class $C:
    """An account with a balance."""

    def __init__(self, balance=0):
        self.balance = balance

    def deposit(self, amount):
        """Add amount to the balance."""
        self.balance += amount

    def withdraw(self, amount):
        """Take amount out, if there is enough."""
        if amount > self.balance:
            raise ValueError("not enough money")
        self.balance -= amount
''', methods=lambda g: [
    ("$o = $C(100)\n$o.deposit(30)", "$o.balance"), ("$o = $C(50)\n$o.withdraw(20)", "$o.balance"),
    ("$o = $C()\n$o.deposit(5)\n$o.deposit(7)", "$o.balance"), ("$o = $C(40)\n$o.withdraw(40)", "$o.balance"), ("$o = $C()", "$o.balance")])
class_(T, '''
class $C:
    """Counts up and down."""

    def __init__(self, start=0):
        self.value = start

    def increment(self):
        """Count one up."""
        self.value += 1
        return self.value

    def decrement(self):
        """Count one down."""
        self.value -= 1
        return self.value

    def reset(self):
        """Begin again at zero."""
        self.value = 0
''', methods=lambda g: [
    ("$o = $C()\n$o.increment()\n$o.increment()", "$o.value"), ("$o = $C(5)", "$o.decrement()"), ("$o = $C(3)", "$o.increment()"), ("$o = $C(9)\n$o.reset()", "$o.value")])
class_(T, '''
class $C:
    """A stack: last in, first out."""

    def __init__(self):
        self.$xs = []

    def push(self, $x):
        """Put $x on top."""
        self.$xs.append($x)

    def pop(self):
        """Take the top one off."""
        return self.$xs.pop()

    def peek(self):
        """Return the top one."""
        return self.$xs[-1]

    def is_empty(self):
        """Return True if nothing is left."""
        return len(self.$xs) == 0
''', methods=lambda g: [
    ("$o = $C()\n$o.push(1)\n$o.push(2)", "$o.peek()"), ("$o = $C()\n$o.push(4)\n$o.push(7)", "$o.pop()"), ("$o = $C()", "$o.is_empty()"), ("$o = $C()\n$o.push(3)", "$o.is_empty()")])
class_(T, '''
class $C:
    """A queue: first in, first out."""

    def __init__(self):
        self.$xs = []

    def add(self, $x):
        """Put $x at the end."""
        self.$xs.append($x)

    def next(self):
        """Take the first one out."""
        return self.$xs.pop(0)

    def size(self):
        """Return how many wait."""
        return len(self.$xs)
''', methods=lambda g: [
    ("$o = $C()\n$o.add(1)\n$o.add(2)", "$o.next()"), ("$o = $C()\n$o.add(5)\n$o.add(8)\n$o.add(9)", "$o.size()"), ("$o = $C()\n$o.add(4)\n$o.add(7)\n$o.next()", "$o.next()")])
class_(T, '''
class $C:
    """A rectangle."""

    def __init__(self, width, height):
        self.width = width
        self.height = height

    def area(self):
        """Return width times height."""
        return self.width * self.height

    def perimeter(self):
        """Return the length around."""
        return 2 * (self.width + self.height)

    def is_square(self):
        """Return True if all sides are equal."""
        return self.width == self.height
''', '''
class $C:
    def __init__(self, width, height):
        self.width = width
        self.height = height

    @property
    def area(self):
        return self.width * self.height

    @property
    def perimeter(self):
        return 2 * (self.width + self.height)

    @property
    def is_square(self):
        return self.width == self.height
''', methods=lambda g: [("$o = $C(3, 4)", "$o.area$P"), ("$o = $C(2, 5)", "$o.perimeter$P"), ("$o = $C(3, 3)", "$o.is_square$P"), ("$o = $C(3, 6)", "$o.is_square$P"), ("$o = $C(7, 2)", "$o.width")])
class_(T, '''
class $C:
    """Keeps $xs with their prices."""

    def __init__(self):
        self.$xs = {}

    def add(self, name, price):
        """Keep name at price."""
        self.$xs[name] = price

    def total(self):
        """Return the sum of all prices."""
        return sum(self.$xs.values())

    def count(self):
        """Return how many there are."""
        return len(self.$xs)

    def cheapest(self):
        """Return the name with the lowest price."""
        return min(self.$xs, key=self.$xs.get)
''', methods=lambda g: [
    ("$o = $C()\n$o.add('tea', 3)\n$o.add('cup', 5)", "$o.total()"), ("$o = $C()\n$o.add('tea', 3)\n$o.add('cup', 5)", "$o.count()"), ("$o = $C()\n$o.add('pen', 6)\n$o.add('map', 2)", "$o.cheapest()"), ("$o = $C()", "$o.total()")])
class_(T, '''
class $C:
    """A list of $xs to do."""

    def __init__(self):
        self.open = []
        self.done = []

    def add(self, $x):
        """Add $x to what is open."""
        self.open.append($x)

    def finish(self, $x):
        """Move $x from open to done."""
        self.open.remove($x)
        self.done.append($x)

    def progress(self):
        """Return how many are done and how many there are."""
        return len(self.done), len(self.open) + len(self.done)
''', methods=lambda g: [
    ("$o = $C()\n$o.add('tea')\n$o.add('cup')\n$o.finish('tea')", "$o.progress()"), ("$o = $C()\n$o.add('a')", "$o.open"), ("$o = $C()\n$o.add('a')\n$o.finish('a')", "$o.done"), ("$o = $C()\n$o.add('b')\n$o.add('c')", "$o.progress()")])
class_(T, '''
class $C:
    """A point in the plane."""

    def __init__(self, x, y):
        self.x = x
        self.y = y

    def move(self, dx, dy):
        """Move by dx and dy."""
        self.x += dx
        self.y += dy

    def __eq__(self, other):
        return self.x == other.x and self.y == other.y

    def distance(self, other):
        """Return the distance along the axes."""
        return abs(self.x - other.x) + abs(self.y - other.y)
''', methods=lambda g: [
    ("$o = $C(1, 2)\n$o.move(3, 4)", "($o.x, $o.y)"), ("$o = $C(1, 2)", "$o.distance($C(4, 6))"), ("$o = $C(3, 5)", "$o == $C(3, 6)"), ("$o = $C(8, 9)", "$o.y"), ("$o = $C(2, 2)\n$o.move(1, 0)", "$o.x")])
class_(T, '''
class $C:
    """A lamp that can be switched."""

    def __init__(self):
        self.on = False
        self.switched = 0

    def toggle(self):
        """Switch on or off."""
        self.on = not self.on
        self.switched += 1

    def state(self):
        """Return 'on' or 'off'."""
        return 'on' if self.on else 'off'
''', methods=lambda g: [("$o = $C()\n$o.toggle()", "$o.on"), ("$o = $C()", "$o.state()"), ("$o = $C()\n$o.toggle()", "$o.state()"), ("$o = $C()\n$o.toggle()\n$o.toggle()", "$o.switched")])
class_(T, '''
class $C:
    """Grades of a $N."""

    def __init__(self, name):
        self.name = name
        self.grades = []

    def add(self, grade):
        """Add a grade."""
        self.grades.append(grade)

    def average(self):
        """Return the average grade, 0 without grades."""
        if not self.grades:
            return 0
        return sum(self.grades) / len(self.grades)

    def best(self):
        """Return the highest grade."""
        return max(self.grades)

    def passed(self):
        """Return True with an average of at least $K."""
        return self.average() >= $K
''', methods=lambda g: [
    ("$o = $C('ann')\n$o.add(4)\n$o.add(8)", "$o.average()"), ("$o = $C('bob')\n$o.add(3)\n$o.add(9)", "$o.best()"), ("$o = $C('eve')", "$o.average()"),
    ("$o = $C('tom')\n$o.add($K)", "$o.passed()"), ("$o = $C('tom')", "$o.name")])
class_(T, '''
class $C:
    """A shop with a stock of $xs."""

    def __init__(self, stock):
        self.stock = dict(stock)
        self.sold = 0

    def has(self, name):
        """Return True if name is in stock."""
        return self.stock.get(name, 0) > 0

    def sell(self, name):
        """Sell one; return False if there is none."""
        if not self.has(name):
            return False
        self.stock[name] -= 1
        self.sold += 1
        return True
''', methods=lambda g: [
    ("$o = $C({'tea': 2})\n$o.sell('tea')", "$o.stock['tea']"), ("$o = $C({'tea': 0})", "$o.sell('tea')"), ("$o = $C({'cup': 3})", "$o.has('cup')"), ("$o = $C({'cup': 3})\n$o.sell('cup')\n$o.sell('cup')", "$o.sold"), ("$o = $C({'cup': 1})", "$o.sell('cup')"), ("$o = $C({'cup': 0})", "$o.has('cup')")])
class_(T, '''
class $C:
    """Remembers the last $xs, at most limit."""

    def __init__(self, limit):
        self.limit = limit
        self.$xs = []

    def add(self, $x):
        """Add $x and forget the oldest if there are too many."""
        self.$xs.append($x)
        if len(self.$xs) > self.limit:
            self.$xs.pop(0)

    def latest(self):
        """Return the newest."""
        return self.$xs[-1]
''', methods=lambda g: [
    ("$o = $C(2)\n$o.add(1)\n$o.add(2)\n$o.add(3)", "$o.$xs"), ("$o = $C(3)\n$o.add(4)\n$o.add(5)", "$o.latest()"), ("$o = $C(2)\n$o.add(6)\n$o.add(7)", "$o.$xs")])
class_(T, '''
class $C:
    """A temperature in celsius."""

    def __init__(self, degrees):
        self.degrees = degrees

    def fahrenheit(self):
        """Return it in fahrenheit."""
        return self.degrees * 9 / 5 + 32

    def is_freezing(self):
        """Return True at zero and below."""
        return self.degrees <= 0

    def __lt__(self, other):
        return self.degrees < other.degrees
''', methods=lambda g: [("$o = $C(10)", "$o.fahrenheit()"), ("$o = $C(0)", "$o.is_freezing()"), ("$o = $C(3)", "$o < $C(5)"), ("$o = $C(4)", "$o.is_freezing()"), ("$o = $C(7)", "$o < $C(2)")])
class_(T, '''
from dataclasses import dataclass


@dataclass
class $C:
    """A span from start up to, and without, end."""

    start: int
    end: int

    def length(self):
        """Return how long it is."""
        return self.end - self.start

    def __contains__(self, value):
        return self.start <= value < self.end

    def overlaps(self, other):
        """Return True if both have something in common."""
        return self.start < other.end and other.start < self.end
''', methods=lambda g: [("$o = $C(3, 9)", "$o.length()"), ("$o = $C(3, 9)", "9 in $o"), ("$o = $C(3, 9)", "3 in $o"), ("$o = $C(1, 4)", "$o.overlaps($C(4, 6))"), ("$o = $C(1, 4)", "$o.overlaps($C(2, 3))")])
class_(T, '''
class $C:
    def __init__(self, name, wage):
        self.name = name
        self.wage = wage
        self.hours = 0

    def work(self, hours):
        self.hours += hours

    def pay(self):
        return self.hours * self.wage

    def raise_wage(self, percent):
        self.wage += self.wage * percent / 100
''', methods=lambda g: [("$o = $C('ann', 20)\n$o.work(3)\n$o.work(4)", "$o.hours"), ("$o = $C('bob', 10)\n$o.work(5)", "$o.pay()"), ("$o = $C('eve', 100)\n$o.raise_wage(10)", "$o.wage"), ("$o = $C('tom', 9)", "$o.name")])
class_(T, '''
class $C:
    """Players and their scores."""

    def __init__(self):
        self.scores = {}

    def score(self, name, points):
        """Give points to name."""
        self.scores[name] = self.scores.get(name, 0) + points

    def leader(self):
        """Return who has the most points."""
        return max(self.scores, key=self.scores.get)

    def ranking(self):
        """Return the names, best first."""
        return sorted(self.scores, key=self.scores.get, reverse=True)
''', methods=lambda g: [("$o = $C()\n$o.score('a', 3)\n$o.score('b', 5)", "$o.leader()"), ("$o = $C()\n$o.score('a', 3)\n$o.score('a', 4)", "$o.scores['a']"), ("$o = $C()\n$o.score('x', 1)\n$o.score('y', 6)", "$o.ranking()")])
class_(T, '''
class $C:
    """A matrix of numbers."""

    def __init__(self, rows):
        self.rows = rows

    def row(self, i):
        """Return row i."""
        return self.rows[i]

    def column(self, j):
        """Return column j."""
        return [row[j] for row in self.rows]

    def diagonal(self):
        """Return the numbers from the upper left to the lower right."""
        return [self.rows[i][i] for i in range(len(self.rows))]
''', methods=lambda g: [("$o = $C([[1, 2], [3, 4]])", "$o.row(0)"), ("$o = $C([[1, 2], [3, 4]])", "$o.column(1)"), ("$o = $C([[5, 6], [7, 8]])", "$o.diagonal()")])
