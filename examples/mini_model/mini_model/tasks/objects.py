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
