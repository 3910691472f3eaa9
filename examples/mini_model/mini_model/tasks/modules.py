"""Small modules of functions that call each other, so that a test of one fails because of another: numbers."""

from mini_model.tasks.base import module

# fmt: off
T = "modules"
module(T, ("is_prime | prime | has_no_divisor", "primes_up_to | list_primes | all_primes"), '''
import math


def $f1($n):
    """True if $n has no divisor but 1 and itself."""
    if $n < 2:
        return False
    for d in range(2, math.isqrt($n) + 1):
        if $n % d == 0:
            return False
    return True


def $f2(limit):
    return [$n for $n in range(limit + 1) if $f1($n)]
''', '''
def $f1($n):
    if $n < 2:
        return False
    d = 2
    while d * d <= $n:
        if $n % d == 0:
            return False
        d += 1
    return True


def $f2(limit):
    """All primes up to limit, itself included."""
    found = []
    for candidate in range(2, limit + 1):
        if $f1(candidate):
            found.append(candidate)
    return found
''', calls=lambda g: ["$f2(20)", "$f2(11)", "$f1(1)", "$f1(2)", "$f1(25)", "$f1(13)", "$f1(9)", "$f2(2)"])
module(T, ("mean | average", "variance | spread", "standard_deviation | stdev | deviation"), '''
def $f1($xs):
    return sum($xs) / len($xs)


def $f2($xs):
    """Mean of the squared distances from the mean."""
    m = $f1($xs)
    return sum(($x - m) ** 2 for $x in $xs) / len($xs)


def $f3($xs):
    return $f2($xs) ** 0.5
''', '''
import math


def $f1($xs):
    """Arithmetic mean; 0 for no $xs."""
    if not $xs:
        return 0
    return sum($xs) / len($xs)


def $f2($xs):
    center = $f1($xs)
    total = 0
    for $x in $xs:
        total += ($x - center) * ($x - center)
    return total / len($xs)


def $f3($xs):
    return math.sqrt($f2($xs))
''', calls=lambda g: ["$f1([2, 4])", "$f2([2, 4])", "$f3([2, 4, 4, 4, 5, 5, 7, 9])", "$f2([1, 1, 1])", "$f1([1, 2, 3, 6])", "$f3([0, 4])"])
module(T, ("c_to_f | to_fahrenheit | celsius_to_fahrenheit", "f_to_c | to_celsius | fahrenheit_to_celsius", "is_possible | exists | valid"), '''
ABSOLUTE_ZERO = -273.15


def $f1(c):
    """Celsius to Fahrenheit."""
    return c * 9 / 5 + 32


def $f2(f):
    """Fahrenheit to Celsius."""
    return (f - 32) * 5 / 9


def $f3(c):
    return c >= ABSOLUTE_ZERO
''', calls=lambda g: ["$f1(0)", "$f1(100)", "$f2(212)", "$f2(32)", "$f3(-273.15)", "$f3(-300)", "$f3(20)"])
module(T, ("zeros | empty_grid | blank", "transpose | flip | turned", "trace | diagonal_sum"), '''
def $f1(rows, cols):
    return [[0] * cols for _ in range(rows)]


def $f2(m):
    rows = len(m)
    cols = len(m[0])
    out = $f1(cols, rows)
    for i in range(rows):
        for j in range(cols):
            out[j][i] = m[i][j]
    return out


def $f3(m):
    """Sum of the diagonal."""
    return sum(m[i][i] for i in range(len(m)))
''', calls=lambda g: ["$f2([[1, 2, 3], [4, 5, 6]])", "$f2([[1, 2], [3, 4]])", "$f3([[1, 2], [3, 4]])", "$f1(1, 3)", "$f3([[5, 1], [1, 6]])"])
module(T, ("gcd | common_divisor", "lcm | common_multiple", "simplify | reduce_fraction | shortened"), '''
def $f1(a, b):
    while b:
        a, b = b, a % b
    return a


def $f2(a, b):
    return a * b // $f1(a, b)


def $f3(top, bottom):
    """The same fraction with the smallest numbers."""
    divisor = $f1(top, bottom)
    return top // divisor, bottom // divisor
''', calls=lambda g: ["$f1(12, 18)", "$f1(7, 5)", "$f2(4, 6)", "$f2(3, 5)", "$f3(6, 8)", "$f3(5, 10)"])
module(T, ("is_leap_year | leap | is_leap", "days_in_month | month_length", "day_of_year | number_of_day"), '''
DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]


def $f1(year):
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def $f2(year, month):
    if month == 2 and $f1(year):
        return 29
    return DAYS[month - 1]


def $f3(year, month, day):
    """1 for the first of January."""
    before = sum($f2(year, m) for m in range(1, month))
    return before + day
''', calls=lambda g: ["$f1(2024)", "$f1(1900)", "$f1(2000)", "$f1(2023)", "$f2(2024, 2)", "$f2(2023, 2)", "$f2(2023, 12)", "$f3(2024, 3, 1)", "$f3(2023, 1, 31)", "$f3(2023, 12, 31)"])
module(T, ("subtotal | net | sum_of_items", "tax | vat | tax_on", "total | grand_total | amount_due"), '''
TAX_PERCENT = 20


def $f1($xs):
    """Price times quantity, over all $xs."""
    return sum(price * quantity for price, quantity in $xs)


def $f2(amount):
    return amount * TAX_PERCENT / 100


def $f3($xs, discount=0):
    amount = $f1($xs) - discount
    return amount + $f2(amount)
''', calls=lambda g: ["$f1([(2, 3), (5, 1)])", "$f2(50)", "$f3([(10, 2)])", "$f3([(10, 2)], 5)", "$f1([])", "$f3([(4, 5), (3, 10)], 10)"])
module(T, ("bmi | body_mass_index", "category | weight_class | describe"), '''
def $f1(weight, height):
    """Weight in kilograms over height in metres, squared."""
    return round(weight / height ** 2, 1)


def $f2(weight, height):
    value = $f1(weight, height)
    if value < 18.5:
        return "underweight"
    if value < 25:
        return "normal"
    if value < 30:
        return "overweight"
    return "obese"
''', calls=lambda g: ["$f1(80, 2)", "$f1(50, 1.6)", "$f2(80, 2)", "$f2(50, 2)", "$f2(100, 2)", "$f2(120, 2)", "$f2(118, 2)"])
module(T, ("distance | length | dist", "perimeter | outline | way_around", "area | surface"), '''
def $f1(a, b):
    return ((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2) ** 0.5


def $f2(points):
    """The way around a polygon."""
    total = 0
    for i in range(len(points)):
        total += $f1(points[i], points[i - 1])
    return total


def $f3(points):
    twice = 0
    for i in range(len(points)):
        x, y = points[i - 1]
        u, v = points[i]
        twice += x * v - u * y
    return abs(twice) / 2
''', calls=lambda g: ["$f1((0, 0), (3, 4))", "$f1((1, 1), (1, 3))", "$f2([(0, 0), (2, 0), (2, 2), (0, 2)])", "$f3([(0, 0), (2, 0), (2, 2), (0, 2)])", "$f3([(0, 0), (4, 0), (0, 3)])", "$f2([(0, 0), (3, 0), (3, 4)])"])
module(T, ("merge | merge_sorted | zip_sorted", "merge_sort | sort | sorted_list"), '''
def $f1(left, right):
    out = []
    i = j = 0
    while i < len(left) and j < len(right):
        if left[i] <= right[j]:
            out.append(left[i])
            i += 1
        else:
            out.append(right[j])
            j += 1
    return out + left[i:] + right[j:]


def $f2($xs):
    if len($xs) < 2:
        return $xs
    middle = len($xs) // 2
    return $f1($f2($xs[:middle]), $f2($xs[middle:]))
''', calls=lambda g: ["$f1([1, 4], [2, 3])", "$f1([], [1])", "$f2([3, 1, 2])", "$f2([5, 4, 4, 1, 9])", "$f2([])", "$f1([2, 2], [1])"])
module(T, ("to_binary | binary | as_binary", "from_binary | parse_binary | binary_value", "count_ones | ones | bits_set"), '''
def $f1($n):
    if $n == 0:
        return "0"
    digits = ""
    while $n > 0:
        digits = str($n % 2) + digits
        $n //= 2
    return digits


def $f2(digits):
    value = 0
    for digit in digits:
        value = value * 2 + int(digit)
    return value


def $f3($n):
    return $f1($n).count("1")
''', calls=lambda g: ["$f1(5)", "$f1(0)", "$f1(8)", "$f2('101')", "$f2('1110')", "$f3(7)", "$f3(10)", "$f2('0')"])
module(T, ("discount | rebate | percent_off", "shipping | delivery_cost | postage", "order_total | price_to_pay | final_price"), '''
FREE_FROM = $K
SHIPPING = 5


def $f1(price, percent):
    return price - price * percent / 100


def $f2(price):
    """Free for large orders."""
    if price >= FREE_FROM:
        return 0
    return SHIPPING


def $f3(prices, percent=0):
    price = $f1(sum(prices), percent)
    return price + $f2(price)
''', calls=lambda g: ["$f1(200, 10)", f"$f2({g.k('K')})", f"$f2({g.k('K') - 1})", "$f3([1000, 500], 10)", "$f3([1])", f"$f3([{g.k('K')}, 1])", "$f1(50, 0)"])
module(T, ("digits_of | digits | split_digits", "digit_sum | cross_sum | sum_digits", "is_harshad | divides_evenly | is_nice", "digital_root | root | reduced"), '''
def $f1($n):
    return [int(c) for c in str($n)]


def $f2($n):
    return sum($f1($n))


def $f3($n):
    """True if $n can be divided by the sum of its digits."""
    return $n % $f2($n) == 0


def $f4($n):
    while $n > 9:
        $n = $f2($n)
    return $n
''', calls=lambda g: ["$f1(305)", "$f2(305)", "$f3(18)", "$f3(19)", "$f4(987)", "$f4(10)", "$f4(9)", "$f2(99)"])
module(T, ("factorial | product_up_to", "permutations | orderings | arrangements", "combinations | choose | selections"), '''
def $f1($n):
    result = 1
    for i in range(2, $n + 1):
        result *= i
    return result


def $f2($n, k):
    return $f1($n) // $f1($n - k)


def $f3($n, k):
    """In how many ways k things can be taken from $n; their order does not count."""
    if k > $n:
        return 0
    return $f2($n, k) // $f1(k)
''', calls=lambda g: ["$f1(5)", "$f1(0)", "$f2(5, 2)", "$f3(5, 2)", "$f3(4, 4)", "$f3(2, 3)", "$f3(6, 3)", "$f2(4, 1)"])
module(T, ("monthly_rate | rate_per_month", "interest | interest_on | monthly_interest", "balance_after | grow | save_for"), '''
def $f1(percent):
    return percent / 12 / 100


def $f2(balance, percent):
    return balance * $f1(percent)


def $f3(balance, percent, months):
    """What has become of a balance, with interest added every month."""
    for _ in range(months):
        balance += $f2(balance, percent)
    return round(balance, 2)
''', calls=lambda g: ["$f1(12)", "$f1(24)", "$f2(200, 12)", "$f3(100, 12, 1)", "$f3(100, 12, 2)", "$f3(500, 0, 6)", "$f3(80, 12, 0)"])
