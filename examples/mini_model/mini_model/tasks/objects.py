"""Tasks about classes as people write them: several methods, state that one changes and another one tells."""

from mini_model.tasks.base import class_

# fmt: off
T = "objects"
class_(T, '''
class $C:
    """Things that a customer wants to buy."""

    def __init__(self):
        self.$xs = []

    def add(self, name, price, quantity=1):
        self.$xs.append((name, price, quantity))

    def total(self):
        return sum(price * quantity for _, price, quantity in self.$xs)

    def count(self):
        return sum(quantity for _, _, quantity in self.$xs)

    def is_empty(self):
        return not self.$xs
''', '''
class $C:
    def __init__(self):
        self.$xs = {}

    def add(self, name, price, quantity=1):
        """Put quantity times name at price into the cart."""
        self.$xs[name] = (price, quantity)

    def total(self):
        """Return what all of it costs."""
        total = 0
        for price, quantity in self.$xs.values():
            total += price * quantity
        return total

    def count(self):
        """Return the number of articles."""
        return sum(quantity for _, quantity in self.$xs.values())

    def is_empty(self):
        """Return True if there is nothing in it."""
        return len(self.$xs) == 0
''', methods=lambda g: [
    ("$o = $C()\n$o.add('tea', 4)\n$o.add('cup', 10, 2)", "$o.total()"), ("$o = $C()\n$o.add('pen', 3, 5)", "$o.count()"), ("$o = $C()", "$o.is_empty()"),
    ("$o = $C()\n$o.add('pen', 3)", "$o.is_empty()"), ("$o = $C()\n$o.add('a', 2, 3)\n$o.add('b', 5)", "$o.count()"), ("$o = $C()", "$o.total()")])
class_(T, '''
class $C:
    """Books that members borrow."""

    def __init__(self, $xs):
        self.available = set($xs)
        self.borrowed = {}

    def borrow(self, member, $x):
        if $x not in self.available:
            return False
        self.available.remove($x)
        self.borrowed[$x] = member
        return True

    def give_back(self, $x):
        del self.borrowed[$x]
        self.available.add($x)

    def books_of(self, member):
        return sorted($x for $x, who in self.borrowed.items() if who == member)
''', methods=lambda g: [
    ("$o = $C(['Emma', 'Ulysses'])\n$o.borrow('ann', 'Emma')", "$o.books_of('ann')"), ("$o = $C(['Emma'])", "$o.borrow('bob', 'Dracula')"), ("$o = $C(['Emma'])", "$o.borrow('bob', 'Emma')"),
    ("$o = $C(['Emma'])\n$o.borrow('bob', 'Emma')\n$o.give_back('Emma')", "$o.available"), ("$o = $C(['Emma'])\n$o.borrow('bob', 'Emma')", "$o.borrow('ann', 'Emma')")])
class_(T, '''
class $C:
    """Heats when it is colder than the target, and not again before that."""

    def __init__(self, target, tolerance=1):
        self.target = target
        self.tolerance = tolerance
        self.heating = False

    def measure(self, temperature):
        if temperature < self.target - self.tolerance:
            self.heating = True
        elif temperature > self.target + self.tolerance:
            self.heating = False
        return self.heating

    def warmer(self, degrees=1):
        self.target += degrees

    def colder(self, degrees=1):
        self.target -= degrees
''', methods=lambda g: [
    ("$o = $C(20)", "$o.measure(15)"), ("$o = $C(20)\n$o.measure(15)", "$o.measure(22)"), ("$o = $C(20)", "$o.measure(19)"), ("$o = $C(20)\n$o.warmer()", "$o.target"),
    ("$o = $C(20)\n$o.colder(3)", "$o.target"), ("$o = $C(20)\n$o.measure(10)", "$o.measure(20)"), ("$o = $C(20)\n$o.measure(10)", "$o.measure(21)")])
class_(T, '''
class $C:
    def __init__(self, spaces):
        self.spaces = spaces
        self.$xs = []

    def free(self):
        """How many spaces are left."""
        return self.spaces - len(self.$xs)

    def enter(self, plate):
        """Let a car in; False if there is no room."""
        if self.free() == 0 or plate in self.$xs:
            return False
        self.$xs.append(plate)
        return True

    def leave(self, plate):
        self.$xs.remove(plate)
''', methods=lambda g: [
    ("$o = $C(3)\n$o.enter('A1')", "$o.free()"), ("$o = $C(1)\n$o.enter('A1')", "$o.enter('B2')"), ("$o = $C(2)\n$o.enter('A1')", "$o.enter('B2')"),
    ("$o = $C(2)\n$o.enter('A1')\n$o.leave('A1')", "$o.free()"), ("$o = $C(5)\n$o.enter('A1')", "$o.enter('A1')"), ("$o = $C(4)", "$o.free()")])
class_(T, '''
class $C:
    """Sells what is paid for and gives change."""

    def __init__(self, prices):
        self.prices = prices
        self.credit = 0

    def insert(self, coins):
        self.credit += coins

    def buy(self, name):
        price = self.prices[name]
        if self.credit < price:
            raise ValueError(f"{name} costs {price}")
        self.credit -= price
        return name

    def change(self):
        given = self.credit
        self.credit = 0
        return given
''', methods=lambda g: [
    ("$o = $C({'tea': 3})\n$o.insert(5)\n$o.buy('tea')", "$o.credit"), ("$o = $C({'tea': 3})\n$o.insert(3)", "$o.buy('tea')"), ("$o = $C({'tea': 3})\n$o.insert(2)", "$o.buy('tea')"),
    ("$o = $C({'tea': 3})\n$o.insert(7)", "$o.change()"), ("$o = $C({'tea': 3})\n$o.insert(7)\n$o.change()", "$o.credit"), ("$o = $C({'a': 1})\n$o.insert(2)\n$o.insert(2)", "$o.credit")])
class_(T, '''
class $C:
    """Names and telephone numbers."""

    def __init__(self):
        self._numbers = {}

    def add(self, name, number):
        self._numbers[name.lower()] = number

    def lookup(self, name):
        return self._numbers.get(name.lower())

    def remove(self, name):
        if name.lower() not in self._numbers:
            raise KeyError(name)
        del self._numbers[name.lower()]

    def __len__(self):
        return len(self._numbers)
''', methods=lambda g: [
    ("$o = $C()\n$o.add('Ann', '123')", "$o.lookup('ann')"), ("$o = $C()", "$o.lookup('bob')"), ("$o = $C()\n$o.add('Ann', '1')\n$o.add('Bob', '2')", "len($o)"),
    ("$o = $C()\n$o.add('Ann', '1')\n$o.remove('ann')", "len($o)"), ("$o = $C()", "$o.remove('eve')"), ("$o = $C()\n$o.add('Eve', '77')", "$o.lookup('EVE')")])
class_(T, '''
class $C:
    """Songs in the order in which they are played."""

    def __init__(self, $xs):
        self.$xs = list($xs)
        self.position = 0

    def current(self):
        return self.$xs[self.position]

    def next(self):
        self.position = (self.position + 1) % len(self.$xs)
        return self.current()

    def previous(self):
        self.position = (self.position - 1) % len(self.$xs)
        return self.current()
''', methods=lambda g: [
    ("$o = $C(['a', 'b', 'c'])", "$o.current()"), ("$o = $C(['a', 'b', 'c'])", "$o.next()"), ("$o = $C(['a', 'b', 'c'])", "$o.previous()"),
    ("$o = $C(['a', 'b'])\n$o.next()", "$o.next()"), ("$o = $C(['a', 'b', 'c'])\n$o.next()\n$o.next()", "$o.previous()")])
class_(T, '''
class $C:
    def __init__(self, capacity, fuel=0):
        self.capacity = capacity
        self.fuel = fuel
        self.driven = 0

    def fill(self, litres):
        """Fill in litres, at most up to the capacity; return what went in."""
        room = self.capacity - self.fuel
        filled = min(litres, room)
        self.fuel += filled
        return filled

    def drive(self, km):
        """Drive km; 10 km take a litre."""
        needed = km / 10
        if needed > self.fuel:
            return False
        self.fuel -= needed
        self.driven += km
        return True
''', methods=lambda g: [
    ("$o = $C(50, 20)", "$o.fill(10)"), ("$o = $C(50, 45)", "$o.fill(10)"), ("$o = $C(50, 20)\n$o.fill(10)", "$o.fuel"), ("$o = $C(50, 20)\n$o.drive(100)", "$o.fuel"),
    ("$o = $C(50, 2)", "$o.drive(30)"), ("$o = $C(50, 20)\n$o.drive(100)\n$o.drive(50)", "$o.driven"), ("$o = $C(50, 3)", "$o.drive(30)")])
class_(T, '''
class $C:
    """A vote between $xs."""

    def __init__(self, *$xs):
        self.votes = {$x: 0 for $x in $xs}

    def vote(self, $x):
        if $x not in self.votes:
            raise ValueError($x)
        self.votes[$x] += 1

    def winner(self):
        return max(self.votes, key=lambda $x: self.votes[$x])

    def share(self, $x):
        """Percentage of the votes for $x."""
        total = sum(self.votes.values())
        if total == 0:
            return 0
        return 100 * self.votes[$x] / total
''', methods=lambda g: [
    ("$o = $C('a', 'b')\n$o.vote('b')", "$o.winner()"), ("$o = $C('a', 'b')\n$o.vote('b')\n$o.vote('b')\n$o.vote('a')\n$o.vote('a')", "$o.share('a')"), ("$o = $C('a', 'b')", "$o.share('a')"),
    ("$o = $C('a', 'b')", "$o.vote('c')"), ("$o = $C('a', 'b')\n$o.vote('a')\n$o.vote('a')", "$o.votes['a']")])
class_(T, '''
class $C:
    """Moves on a grid; north is up."""

    def __init__(self, x=0, y=0):
        self.x = x
        self.y = y
        self.steps = 0

    def move(self, direction, steps=1):
        if direction == "north":
            self.y += steps
        elif direction == "south":
            self.y -= steps
        elif direction == "east":
            self.x += steps
        elif direction == "west":
            self.x -= steps
        else:
            raise ValueError(direction)
        self.steps += steps

    def position(self):
        return (self.x, self.y)
''', methods=lambda g: [
    ("$o = $C()\n$o.move('north')", "$o.position()"), ("$o = $C()\n$o.move('south', 2)", "$o.position()"), ("$o = $C(1, 1)\n$o.move('east', 3)", "$o.position()"), ("$o = $C(5, 5)\n$o.move('west', 2)", "$o.position()"),
    ("$o = $C()", "$o.move('up')"), ("$o = $C()\n$o.move('north', 2)\n$o.move('east', 3)", "$o.steps")])
class_(T, '''
class $C:
    def __init__(self):
        self.history = []

    def record(self, value):
        self.history.append(value)

    @property
    def last(self):
        return self.history[-1] if self.history else None

    @property
    def average(self):
        if not self.history:
            return None
        return sum(self.history) / len(self.history)

    @property
    def highest(self):
        return max(self.history, default=None)

    def above(self, limit):
        return [value for value in self.history if value > limit]
''', methods=lambda g: [
    ("$o = $C()\n$o.record(3)\n$o.record(5)", "$o.last"), ("$o = $C()\n$o.record(3)\n$o.record(5)", "$o.average"), ("$o = $C()\n$o.record(7)\n$o.record(5)", "$o.highest"),
    ("$o = $C()\n$o.record(7)\n$o.record(5)\n$o.record(9)", "$o.above(7)"), ("$o = $C()", "$o.last"), ("$o = $C()", "$o.average")])
class_(T, '''
class $C:
    """A wallet that keeps what was spent on what."""

    def __init__(self, money):
        self.money = money
        self.spent = {}

    def pay(self, amount, category):
        if amount > self.money:
            raise ValueError("not enough money")
        self.money -= amount
        self.spent[category] = self.spent.get(category, 0) + amount

    def total_spent(self):
        return sum(self.spent.values())

    def biggest(self):
        return max(self.spent, key=self.spent.get)
''', methods=lambda g: [
    ("$o = $C(100)\n$o.pay(30, 'food')", "$o.money"), ("$o = $C(100)\n$o.pay(30, 'food')\n$o.pay(20, 'food')", "$o.spent['food']"), ("$o = $C(100)\n$o.pay(30, 'rent')\n$o.pay(20, 'food')", "$o.total_spent()"),
    ("$o = $C(100)\n$o.pay(30, 'rent')\n$o.pay(20, 'food')", "$o.biggest()"), ("$o = $C(10)", "$o.pay(11, 'food')"), ("$o = $C(10)\n$o.pay(10, 'x')", "$o.money")])
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
